"""Contrastive predictive coding (van den Oord, Li & Vinyals, 2018)."""
