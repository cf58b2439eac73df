"""The fast path of encoders on a CPU: the same vectors as sentence-transformers, in less time.

A model becomes plain data (`description`), read from its folder (`folder`) or taken from a
`SentenceTransformer` in memory (`memory`). A `FastEncoder` (`encoder`) computes its vectors: tokenizing
through a cache of words, sentences sorted by length with no padding at all, fused projections, weights packed
by oneDNN, bf16 where the processor multiplies it.

Neither sentence_transformers nor transformers is imported here.
"""
