"""O-GAN: a critic that is an encoder."""
