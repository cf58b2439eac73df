"""A seed of its own: what is drawn, and whose state it changes."""

from __future__ import annotations

import pytest
import torch

from sentrep.modules.random_state import seeded


def test_draws_are_those_of_the_seed_and_the_state_before_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    monkeypatch.setattr(
        torch.cuda, "manual_seed_all", lambda seed: pytest.fail("the state of GPUs is changed")
    )
    with seeded(5):
        assert torch.equal(torch.rand(3), wanted)
    assert torch.equal(torch.rand(3), expected)
