"""The verb `generate`: sentences from a trained method that has decoders.

The file is over 250 lines long because all ways to generate sentences share one opened run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sentrep.data.corpus import Corpus
from sentrep.data.corpus import sentences as sentences_of
from sentrep.data.inputs import texts_of
from sentrep.inference.runs import RunRecord, TrainedMethod, open_run
from sentrep.methods.capabilities import HasDecoders, HasPrior, HasStyle
from sentrep.modules.decoding_config import DecodingConfig
from sentrep.utils.errors import InputError, opt
from sentrep.utils.progress import batch_progress
from sentrep.utils.settings import arguments_checked

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

AT_ONCE = 64
"""Sentences that are decoded together."""
DOCUMENT_SENTENCES = 1000
"""Sentences of a document that its style is computed from."""


class Generated(NamedTuple):
    """A generated sentence."""

    text: str
    log_prob: float
    """Log-probability of the tokens and the end of sentence together (nats)."""
    tokens: list[int]

    @property
    def per_token(self) -> float:
        """Mean log-probability of a token, the end of sentence included (nats): comparable between
        lengths."""
        return self.log_prob / (len(self.tokens) + 1)


@arguments_checked
def generate(
    run: str | Path | SentenceGenerator,
    sentences: Sequence[str],
    to: str | None = None,
    decoding: DecodingConfig | None = None,
) -> list[list[Generated]]:
    """Generate sentences from the vectors of given sentences.

    Args:
        run: folder of a run whose method has decoders; or a `SentenceGenerator`, which is such a run opened
            once.
        sentences: what to generate from.
        to: which sentence: 'next', 'previous' or 'itself', if the method has a decoder for it; None takes
            the usual one of the method.
        decoding: how candidates are decoded; its defaults if None.

    Returns:
        For each sentence, `decoding.k` candidates, the best first.

    Raises:
        InputError: the run cannot be opened, its method has no such decoder, or a sentence is empty.

    Example:
        >>> [candidates] = sentrep.generate("runs/skip-thought", ["The ship left."])
        >>> [type(candidate.text).__name__ for candidate in candidates]
        ['str']
    """
    generator = run if isinstance(run, SentenceGenerator) else SentenceGenerator.open(run)
    return generator(generator.vectors(sentences), to, decoding)


@arguments_checked
def interpolate(
    run: str | Path | SentenceGenerator,
    first: str,
    second: str,
    steps: int = 5,
    to: str | None = None,
    decoding: DecodingConfig | None = None,
) -> list[list[Generated]]:
    """Sentences from vectors at equal distances on the line between the vectors of two sentences.

    Args:
        run: folder of a run whose method has decoders; or a `SentenceGenerator`.
        first: sentence whose vector is the start of the line.
        second: sentence whose vector is its end.
        steps: number of vectors, both ends included; 2 or more.
        to: which decoder, as for `generate`.
        decoding: how candidates are decoded; its defaults if None.

    Returns:
        For each vector, from `first` to `second`, `decoding.k` candidates, the best first.

    Raises:
        InputError: the run cannot be opened, its method has no such decoder, a sentence is empty, or `steps`
            is below 2.

    Example:
        >>> line = sentrep.interpolate("runs/vae", "The ship left.", "A cat came back.", steps=3)
        >>> [len(candidates) for candidates in line]
        [1, 1, 1]
    """
    import torch

    if steps < 2:
        raise InputError(f"{opt('steps')} {steps}: both ends of the line count, so 2 or more are needed")
    generator = run if isinstance(run, SentenceGenerator) else SentenceGenerator.open(run)
    start, end = generator.vectors([first, second])
    return generator(torch.lerp(start, end, torch.linspace(0, 1, steps).unsqueeze(1)), to, decoding)


@arguments_checked
def generate_from_prior(
    run: str | Path | SentenceGenerator, count: int = 10, decoding: DecodingConfig | None = None
) -> list[list[Generated]]:
    """Generate sentences from vectors that are drawn from the prior of a model.

    Args:
        run: folder of a run whose method has a prior, such as vae; or a `SentenceGenerator`.
        count: number of vectors.
        decoding: how candidates are decoded, and the seed of the vectors; its defaults if None.

    Returns:
        For each vector, `decoding.k` candidates, the best first.

    Raises:
        InputError: the run cannot be opened, or its method has no prior.

    Example:
        >>> sentences = sentrep.generate_from_prior("runs/vae", count=3)
        >>> [len(candidates) for candidates in sentences]
        [1, 1, 1]
    """
    generator = run if isinstance(run, SentenceGenerator) else SentenceGenerator.open(run)
    chosen = decoding or DecodingConfig()
    return generator(generator.prior(count, chosen.seed), None, chosen)


@arguments_checked
def generate_as(
    run: str | Path | SentenceGenerator,
    sentences: Sequence[str],
    document: Corpus,
    decoding: DecodingConfig | None = None,
) -> list[list[Generated]]:
    """Generate sentences with the content of given sentences and the style of a document.

    Args:
        run: folder of a run of disentangle; or a `SentenceGenerator`.
        sentences: sentences whose content is generated.
        document: a file, or sentences; its style is the mean over its first 1,000 sentences.
        decoding: how candidates are decoded; its defaults if None.

    Returns:
        For each sentence, `decoding.k` candidates, the best first.

    Raises:
        InputError: the run cannot be opened, its method has no style, a sentence is empty, or the document
            has no sentence.

    Example:
        >>> [candidates] = sentrep.generate_as("runs/disentangle", ["The ship left."], "texts/garden00.txt")
        >>> [type(candidate.text).__name__ for candidate in candidates]
        ['str']
    """
    generator = run if isinstance(run, SentenceGenerator) else SentenceGenerator.open(run)
    return generator(generator.restyled(sentences, document), None, decoding)


@dataclass(frozen=True)
class SentenceGenerator:
    """A trained method with decoders: sentences to vectors, and vectors to sentences."""

    trained: TrainedMethod

    @classmethod
    def open(cls, run: str | Path | RunRecord) -> SentenceGenerator:
        """Open a run.

        Raises:
            InputError: its method has no decoders, or a file is missing.
        """
        return cls(open_run(run, HasDecoders, "generate"))

    def vectors(self, sentences: Sequence[str]) -> Float[Tensor, "sentence width"]:
        """Vectors of sentences by the method's own `embed`."""
        sentences = texts_of(sentences, "sentences")
        lengths = self.trained.tokenizer.ragged(sentences).lengths
        if (lengths == 0).any():
            raise InputError(
                f"sentence {int((lengths == 0).argmax()) + 1} is empty, so nothing can be generated from it",
                setting="sentences",
            )
        if HasStyle not in self.trained.record.capabilities:
            return self.trained.vectors(sentences)
        return self._codes(sentences)

    def restyled(self, sentences: Sequence[str], document: Corpus) -> Float[Tensor, "sentence width"]:
        """Vectors with the content of sentences and the style of a document.

        Raises:
            InputError: the method has no style, or the document no sentence.
        """
        self.trained.record.require(HasStyle, "generate a sentence in the style of a document")
        method = self.trained.method
        assert isinstance(method, HasStyle)
        read = islice((text for _, text in sentences_of(document)), DOCUMENT_SENTENCES)
        known = [text for text in read if self.trained.tokenizer.ragged([text]).lengths[0]]
        if not known:
            raise InputError(f"{opt('as')}: the document has no sentence that the model can read")
        return method.restyle(self.vectors(sentences), self._codes(known))

    def _codes(self, sentences: Sequence[str]) -> Float[Tensor, "sentence code"]:
        import torch

        method = self.trained.method
        assert isinstance(method, HasStyle)
        with torch.no_grad():
            return method.codes(self.trained.batch(sentences))

    def prior(self, count: int, seed: int = 0) -> Float[Tensor, "count width"]:
        """Vectors drawn from the prior of the method.

        Raises:
            InputError: it has none.
        """
        import torch

        from sentrep.modules.random_state import seeded

        self.trained.record.require(HasPrior, "draw vectors from a prior")
        method = self.trained.method
        assert isinstance(method, HasPrior)
        with seeded(seed), torch.no_grad():
            return method.sample_prior(count)

    def __call__(
        self,
        vectors: Float[Tensor, "sentence width"],
        to: str | None = None,
        decoding: DecodingConfig | None = None,
    ) -> list[list[Generated]]:
        """Sentences decoded from vectors, `decoding.k` from each."""
        import torch

        from sentrep.modules.decoding import decode

        method, tokenizer = self.trained.method, self.trained.tokenizer
        assert isinstance(method, HasDecoders)
        marks = sum(map(len, tokenizer.around))
        decoding, written = (decoding or DecodingConfig()).with_marks(marks), []
        random = torch.Generator().manual_seed(decoding.seed)
        for part in batch_progress(vectors.split(AT_ONCE), "decoding", AT_ONCE):
            with torch.no_grad():
                decoder = method.generator(to or method.generates()[0], part)
            written += decode(decoder, decoding, random, tuple(tokenizer.ungenerated - {decoder.end}))
        return [
            [Generated(tokenizer.decode(found.tokens), found.log_prob, found.tokens) for found in each]
            for each in written
        ]
