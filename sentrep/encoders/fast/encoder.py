"""`FastEncoder`: texts to vectors on a CPU."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import pairwise
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.data.tokenization.word_cache import Ragged
from sentrep.data.truncation import Truncation
from sentrep.encoders.fast.description import Description, Part, UnsupportedError
from sentrep.encoders.fast.families import shape_of, weights_of
from sentrep.encoders.fast.heads import head_of, pooled, pooling_modes
from sentrep.encoders.fast.identity import content_hash
from sentrep.encoders.fast.precision import resolve
from sentrep.encoders.fast.transformer import PackedTransformer
from sentrep.utils.cpu import cores
from sentrep.utils.errors import InputError
from sentrep.utils.progress import progress

TOKEN_BUDGET = 4096
"""Tokens of a batch."""


class FastEncoder:
    """Vectors of texts by packed weights.

    Args:
        description: the model.
        precision: 'auto' (bf16 where the processor multiplies it), 'bf16' or 'fp32'. A bag of tokens is
            always computed in fp32.

    Raises:
        UnsupportedError: the model is of a kind that is not computed here.
        InputError: there is no such precision.

    >>> import tokenizers
    >>> words = tokenizers.Tokenizer(tokenizers.models.WordLevel({"a": 0, "b": 1}, unk_token="a"))
    >>> words.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    >>> table = Part("StaticEmbedding", weights={"embedding.weight": torch.eye(2)})
    >>> FastEncoder(Description((table,), words, None)).encode(["b", "a b"])
    array([[0. , 1. ],
           [0.5, 0.5]], dtype=float32)
    """

    def __init__(self, description: Description, precision: str = "auto") -> None:
        first, *rest = description.parts
        self._description = description
        self.precision = "fp32" if first.kind == "StaticEmbedding" else resolve(precision)
        self._tokenizer = Tokenizer(description.tokenizer)
        self._prompt = description.prompt
        self._core: _Core
        if first.kind == "StaticEmbedding":
            self._core = _Bag(first)
        elif first.kind == "Transformer" and rest and rest[0].kind == "Pooling":
            self._core = _Transformer(first, rest.pop(0), self.precision)
        else:
            raise UnsupportedError(f"a model that begins with {first.kind}")
        self._heads = [head_of(part) for part in rest]
        self.max_tokens = self._core.limit(description.max_tokens)
        if self._core.framed:
            self._check_special_tokens()
        self._lock = threading.Lock()

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of all that determines the vectors except the precision: bf16 and fp32 are one model."""
        return content_hash(self._description)

    def get_embedding_dimension(self) -> int:
        """Width of the vectors, as sentence-transformers names it."""
        return int(self.encode([""]).shape[1])

    def encode(
        self,
        texts: Sequence[str],
        token_budget: int = TOKEN_BUDGET,
        show_progress: bool = False,
        truncation: Truncation | None = None,
    ) -> NDArray[np.float32]:
        """Vectors of texts, float32 (text, width), in the order given.

        Args:
            texts: sentences or longer texts; lone surrogates are replaced by U+FFFD.
            token_budget: tokens of a batch.
            show_progress: whether to show a progress bar.
            truncation: counts the tokens that are not read, if given.

        Raises:
            TypeError: `texts` is a single string, which would be read letter by letter.
        """
        if isinstance(texts, str):
            raise TypeError("encode takes a list of sentences; for one sentence pass [sentence]")
        starts: Iterable[int] = range(0, max(1, len(texts)), self._core.chunk)
        if show_progress:
            starts = progress(starts, "embedding", len(list(starts)), f"batch of {self._core.chunk}")
        with self._lock:
            pieces = self._tokenized(texts, starts, truncation)
            cut = slice(self._description.dimensions)
            vectors = [self.vectors(piece, token_budget)[:, cut].numpy() for piece in pieces]
        return vectors[0] if len(vectors) == 1 else np.concatenate(vectors)

    @torch.inference_mode()
    def vectors(self, sentences: Ragged, token_budget: int = TOKEN_BUDGET) -> Float[Tensor, "sentence width"]:
        """Vectors of sentences whose token ids are given, special tokens included and none too many; they are
        not cut to the model's dimensions.

        Raises:
            InputError: there is a token for which the model has no row.
        """
        if (most := int(sentences.ids.max(initial=0))) >= self._core.rows and len(sentences.ids):
            raise InputError(
                f"the tokenizer gives token {most}, but the model has {self._core.rows:,} rows; give the "
                "tokenizer that the model was trained with"
            )
        with torch.autocast("cpu", enabled=False):
            made = self._core.vectors(sentences, token_budget)
            for head in self._heads:
                made = head(made)
        return self._core.settled(made, sentences)

    def vectors_of_ids(
        self, ids: Int[Tensor, " token"], offsets: Int[Tensor, " offset"], token_budget: int = TOKEN_BUDGET
    ) -> Float[Tensor, "sentence width"]:
        """Vectors of ragged sentences: sentence i is ``ids[offsets[i]:offsets[i + 1]]``, cut at the limit."""
        lengths = offsets.diff().numpy().astype(np.int64)
        first, last = int(offsets[0]), int(offsets[-1])
        sentences = Ragged(ids[first:last].numpy().astype(np.uint32), lengths)
        made = self.vectors(sentences.framed(most=self.max_tokens), token_budget)
        return made.clone()  # an ordinary tensor, which may be changed in place

    def tokens(self, texts: Sequence[str], truncation: Truncation | None = None) -> Ragged:
        """Token ids as the first module takes them, with special tokens and cut at the limit.

        Args:
            texts: sentences or longer texts.
            truncation: counts the tokens that are not read, if given.
        """
        if self._prompt.strip():
            texts = [self._prompt + text for text in texts]
        rows = self._tokenizer.ragged(texts)
        before, behind = self._tokenizer.around if self._core.framed else ([], [])
        added = len(before) + len(behind)
        limit = self.max_tokens
        if truncation is not None:
            truncation.add((rows.lengths + added).tolist(), limit)
        return rows.framed(before, behind, None if limit is None else max(0, limit - added))

    def _check_special_tokens(self) -> None:
        """Refuse a limit that leaves no place for the tokens around a text, and padding among these: the
        model's own forward does something else then."""
        before, behind = self._tokenizer.around
        if self.max_tokens is not None and self.max_tokens < len(before) + len(behind):
            raise UnsupportedError(f"{self.max_tokens} tokens, fewer than stand around every text")
        if self._core.pad in (*before, *behind):
            raise UnsupportedError("padding that stands around every text")

    def _tokenized(
        self, texts: Sequence[str], starts: Iterable[int], counts: Truncation | None
    ) -> Iterator[Ragged]:
        """Token ids of pieces of the texts; the next piece is tokenized while one is encoded."""
        read = (self.tokens(texts[start : start + self._core.chunk], counts) for start in starts)
        return _ahead(read) if len(texts) > self._core.chunk and cores() > 1 else read


class _Core(Protocol):
    """What makes the first vector of a sentence."""

    chunk: int
    """Texts that are tokenized together."""
    framed: bool
    """Whether special tokens are put around a text."""
    pad: int | None
    """The token that has no position."""
    rows: int
    """Number of tokens that have a row."""

    def limit(self, wanted: int | None) -> int | None:
        """Tokens that can be read of a text."""

    def vectors(self, sentences: Ragged, token_budget: int) -> Float[Tensor, "sentence width"]:
        """Vectors of sentences."""

    def settled(self, vectors: Tensor, sentences: Ragged) -> Tensor:
        """The last vectors, with those of empty sentences set."""


class _Bag:
    """The mean of the rows of tokens."""

    chunk, framed = 2048, False
    pad: int | None = None

    def __init__(self, part: Part) -> None:
        self._rows = part.weights["embedding.weight"].detach().float().contiguous()
        self.rows = len(self._rows)

    def limit(self, wanted: int | None) -> int | None:
        return wanted

    def vectors(self, sentences: Ragged, token_budget: int) -> Float[Tensor, "sentence width"]:
        lengths = sentences.lengths
        ids = torch.from_numpy(sentences.ids.astype(np.int32))
        starts = torch.from_numpy((lengths.cumsum() - lengths).astype(np.int32))
        sums = F.embedding_bag(ids, self._rows, starts, mode="sum")
        return sums.div_(torch.from_numpy(np.maximum(lengths, 1).astype(np.float32)).unsqueeze(1))

    def settled(self, vectors: Tensor, sentences: Ragged) -> Tensor:
        return vectors


class _Transformer:
    """States of tokens of packed weights, and their pooling."""

    chunk, framed = 8192, True

    def __init__(self, part: Part, pooling: Part, precision: str) -> None:
        self._modes, shape = pooling_modes(pooling.config), shape_of(part.config)
        weights = weights_of(part.config["model_type"], shape, part.weights)
        dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        self._packed = PackedTransformer(shape, weights, dtype)
        self.pad, self.rows = shape.pad, len(weights.words)

    def limit(self, wanted: int | None) -> int | None:
        pad = self._packed.shape.pad
        most = len(self._packed.positions) - (0 if pad is None else pad + 1)
        return most if wanted is None else min(wanted, most)

    def vectors(self, sentences: Ragged, token_budget: int) -> Float[Tensor, "sentence width"]:
        order = np.argsort(sentences.lengths, kind="stable")
        lengths = sentences.lengths[order]
        empty = int(np.searchsorted(lengths, 1))
        starts = (sentences.lengths.cumsum() - sentences.lengths)[order]
        made = torch.zeros(len(order), len(self._modes) * self._packed.width)
        for first, last in pairwise(_cuts(lengths, empty, token_budget)):
            some, groups = lengths[first:last], _groups(lengths[first:last])
            places = np.repeat(starts[first:last] - (some.cumsum() - some), some) + np.arange(some.sum())
            ids = torch.from_numpy(sentences.ids[places].astype(np.int64))
            made[torch.from_numpy(order[first:last])] = pooled(self._packed(ids, groups), groups, self._modes)
        return made

    def settled(self, vectors: Tensor, sentences: Ragged) -> Tensor:
        """Zero vectors for sentences without tokens."""
        return vectors.masked_fill_(torch.from_numpy(sentences.lengths == 0).unsqueeze(1), 0.0)


def _cuts(lengths: NDArray[np.int64], first: int, token_budget: int) -> list[int]:
    """Borders of batches of sentences that have about `token_budget` tokens together.

    >>> _cuts(np.array([0, 2, 2, 3, 9]), 1, 5)
    [1, 3, 4, 5]
    """
    cuts, total = [first], 0
    for place, length in enumerate(lengths[first:].tolist(), start=first):
        if total and total + length > token_budget:
            cuts.append(place)
            total = 0
        total += length
    return [*cuts, len(lengths)] if len(lengths) > first else cuts


def _groups(lengths: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Each different length of sorted lengths, and how often it occurs.

    >>> _groups(np.array([2, 2, 5]))
    [(2, 2), (5, 1)]
    """
    found, counts = np.unique(lengths, return_counts=True)
    return list(zip(found.tolist(), counts.tolist(), strict=True))


def _ahead(pieces: Iterator[Ragged]) -> Iterator[Ragged]:
    """Yields the pieces unchanged; a thread computes the next piece while one is used."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, pieces, None)
        while (piece := coming.result()) is not None:
            coming = pool.submit(next, pieces, None)
            yield piece
