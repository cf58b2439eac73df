"""Unsupervised recurrent neural network grammars (Kim et al., NAACL 2019)."""
