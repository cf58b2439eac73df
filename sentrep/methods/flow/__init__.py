"""Normalising flows over the vectors of an encoder."""
