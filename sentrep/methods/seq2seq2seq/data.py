"""What seq2seq2seq reads besides the corpus: example summaries and supervised pairs."""

from __future__ import annotations

from functools import cached_property

import torch
from jaxtyping import Bool
from torch import Tensor

from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.methods.seq2seq2seq.config import Seq2Seq2SeqConfig
from sentrep.methods.seq2seq2seq.headline_extraction import word_starts
from sentrep.modules.padding import Texts
from sentrep.modules.reference_text import ReferenceText, read_pairs
from sentrep.utils.errors import InputError, opt


class SummaryData:
    """Reads each file when it is first needed, so that a trained model can be opened without them.

    Args:
        config: names of the files.
        tokenizer: makes tokens of the texts.
        vocab: size of the vocabulary.
    """

    def __init__(self, config: Seq2Seq2SeqConfig, tokenizer: Tokenizer, vocab: int) -> None:
        self.config, self.tokenizer, self.vocab = config, tokenizer, vocab
        self.device = torch.device("cpu")

    def to(self, device: torch.device) -> SummaryData:
        """Sets the device of everything that is read from now on."""
        self.device = device
        return self

    @cached_property
    def reference(self) -> ReferenceText:
        """The example summaries.

        Raises:
            InputError: no file was given, or it holds too few summaries.
        """
        config = self.config
        if config.summaries is None:
            raise InputError(
                f"{opt('summaries')} is not set: seq2seq2seq learns from example summaries; give a file. "
                f"Titles of the corpus can be used, with {opt('summaries_field')} title"
            )
        return ReferenceText.read(
            config.summaries,
            config.summaries_field,
            config.summaries_split,
            self.tokenizer,
            config.max_summary_tokens,
            self.vocab,
            self.device,
        )

    @cached_property
    def pairs(self) -> tuple[Texts, Texts]:
        """The articles and summaries of the supervised pairs."""
        config = self.config
        assert config.pairs is not None
        lengths = config.max_article_tokens, config.max_summary_tokens
        return read_pairs(config.pairs, self.tokenizer, config.max_pairs, *lengths, self.device)

    @cached_property
    def word_start(self) -> Bool[Tensor, " vocab"]:
        """Which tokens begin a word."""
        tokens = [self.tokenizer.inner.id_to_token(number) or "" for number in range(self.vocab)]
        return word_starts(tokens).to(self.device)
