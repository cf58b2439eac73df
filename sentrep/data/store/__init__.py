"""A corpus on disk: token ids, sentences and document boundaries, memory-mapped."""
