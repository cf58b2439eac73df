"""What one does with a corpus and its vectors: terms, near-duplicates, anomalies, clusters."""
