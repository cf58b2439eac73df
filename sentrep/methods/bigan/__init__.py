"""BiGAN-QP: a critic of pairs of a code and a draw."""
