"""Skip-thought (Kiros et al., NIPS 2015)."""
