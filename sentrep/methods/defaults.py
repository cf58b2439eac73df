"""Default training settings of a method, and its presets: named values for the settings of the method, of its
encoder, its training and its tokenizer. Imports no torch: the command line's help is made from it."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any, Literal

from sentrep.utils.errors import InputError, nearest, opt

LENGTH = {"epochs", "steps", "most_steps", "minutes"}
"""Settings of the length of training: one that is given replaces those of the preset."""
ROWS = {"vectors", "saturation", "start"}
"""Settings that determine a bag's rows themselves: with them a preset fits none."""


@dataclass(frozen=True)
class MethodDefaults:
    """Values for settings of `TrainingConfig` that depend on the method.

    `sentrep.training.defaults` resolves them together with those that depend on encoder and hardware."""

    batch_size: int | None = None
    """Sentences in a batch; None leaves it to the encoder. Slow methods make more steps of smaller
    batches."""
    choose_by: Literal["neighbour-mrr", "loss", "last"] = "neighbour-mrr"
    """What makes a checkpoint the best."""
    matrix_products: bool = True
    """Whether it multiplies matrices besides those of its encoder. bf16 makes nothing else faster."""


@dataclass(frozen=True)
class Presets:
    """The presets of a method.

    Attributes:
        values: setting -> value, for each preset by its name.
        default: the preset of a bag for which nothing else is asked.
        plain: the preset without any values, for other encoders and for runs that continue another one.

    >>> presets = Presets({"plain": {}, "quick": {"epochs": 1.0, "width": 64}}, "quick", "plain")
    >>> presets.chosen(None, "bag", set()), presets.chosen(None, "gru", set())
    ('quick', 'plain')
    >>> presets.settings("quick", {"steps"})
    {'width': 64}
    """

    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    default: str = ""
    plain: str = ""

    def chosen(self, preset: str | None, encoder: str, given: Set[str]) -> str:
        """The preset of a run.

        Args:
            preset: its name, if one is asked for.
            encoder: the kind of encoder, or the path of a model.
            given: names of the settings that are given.

        Raises:
            InputError: there is no such preset, or it is not for this encoder.
        """
        if preset is None:
            return self.default if encoder == "bag" and "start" not in given else self.plain
        if preset not in self.values:
            known = nearest(preset, self.values) if self.values else "this method has none"
            raise InputError(f"{opt('preset')} {preset}: there is no such preset; {known}")
        if encoder != "bag" and self.values[preset]:
            raise InputError(
                f"{opt('preset')} {preset} is for the encoder 'bag', not for {encoder!r}; "
                f"leave it out, or take {self.plain}"
            )
        return preset

    def settings(self, preset: str, given: Set[str]) -> dict[str, Any]:
        """The values of a preset for all settings that are not given."""
        left_out = set(given)
        if given & LENGTH:
            left_out |= LENGTH
        if given & ROWS:
            left_out |= {"warm_start"}
        return {name: value for name, value in self.values.get(preset, {}).items() if name not in left_out}
