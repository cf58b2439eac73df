"""Distributions over binary trees, and networks that run along them."""
