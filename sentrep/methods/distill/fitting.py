"""From a teacher and texts to a stock encoder: vocabulary, token rows, distillation, export."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from sentrep.data.config import TokenizerConfig
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.encoders.serialization import Encoder
from sentrep.encoders.static import static_encoder
from sentrep.methods.distill.config import DistillConfig
from sentrep.methods.distill.distillation import Passages, distill
from sentrep.utils.errors import InputError, opt

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to vectors, (text, width)."""

VOCABULARY = TokenizerConfig("bpe", vocab=32_000)
"""Subwords, so that the bag can read words of documents that come later."""


def fit(
    texts: Sequence[str],
    vectors: NDArray[np.float32],
    encode: Encode,
    config: DistillConfig | None = None,
    vocabulary: TokenizerConfig = VOCABULARY,
) -> Encoder:
    """Fit a static bag to the teacher's vectors of some texts.

    Args:
        texts: passages of the user's own collection.
        vectors: (text, width) the teacher's vectors of them.
        encode: the teacher, for the vectors of single tokens.
        config: settings of the distillation.
        vocabulary: how the vocabulary is learnt from the texts.

    Returns:
        A `SentenceTransformer` of one stock `StaticEmbedding`.

    Raises:
        InputError: there are no texts, not as many vectors as texts, or the bag would be wider than the
            teacher.
    """
    if not texts or len(texts) != len(vectors):
        raise InputError(
            f"{len(texts)} texts and {len(vectors)} vectors: as many of both are needed, one at least",
            setting="vectors" if texts else "texts",
        )
    config = config or DistillConfig()
    tokenizer = Tokenizer.train(texts, vocabulary)
    encoded = tokenizer.encode_batch(texts)
    offsets = torch.from_numpy(np.concatenate([[0], np.cumsum(encoded.lengths)]))
    passages = Passages(torch.from_numpy(encoded.ids.astype(np.int64)), offsets)
    rows = encode(token_texts(tokenizer))
    if config.width is not None:
        directions = principal_directions(vectors, config.width)
        vectors, rows = vectors @ directions, rows @ directions
    bag, _ = distill(passages, torch.from_numpy(vectors), torch.from_numpy(rows), config)
    table = bag.table(without=sorted(tokenizer.special))
    return static_encoder(tokenizer, table)


def principal_directions(vectors: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """The directions along which vectors are longest, (old width, width), orthonormal. The mean is not
    subtracted, so that cosines change as little as possible.

    Raises:
        InputError: there are not as many directions.

    >>> principal_directions(np.float32([[3, 0], [0, 1]]), 1).round(3).tolist()
    [[1.0], [0.0]]
    """
    if width > vectors.shape[1]:
        raise InputError(
            f"{opt('width')} {width}: the teacher's vectors are {vectors.shape[1]} wide, and a bag is "
            "at most as wide as its teacher"
        )
    _, directions = np.linalg.eigh(vectors.T.astype(np.float64) @ vectors)
    return np.ascontiguousarray(directions[:, ::-1][:, :width], np.float32)


def token_texts(tokenizer: Tokenizer) -> list[str]:
    """Each token of a vocabulary as a text that a teacher can read.

    >>> tokenizer = Tokenizer.train(["one two two"], TokenizerConfig("word", vocab=20))
    >>> token_texts(tokenizer)[-2:]
    ['two', 'one']
    """
    texts = []
    for number in range(tokenizer.vocab_size):
        text = tokenizer.decode([number]).strip()
        texts.append(text or str(tokenizer.inner.id_to_token(number) or ""))
    return texts
