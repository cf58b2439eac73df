"""A trained method put together again from its run: what generation, contexts and whatever else needs more than the encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentrep.errors import InputError
from sentrep.models import load
from sentrep.registry import entry

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from sentrep.encoders.folder import Encoder
    from sentrep.methods.base import Method
    from sentrep.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class Reopened:
    """A method with its tokenizer, which reads sentences as they are read in training."""

    method: Method
    tokenizer: Tokenizer
    max_tokens: int
    reach: int
    """Consecutive sentences that it saw at once in training."""
    settings: dict[str, Any]
    """The method's, as run.json has them."""

    def vectors(self, sentences: Sequence[str]) -> Float[Tensor, "sentence width"]:
        """What the method's `embed` makes of sentences."""
        import torch

        from sentrep.text.block import SentenceBlock

        ids, lengths, _ = self.tokenizer.encode_batch(sentences, self.max_tokens)
        offsets, each = torch.tensor([0, *lengths.cumsum()]), torch.arange(len(sentences))
        with torch.no_grad():
            return self.method.embed(SentenceBlock(torch.from_numpy(ids.astype("int64")), offsets, each, each))


def does(model: Path, able: type) -> bool:
    """Whether it is the folder of a run whose method is `able`, a protocol."""
    from sentrep.training.run_folder import told

    return (model / "run.json").is_file() and issubclass(entry(told(model)["method"]).load(), able)


def reopen(run: str | Path, able: type, lacks: str) -> Reopened:
    """The method of a run, if it is `able`, a protocol; else an InputError that says what it `lacks`."""
    from sentrep.training.run_folder import told

    record = told(Path(run))
    if not issubclass(entry(record["method"]).load(), able):
        raise InputError(f"{run} is a run of {record['method']}, {lacks}")
    return Reopened(*open_method(run), record["tokenizer"]["max_tokens"], record["training"]["run"], record["settings"])


def open_method(run: str | Path) -> tuple[Method, Tokenizer]:
    """The trained method of a run and its tokenizer, put together from ``model/`` (the encoder) and ``method/`` (what else it has
    learnt), ready to be used and not to be trained.

    Raises:
        InputError: `run` is no finished run, or its files do not hold all of the method.
    """
    import torch

    from sentrep.text.tokenizer import Tokenizer
    from sentrep.training.learnt import load_learnt
    from sentrep.training.run_folder import told

    run = Path(run)
    record, model = told(run), run / "model"
    if not model.is_dir():
        raise InputError(f"{model} is not there: the run has not ended; give its training command again to go on")
    encoders: list[Encoder] = []

    def make_encoder() -> Encoder:
        encoders.append(load(model))
        return encoders[-1]

    settings = _settings(run, record)
    with torch.random.fork_rng(devices=[]):  # weights are drawn, only to be overwritten
        method = entry(record["method"]).load()(settings, make_encoder, record["training"]["token_budget"])
    if not any(encoder is method.encoder() for encoder in encoders):
        raise InputError(f"{model} holds several encoders side by side, from which {record['method']} cannot be put together again")
    load_learnt(method, run)
    return method.eval(), Tokenizer.open(model)


def _settings(run: Path, record: dict[str, Any]) -> Any:
    config = entry(record["method"]).config
    try:
        return config(**record["settings"])
    except TypeError as error:
        raise InputError(f"{run / 'run.json'}: settings of {record['method']} from another version of sentrep ({error})") from error
