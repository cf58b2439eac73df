"""Settings of quick-thought by purpose. Imports nothing heavy: the command line's help is made from it.

A preset gives values to settings of all configurations (method, encoder, training, tokenizer); settings that
are given beside it stand. How they were chosen is recorded in eval/presets.md.
"""

from __future__ import annotations

from sentrep.methods.defaults import Presets

PAPER = "paper"
SIMILARITY = {
    "warm_start": "ppmi",
    "log_weights": True,
    "weight_lr": 10.0,
    "word_dropout": 0.2,
    "segment_length": 4,
    "batch_size": 2048,
    "lr": 1e-3,
    "epochs": 4.0,
    "most_steps": 366,
}
VALUES = {
    PAPER: {},
    "similarity": SIMILARITY,
    "general": SIMILARITY | {"warm_start": "fasttext", "lr": 3e-4},
    "search": {
        "target": "rest",
        "lead": 0.5,
        "word_dropout": 0.3,
        "temperature": 0.06,
        "width": 1024,
        "saturation": 0.6,
        "frequency": 2e-3,
        "epochs": 12.0,
        "most_steps": 1000,
        "batch_size": 4096,
        "segment_length": 16,
        "lr": 3e-3,
        "tokenizer": "unigram",
        "vocab": 16_000,
    },
    "short-texts": {"warm_start": "ppmi", "steps": 0},
}
PRESETS = Presets(VALUES, default="similarity", plain=PAPER)
"""
paper: the settings of the paper's method without any preset: random rows, three passes.
similarity: rows fitted to the corpus, then a short training with neighbours in short segments.
general: as similarity, from fastText rows, with a lower learning rate; for a million sentences or more; needs
gensim.
search: a sentence finds the text that it was taken from; wide, with saturation.
short-texts: rows fitted to the corpus and no training, for documents of one sentence.
"""
