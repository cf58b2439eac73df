"""Text: files become documents, documents become sentences, sentences become token ids on disk, ids become
batches."""
