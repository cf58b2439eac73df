"""Variational auto-encoder of sentences (Bowman et al. 2016)."""
