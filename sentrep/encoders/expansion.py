"""Vocabulary expansion: token rows for words that an encoder was not trained on.

Pretrained word vectors cover more words than the encoder's vocabulary. A linear map with intercept, row
≈ W v + b, is fitted by least squares, without a penalty, to the words that both contain. The rows of
all other words are their mapped vectors. Trained words keep their rows, so texts of such words have the
same vectors as before.

Only vocabularies of whole words can be expanded. A vocabulary of word pieces (BPE, unigram, WordPiece)
already reads every word, and adding a whole word would change how longer words that begin with it are
cut.

`expand` has two uses. With a `limit`, the result is saved as a model like any other. With the `words`
of given texts (`words_in`), it adds a few rows, and nothing is saved.

In a bag, the length of a row is the weight of the word, and least squares shortens what it cannot
explain. So new rows of a bag are scaled by one common factor, such that mapped rows of rare words are
as long as their trained rows. Where the map is exact this changes nothing. Recurrent encoders get W v +
b, as in the paper.

Reference:
    "Skip-thought vectors", Kiros et al., NIPS 2015, section 2.2.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding, WordEmbeddings
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast

from sentrep.encoders import serialization as folder
from sentrep.encoders.concat import Concatenation
from sentrep.encoders.token_encoder import TokenEncoder, special_tokens
from sentrep.encoders.token_table import inner_tokenizer, token_table
from sentrep.encoders.word_vectors import read_vectors
from sentrep.encoders.word_vocabulary import WordVocabulary, cut_words
from sentrep.utils.errors import InputError, at, opt

HELD_OUT = 10
"""One of this number of shared words is held out to measure the map."""
DOUBTFUL = 0.1
"""R² below which a warning is given. Measured on textbooks with word2vec vectors: 0.00 into a table that
one minute of training had changed little from its random start, 0.7 into one that was initialised from
these vectors."""


@dataclass(frozen=True)
class Fit:
    """Quality of the map into one token table."""

    shared: int
    """Words that both contain, to which the map is fitted."""
    r2: float | None
    """Share of the variance of held-out shared rows that the map explains: 1 for all, 0 for no more than
    their mean. None if there are too few words to hold any out."""
    added: int
    """Number of new words."""

    @property
    def doubt(self) -> str | None:
        """Reason to doubt the map, as a sentence; None if there is none."""
        if self.r2 is None:
            return "shared words are too few to tell what the map is worth"
        if self.r2 < DOUBTFUL:
            return (
                f"the map explains {max(0.0, self.r2):.1%} of what tells rows of unseen words "
                "apart, so new words hardly get "
                "meaning; train longer, or start the token table from these vectors "
                f"({opt('vectors')}) before training"
            )
        return None


@dataclass(frozen=True)
class Expanded:
    """An encoder with additional words."""

    encoder: SentenceTransformer
    fits: tuple[Fit, ...]
    """One for each token table; a concatenation of encoders has several."""


def expand(
    encoder: SentenceTransformer,
    vectors: Path,
    words: Collection[str] | None = None,
    limit: int | None = None,
) -> Expanded:
    """Returns a new encoder with more words. The given encoder is not changed; both share the layers above
    the token table.

    Args:
        encoder: a bag, GRU or LSTM with a vocabulary of whole words, or a concatenation of such encoders.
        vectors: a file or model that `read_vectors` reads.
        words: only these words are added; None for any.
        limit: maximum number of words to add, in the order of `vectors`, which is by frequency; None for
            all.

    Raises:
        InputError: the vocabulary is not one of words, the map is not determined, or `vectors` cannot be
            read.
    """
    if limit is not None and limit < 1:
        raise InputError(f"{opt('limit')} {limit} adds no word; give 1 or more")
    grown: Any = folder.stock(encoder)
    if isinstance(grown[0], Concatenation):
        parts = [expand(part, vectors, words, limit) for part in grown[0].encoders]
        grown[0] = Concatenation([part.encoder for part in parts])
        return Expanded(grown, tuple(fit for part in parts for fit in part.fits))
    if not isinstance(grown[0], StaticEmbedding | WordEmbeddings | TokenEncoder):
        raise InputError(
            f"an encoder that begins with {type(grown[0]).__name__} cannot be expanded; bags, "
            "GRUs and LSTMs can",
            setting="model",
        )
    rows, vocabulary = (
        token_table(grown).weight.detach().float().cpu(),
        WordVocabulary(inner_tokenizer(grown)),
    )
    shared, fresh = _collected(vocabulary, vectors, words, limit)
    inputs, outputs = _stacked(shared), rows[[vocabulary.places[word] for word in shared]].numpy()
    fitted, r2 = _fit(inputs, outputs, vectors)
    if fresh:
        more = fitted(_stacked(fresh))
        if isinstance(grown[0], StaticEmbedding):
            more *= _stretch(fitted(inputs), outputs)
        table = torch.cat([rows, torch.from_numpy(more)])
        grown[0] = _grown(grown[0], vocabulary.extended(fresh, len(rows)), table).to(encoder.device)
    return Expanded(grown, (Fit(len(shared), r2, len(fresh)),))


def words_in(encoder: SentenceTransformer, texts: Iterable[str]) -> set[str]:
    """Returns the words of texts as the encoder's tokenizer cuts them, in its vocabulary or not.

    Raises:
        InputError: the tokenizer does not cut texts into words.
    """
    parts = encoder[0].encoders if isinstance(encoder[0], Concatenation) else [encoder]
    tokenizers = [WordVocabulary(inner_tokenizer(part)).tokenizer for part in parts]
    return {word for text in texts for tokenizer in tokenizers for word in cut_words(tokenizer, text)}


class LinearMap(NamedTuple):
    """x W + b, from (…, inputs) to (…, outputs)."""

    matrix: Float[np.ndarray, "inputs outputs"]
    intercept: Float[np.ndarray, " outputs"]

    @classmethod
    def fitted(
        cls, inputs: Float[np.ndarray, "word inputs"], outputs: Float[np.ndarray, "word outputs"]
    ) -> LinearMap:
        """Fits the map by least squares in double precision; if several maps are equally good, the one
        with the smallest norm."""
        columns = np.hstack([inputs, np.ones((len(inputs), 1))], dtype=np.float64)
        solution = np.linalg.lstsq(columns, outputs.astype(np.float64), rcond=None)[0]
        matrix, intercept = np.split(solution.astype(np.float32), [-1])
        return cls(matrix, intercept[0])

    def __call__(self, inputs: Float[np.ndarray, "word inputs"]) -> Float[np.ndarray, "word outputs"]:
        return np.asarray(inputs @ self.matrix + self.intercept, dtype=np.float32)


def _fit(
    inputs: NDArray[np.float32], outputs: NDArray[np.float32], vectors: Path
) -> tuple[LinearMap, float | None]:
    """Returns the map fitted to all words, and R² of a map that was fitted without the tenth on which it
    is measured."""
    count, needed = len(inputs), inputs.shape[1] + 1
    if not count:
        raise InputError(
            f"{at(vectors)}: none of its words is a word of this model; give vectors of the same "
            "language and case"
        )
    if count < needed:
        raise InputError(
            f"{at(vectors)}: {count:,} of its words are among the model's own, but a map from "
            f"{inputs.shape[1]} dimensions takes "
            f"{needed} or more; give vectors of the same language and case, narrower ones, or "
            f"train with a larger {opt('vocab')}"
        )
    order = np.random.default_rng(0).permutation(count)
    out, kept = np.split(order, [min(count // HELD_OUT, count - needed)])
    spread = np.square(outputs[out] - outputs[out].mean(axis=0)).sum() if len(out) > 1 else 0.0
    r2 = None
    if spread:
        missed = outputs[out] - LinearMap.fitted(inputs[kept], outputs[kept])(inputs[out])
        r2 = float(1 - np.square(missed).sum() / spread)
    return LinearMap.fitted(inputs, outputs), r2


def _stretch(mapped: NDArray[np.float32], trained: NDArray[np.float32]) -> float:
    """Returns how much longer trained rows are than mapped ones, in the rarer half of the shared words.

    Shared words are in order of frequency.
    """
    rare = len(mapped) // 2
    length = np.square(mapped[rare:]).sum()
    return float((np.square(trained[rare:]).sum() / length) ** 0.5) if length else 1.0


Found = dict[str, NDArray[np.float32]]


def _collected(
    vocabulary: WordVocabulary, vectors: Path, words: Collection[str] | None, limit: int | None
) -> tuple[Found, Found]:
    """Reads the vectors of the shared words and of the new words that are wanted, in one pass."""
    shared: Found = {}
    fresh: Found = {}

    def wanted(word: str) -> bool:
        room = limit is None or len(fresh) < limit
        asked = room and (words is None or word in words)
        return word in vocabulary.places or (asked and vocabulary.admits(word))

    for word, vector in read_vectors(vectors, wanted):
        (shared if word in vocabulary.places else fresh)[word] = vector
    return shared, fresh


def _stacked(found: Found) -> NDArray[np.float32]:
    return np.stack(list(found.values())) if found else np.zeros((0, 0), np.float32)


def _grown(
    first: StaticEmbedding | WordEmbeddings | TokenEncoder,
    tokenizer: Tokenizer,
    rows: Float[Tensor, "vocab width"],
) -> nn.Module:
    """Returns the same module with another vocabulary."""
    grown: nn.Module
    if isinstance(first, StaticEmbedding):
        grown = StaticEmbedding(tokenizer, embedding_weights=rows)
    elif isinstance(first, WordEmbeddings):
        words = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special_tokens(tokenizer))
        grown = WordEmbeddings(words, rows, first.update_embeddings, first.max_seq_length)
    else:
        grown = copy.deepcopy(first)
        grown.tokenizer, grown.vocab, grown.table = (
            tokenizer,
            len(rows),
            nn.Embedding.from_pretrained(rows, freeze=False),
        )
    return grown
