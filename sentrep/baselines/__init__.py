"""Models of words that are fitted to a corpus: what a trained encoder has to beat."""
