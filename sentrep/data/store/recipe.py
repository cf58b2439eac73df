"""What the content of a store depends on, besides the text itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.data.tokenization.terms import terms_fingerprint
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.utils.manifest import FolderKind

KIND = FolderKind("prepared corpus", 2, "sentrep train")
"""Version of the layout on disk; a store of another version is built anew."""

CODE = 3
"""Version of reading, splitting and tokenising: raised with every change that gives other sentences or other
ids."""


@dataclass(frozen=True)
class Recipe:
    """How a corpus is read and tokenised."""

    corpus: CorpusConfig
    tokenizer: TokenizerConfig | None
    given: Tokenizer | None
    """A tokenizer that is used as it is, instead of one trained on the corpus."""
    max_tokens: int
    keep_out: float = 0.0
    """Share of the sentences that is kept beside the store, to measure with."""

    @classmethod
    def of(
        cls,
        corpus: CorpusConfig,
        tokenizer: TokenizerConfig | Tokenizer,
        max_tokens: int,
        keep_out: float = 0.0,
    ) -> Recipe:
        """From the settings; opens a pretrained tokenizer."""
        if isinstance(tokenizer, Tokenizer):
            return cls(corpus, None, tokenizer, max_tokens, keep_out)
        given = None if tokenizer.trained else Tokenizer.open(Path(tokenizer.tokenizer))
        return cls(corpus, tokenizer, given, tokenizer.max_tokens, keep_out)

    def options(self) -> dict[str, Any]:
        """The recipe's part in a fingerprint; JSON."""
        fields = ("text_field", "title_field", "id_field", "split")
        options: dict[str, Any] = {"format": KIND.format_version, "max_tokens": self.max_tokens}
        options |= {name: getattr(self.corpus, name) for name in fields}
        options |= {"keep_out": self.keep_out} if self.keep_out else {}
        if self.given is not None:
            return options | {"tokenizer": self.given.fingerprint}
        assert self.tokenizer is not None
        if self.tokenizer.terms:
            options["terms"] = terms_fingerprint(self.tokenizer.terms)
        if self.tokenizer.tokenizer == "word":
            options["pairs"] = self.tokenizer.pairs
        return options | {name: getattr(self.tokenizer, name) for name in ("tokenizer", "vocab", "lowercase")}
