"""StructVAE (Yin et al., ACL 2018)."""
