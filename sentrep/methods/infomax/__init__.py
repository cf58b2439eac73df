"""InfoMax (Hjelm et al., ICLR 2019; Zhang et al., EMNLP 2020)."""
