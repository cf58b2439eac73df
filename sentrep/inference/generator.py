"""The verb `generate` as Python functions: sentences out of a trained method. They are in `sentrep.api`
too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sentrep.inference.loading import Reopened, reopen
from sentrep.methods.capabilities import HasDecoders
from sentrep.modules.decoding_config import DecodingConfig
from sentrep.utils.errors import InputError, opt
from sentrep.utils.progress import progress

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

AT_ONCE = 64
"""Sentences that are decoded together."""


class Generated(NamedTuple):
    """A sentence that a model wrote."""

    text: str
    log_prob: float
    """Of its tokens and its end together (nats)."""
    tokens: list[int]

    @property
    def per_token(self) -> float:
        """Log-probability of a token or the end, on average: what sentences of different lengths are compared
        by."""
        return self.log_prob / (len(self.tokens) + 1)


def generate(
    run: str | Path | Writer,
    sentences: Sequence[str],
    to: str = "next",
    decoding: DecodingConfig | None = None,
) -> list[list[Generated]]:
    """What a model would have stand next to each of some sentences: `decoding.k` candidates each, the best
    first.

    Args:
        run: folder of a run whose method has decoders; or a `Writer`, which is such a run opened once.
        sentences: to write from.
        to: 'next', 'previous', or what else the method writes.
        decoding: how candidates are found; its defaults if None.

    Raises:
        InputError: the run cannot be opened, its method writes nothing, or not that.
    """
    writer = run if isinstance(run, Writer) else Writer.open(run)
    return writer(writer.vectors(sentences), to, decoding)


def interpolate(
    run: str | Path | Writer,
    first: str,
    second: str,
    steps: int = 5,
    to: str = "next",
    decoding: DecodingConfig | None = None,
) -> list[list[Generated]]:
    """The same from `steps` vectors at equal distances on the line between those of two sentences, both ends
    included."""
    import torch

    if steps < 2:
        raise InputError(f"{opt('steps')} {steps}: both ends of the line count, so 2 or more are needed")
    writer = run if isinstance(run, Writer) else Writer.open(run)
    start, end = writer.vectors([first, second])
    return writer(torch.lerp(start, end, torch.linspace(0, 1, steps).unsqueeze(1)), to, decoding)


@dataclass(frozen=True)
class Writer:
    """A method that can write, reopened from its run: sentences to vectors, and vectors to sentences."""

    reopened: Reopened

    @classmethod
    def open(cls, run: str | Path) -> Writer:
        """The method of a run; InputError where it has no decoder or lacks a file."""
        return cls(reopen(run, HasDecoders, "generate"))

    def vectors(self, sentences: Sequence[str]) -> Float[Tensor, "sentence width"]:
        """What the method's `embed` makes of sentences, read as they are in training."""
        if isinstance(sentences, str):
            raise InputError(
                f"sentences is one string, {sentences[:40]!r}; give a list, even if it is a list of one"
            )
        lengths = self.reopened.tokenizer.encode_batch(sentences).lengths
        if (lengths == 0).any():
            raise InputError(
                f"sentence {int((lengths == 0).argmax()) + 1} is empty, so there is nothing to write from"
            )
        return self.reopened.vectors(sentences)

    def __call__(
        self,
        vectors: Float[Tensor, "sentence width"],
        to: str = "next",
        decoding: DecodingConfig | None = None,
    ) -> list[list[Generated]]:
        """Sentences written from vectors, `decoding.k` from each."""
        import torch

        from sentrep.modules.decoding import decode

        method, tokenizer = self.reopened.method, self.reopened.tokenizer
        assert isinstance(method, HasDecoders)
        decoding, written = decoding or DecodingConfig(), []
        random = torch.Generator().manual_seed(decoding.seed)
        parts = vectors.split(AT_ONCE)
        for part in (
            progress(parts, "decoding", len(parts), f"batch of {AT_ONCE}") if len(parts) > 1 else parts
        ):
            with torch.no_grad():
                generator = method.generator(to, part)
            written += decode(
                generator, decoding, random, tuple(self.reopened.tokenizer.special - {generator.end})
            )
        return [
            [Generated(tokenizer.decode(found.tokens), found.log_prob, found.tokens) for found in each]
            for each in written
        ]
