"""Skip-thought against a loop over sentences and tokens that says what the paper says."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from sentrep.data.batch import SentenceBatch
from sentrep.methods.skip_thought.config import SkipThoughtConfig
from sentrep.methods.skip_thought.method import SkipThought, scale_to_unit_rms
from sentrep.utils.errors import InputError
from tests import toy, toy_run
from tests.errors import refuses

RUNS = [0, 0, 0, 3, 3, 5, 5, 5, 5]
NEIGHBOURS = [(i, i + 1) for i in range(len(RUNS) - 1) if RUNS[i] == RUNS[i + 1]]


def method(seed: int = 0, **settings: Any) -> SkipThought:
    made: SkipThought = toy_run.make(
        "skip-thought", {"samples": 0, "decoder_width": 24} | settings, seed=seed
    )
    return made.eval()


def batch() -> SentenceBatch:
    """Runs of three, two and four sentences; one sentence is empty."""
    random = torch.Generator().manual_seed(4)
    sentences = [
        torch.randint(5, 500, (length,), generator=random).tolist() for length in [3, 5, 1, 4, 2, 6, 0, 4, 5]
    ]
    return toy.batch(sentences, RUNS)


def tokens_of(batch: SentenceBatch, sentence: int) -> list[int]:
    return [int(token) for token in batch.ids[batch.offsets[sentence] : batch.offsets[sentence + 1]]]


def naive(made: SkipThought, batch: SentenceBatch, source: int, target: int, to: str) -> list[Tensor]:
    """Negative log-likelihood of each token of one sentence from the vector of another, step by step as
    generation goes."""
    advance, state, end = made.generator(to, made.embed(batch)[source : source + 1])
    losses, last = [], None
    for token in [*tokens_of(batch, target), end][: made.config.longest]:
        chances, state = advance(last, state)
        losses.append(-chances[0, token])
        last = torch.tensor([token])
    return losses


@pytest.mark.parametrize(
    "settings", [{}, {"condition": "first-state"}, {"layer_norm": True}, {"longest": 3}], ids=str
)
@pytest.mark.parametrize("write", ["neighbours", "neighbours-and-itself", "itself"])
def test_objective(settings: dict[str, Any], write: str) -> None:
    made, given = method(write=write, **settings), batch()
    wanted: dict[str, list[Tensor]] = {to: [] for to in made.decoder.decoders}
    with torch.no_grad():
        for i, j in NEIGHBOURS:
            if "next" in wanted:
                wanted["next"] += naive(made, given, i, j, "next")
                wanted["previous"] += naive(made, given, j, i, "previous")
        if "itself" in wanted:
            wanted["itself"] = [loss for i in range(len(RUNS)) for loss in naive(made, given, i, i, "itself")]
        step = made(given, "train")
    everything = torch.stack([loss for losses in wanted.values() for loss in losses])
    assert torch.allclose(step.loss, everything.mean(), atol=1e-5)
    for to, losses in wanted.items():
        assert torch.allclose(step.metrics[f"nll_{to}"], torch.stack(losses).mean(), atol=1e-5)


def test_decoders_have_their_own_weights_and_share_rows_and_softmax() -> None:
    made = method()
    names = {name.split(".")[1] for name, _ in made.decoder.named_parameters(prefix="decoder")}
    assert names == {"tokens", "decoders", "vocabulary"}
    with torch.no_grad():
        for parameter in made.decoder.decoders["previous"].parameters():
            parameter.zero_()
        ahead = made(batch(), "train").metrics
        again = method()(batch(), "train").metrics
    assert torch.equal(ahead["nll_next"], again["nll_next"])
    assert not torch.equal(ahead["nll_previous"], again["nll_previous"])


def test_neighbours_never_cross_documents() -> None:
    """Other words in a document's first sentence are nothing to the document before; its successor, looking
    back, writes them."""
    made, given = method(), batch()
    ids = given.ids.clone()
    ids[given.offsets[3] : given.offsets[4]] += 1
    changed = SentenceBatch(ids, given.offsets, given.document, given.segment)
    with torch.no_grad():
        code = made.code(given)
        before, after = (
            made.decoder({to: made.targets(there, to) for to in made.decoder.decoders}, code).each
            for there in (given, changed)
        )
    assert torch.equal(before["next"], after["next"])
    own = len(tokens_of(given, 3)) + 1
    assert (before["previous"] != after["previous"]).sum() == own


def test_the_gap_is_the_price_of_another_sentences_code() -> None:
    made, given = method(), batch()
    with torch.no_grad():
        step = made(given, "train")
        code = made.code(given)
        targets = {to: made.targets(given, to) for to in made.decoder.decoders}
        other = torch.stack([code[(i - len(code) // 2) % len(code)] for i in range(len(code))])
        assert torch.allclose(
            step.metrics["code_gap"], made.decoder(targets, other).loss - step.loss, atol=1e-6
        )
        for decoder in made.decoder.decoders.values():
            decoder.code.weight.zero_()  # type: ignore[union-attr, operator]
        assert made(given, "train").metrics["code_gap"] == pytest.approx(0, abs=1e-6)


@pytest.mark.slow
def test_training_makes_the_decoders_listen(tmp_path: Any) -> None:
    trained, _ = toy_run.run(tmp_path / "run", "skip-thought", 0, steps=150)
    with torch.no_grad():
        metrics = trained.eval()(toy.batches(seed=1, count=60).batch(0, 0), "train").metrics
    assert metrics["code_gap"] > 0.1


def test_codes_have_a_mean_square_of_one_and_nothing_stays_nothing() -> None:
    vectors = torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    assert torch.allclose(scale_to_unit_rms(vectors).square().mean(1), torch.tensor([1.0, 0.0]))


def test_a_sentence_that_no_decoder_writes_is_refused_by_name() -> None:
    with pytest.raises(InputError) as error:
        method(write="itself").generator("next", torch.zeros(1, 64))
    assert error.value.setting == "to"


@pytest.mark.parametrize("settings", [{"decoder_width": 0}, {"longest": 0}, {"samples": -1}])
def test_bad_settings_are_refused(settings: dict[str, Any]) -> None:
    with refuses(setting=next(iter(settings))):
        SkipThoughtConfig(**settings)
