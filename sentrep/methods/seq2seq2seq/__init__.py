"""Seq2seq2seq (Wang & Lee, EMNLP 2018)."""
