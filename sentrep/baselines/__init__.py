"""Baselines fitted to a corpus without gradient training of an encoder: models of words, and Doc2Vec."""
