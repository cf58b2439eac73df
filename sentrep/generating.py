"""The verb `generate` as Python functions: a trained method reopened, and sentences out of it. They are in `sentrep.api` too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sentrep.errors import InputError
from sentrep.models import load
from sentrep.parts.decoding_config import DecodingConfig
from sentrep.progress import progress
from sentrep.registry import entry

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from sentrep.encoders.folder import Encoder
    from sentrep.methods.base import Method
    from sentrep.text.tokenizer import Tokenizer

AT_ONCE = 64
"""Sentences that are decoded together."""


class Generated(NamedTuple):
    """A sentence that a model wrote."""

    text: str
    log_probability: float
    """Of its tokens and its end together (nats)."""
    tokens: list[int]

    @property
    def per_token(self) -> float:
        """Log-probability of a token or the end, on average: what sentences of different lengths are compared by."""
        return self.log_probability / (len(self.tokens) + 1)


def generate(
    run: str | Path | Writer, sentences: Sequence[str], to: str = "next", decoding: DecodingConfig | None = None
) -> list[list[Generated]]:
    """What a model would have stand next to each of some sentences: `decoding.k` candidates each, the best first.

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
    run: str | Path | Writer, first: str, second: str, steps: int = 5, to: str = "next", decoding: DecodingConfig | None = None
) -> list[list[Generated]]:
    """The same from `steps` vectors at equal distances on the line between those of two sentences, both ends included."""
    import torch

    if steps < 2:
        raise InputError(f"--steps {steps}: both ends of the line count, so 2 or more are needed")
    writer = run if isinstance(run, Writer) else Writer.open(run)
    start, end = writer.vectors([first, second])
    return writer(torch.lerp(start, end, torch.linspace(0, 1, steps).unsqueeze(1)), to, decoding)


@dataclass(frozen=True)
class Writer:
    """A method that can write, reopened from its run: sentences to vectors, and vectors to sentences."""

    method: Method
    tokenizer: Tokenizer
    max_tokens: int
    """What of a sentence is read, as in training."""

    @classmethod
    def open(cls, run: str | Path) -> Writer:
        """The method of a run; InputError where it has no decoder or lacks a file."""
        from sentrep.parts.decoding import Generates

        told = _told(Path(run))
        if not issubclass(entry(told["method"]).load(), Generates):
            raise InputError(f"{run} is a run of {told['method']}, which has no decoder; generate with a run of skip-thought")
        return cls(*open_method(run), told["tokenizer"]["max_tokens"])

    def vectors(self, sentences: Sequence[str]) -> Float[Tensor, "sentence width"]:
        """What the method's `embed` makes of sentences, read as they are in training."""
        import torch

        from sentrep.text.block import SentenceBlock

        if isinstance(sentences, str):
            raise InputError(f"sentences is one string, {sentences[:40]!r}; give a list, even if it is a list of one")
        ids, lengths, _ = self.tokenizer.encode_batch(sentences, self.max_tokens)
        if (lengths == 0).any():
            raise InputError(f"sentence {int((lengths == 0).argmax()) + 1} is empty, so there is nothing to write from")
        offsets = torch.tensor([0, *lengths.cumsum()])
        each = torch.arange(len(sentences))
        with torch.no_grad():
            return self.method.embed(SentenceBlock(torch.from_numpy(ids.astype("int64")), offsets, each, each))

    def __call__(
        self, vectors: Float[Tensor, "sentence width"], to: str = "next", decoding: DecodingConfig | None = None
    ) -> list[list[Generated]]:
        """Sentences written from vectors, `decoding.k` from each."""
        import torch

        from sentrep.parts.decoding import Generates, decode

        assert isinstance(self.method, Generates)
        decoding, written = decoding or DecodingConfig(), []
        random = torch.Generator().manual_seed(decoding.seed)
        added = self.tokenizer.inner.get_added_tokens_decoder().items()
        special = {number for number, token in added if token.special}  # those stand for no text
        parts = vectors.split(AT_ONCE)
        for part in progress(parts, "decoding", len(parts), f"batch of {AT_ONCE}") if len(parts) > 1 else parts:
            with torch.no_grad():
                generator = self.method.generator(to, part)
            written += decode(generator, decoding, random, tuple(special - {generator.end}))
        return [
            [Generated(self.tokenizer.decode(found.tokens), found.log_probability, found.tokens) for found in each]
            for each in written
        ]


def open_method(run: str | Path) -> tuple[Method, Tokenizer]:
    """The trained method of a run and its tokenizer, put together from ``model/`` (the encoder) and ``method/`` (what else it has
    learnt), ready to be used and not to be trained.

    Raises:
        InputError: `run` is no finished run, or its files do not hold all of the method.
    """
    import torch

    from sentrep.text.tokenizer import Tokenizer

    run = Path(run)
    told, model = _told(run), run / "model"
    if not model.is_dir():
        raise InputError(f"{model} is not there: the run has not ended; give its training command again to go on")
    encoders: list[Encoder] = []

    def make_encoder() -> Encoder:
        encoders.append(load(model))
        return encoders[-1]

    settings = _settings(run, told)
    with torch.random.fork_rng(devices=[]):  # weights are drawn, only to be overwritten
        method = entry(told["method"]).load()(settings, make_encoder, told["training"]["token_budget"])
    if not any(encoder is method.encoder() for encoder in encoders):
        raise InputError(f"{model} holds several encoders side by side, from which {told['method']} cannot be put together again")
    _fill(method, run / "method" / "method.safetensors")
    return method.eval(), Tokenizer.open(model)


def _told(run: Path) -> dict[str, Any]:
    """What run.json says of how the run was made."""
    from sentrep.training.run_folder import read_json

    file = run / "run.json"
    if not file.is_file():
        raise InputError(f"{run} holds no run.json, so it is no run; give the folder that `sentrep train --out` made")
    told = read_json(file).get("run")
    if not isinstance(told, dict) or not {"method", "settings", "tokenizer", "training"} <= told.keys():
        raise InputError(f"{file} is not of a run of sentrep; give the folder that `sentrep train --out` made")
    return told


def _settings(run: Path, told: dict[str, Any]) -> Any:
    config = entry(told["method"]).config
    try:
        return config(**told["settings"])
    except TypeError as error:
        raise InputError(f"{run / 'run.json'}: settings of {told['method']} from another version of sentrep ({error})") from error


def _fill(method: Method, file: Path) -> None:
    """Give the method what it has learnt besides the encoder that is exported."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    wanted = {name: parameter.shape for name, parameter in method.beside_encoder().items()}
    if not wanted:
        return
    if not file.is_file():
        raise InputError(f"{file} is not there; without it there is an encoder, but no more of the method than that")
    try:
        found = load_file(file)
    except SafetensorError as error:
        raise InputError(f"{file} is damaged ({error}); copy or train the run again") from error
    shapes = {name: tensor.shape for name, tensor in found.items()}
    amiss = sorted(name for name in wanted.keys() | shapes.keys() if wanted.get(name) != shapes.get(name))
    if amiss:
        raise InputError(
            f"{file} does not fit the method of this version of sentrep: {', '.join(amiss[:3])} is missing or of another shape"
        )
    method.load_state_dict(found, strict=False)
