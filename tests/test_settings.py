"""Settings that are out of range: each error names the setting whose value is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from types import SimpleNamespace, UnionType
from typing import Any, get_args, get_type_hints

import pytest

from sentrep.baselines.config import WordModelConfig
from sentrep.data.config import TokenizerConfig
from sentrep.encoders.config import EncoderConfig
from sentrep.methods.distill.config import DistillConfig
from sentrep.methods.registry import METHODS
from sentrep.modules.decoding_config import DecodingConfig
from sentrep.training.config import TrainingConfig
from sentrep.utils import checks
from sentrep.utils.settings import check_config, route
from tests.errors import refuses

CONFIGS = (
    *(entry.config for entry in METHODS.values()),
    *(DecodingConfig, DistillConfig, EncoderConfig, TokenizerConfig, TrainingConfig, WordModelConfig),
)
UNCHECKED = {"signal_floor"}
"""Numbers of which any value is accepted."""


def numbers(config: type[Any]) -> Iterator[tuple[str, type[int] | type[float]]]:
    """The settings of a configuration that are numbers, with their types."""
    hints = get_type_hints(config)
    for field in fields(config):
        hint = hints[field.name]
        kinds = {*(get_args(hint) if isinstance(hint, UnionType) else [hint])} & {int, float}
        if kinds and field.name not in UNCHECKED:
            yield field.name, kinds.pop()


@pytest.mark.parametrize(
    ("config", "setting", "kind"),
    [(config, setting, kind) for config in CONFIGS for setting, kind in numbers(config)],
)
def test_a_negative_number_is_refused_by_the_name_of_its_setting(
    config: type[Any], setting: str, kind: type[int] | type[float]
) -> None:
    with refuses(setting=setting):
        config(**{setting: kind(-1)})


@pytest.mark.parametrize(
    ("config", "values"),
    [
        (DecodingConfig, {"max_length": 0}),
        (EncoderConfig, {"dropout": 1.0}),
        (TrainingConfig, {"keep_out": 1.0}),
        (WordModelConfig, {"lr": 0.0}),
        (WordModelConfig, {"sample": 1.0}),
        (DistillConfig, {"batch_size": 0}),
        (DistillConfig, {"weight_lr": 0.0}),
        (DistillConfig, {"frequency": 0.0}),
        (TrainingConfig, {"seed": 2**32}),
        (TrainingConfig, {"threads": 4097}),
        (TrainingConfig, {"validate_every": 0}),
        (WordModelConfig, {"threads": 4097}),
    ],
)
def test_a_number_on_the_edge_of_its_range_is_refused(config: type[Any], values: dict[str, Any]) -> None:
    with refuses(setting=next(iter(values))):
        config(**values)


@pytest.mark.parametrize(
    ("check", "limits", "allowed", "refused"),
    [
        (checks.check_at_least, (1,), (1, 2.5, None), (0, 0.5, float("nan"))),
        (checks.check_above, (0,), (0.1, 1, None), (0, -1.0, float("nan"))),
        (checks.check_between, (0, 1), (0, 0.5, 1, None), (-0.1, 1.1, float("nan"))),
        (checks.check_share, (), (0, 0.5, None), (-0.1, 1, float("nan"))),
    ],
)
def test_a_check_names_the_setting(check: Any, limits: Any, allowed: Any, refused: Any) -> None:
    for value in allowed:
        check(SimpleNamespace(one=value, other=value), *limits, "one", "other")
    for value in refused:
        with refuses(setting="other"):
            check(SimpleNamespace(one=allowed[0], other=value), *limits, "one", "other")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_is_not_finite_is_refused(number: float) -> None:
    with refuses(setting="lr"):
        route({"lr": number}, {"training": TrainingConfig})
    config = TrainingConfig()
    object.__setattr__(config, "clip", number)
    with refuses(setting="clip"):
        check_config(config)
