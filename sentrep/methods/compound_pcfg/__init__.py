"""Compound PCFG (Kim, Dyer & Rush, ACL 2019)."""
