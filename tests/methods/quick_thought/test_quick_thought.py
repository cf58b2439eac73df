"""Quick-thought against three sentences worked by hand, and against double loops that say what the paper
says."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from torch import Tensor

from sentrep.data.batch import SentenceBatch
from sentrep.encoders.batching import encode, encode_tokens
from sentrep.methods.quick_thought.config import QuickThoughtConfig
from sentrep.methods.quick_thought.method import QuickThought
from sentrep.utils.errors import InputError
from tests import toy, toy_run

DOCUMENTS = [0, 0, 0, 0, 1, 1, 2, 2, 2, 0, 0, 3]
RUNS = [0, 0, 0, 0, 4, 4, 6, 6, 6, 9, 9, 11]


def method(seed: int = 0, **settings: Any) -> QuickThought:
    made: QuickThought = toy_run.make("quick-thought", settings, seed=seed)
    return made.eval()


def batch() -> SentenceBatch:
    """Runs of four, two, three, two and one; the fourth is of the first one's document; one sentence is
    empty."""
    random = torch.Generator().manual_seed(4)
    lengths = [3, 5, 1, 4, 2, 6, 3, 0, 4, 5, 2, 3]
    sentences = [torch.randint(5, 500, (length,), generator=random).tolist() for length in lengths]
    return toy.batch(sentences, DOCUMENTS, RUNS)


def embedded(encoder: SentenceTransformer, batch: SentenceBatch) -> Tensor:
    return encode_tokens(encoder, batch.ids, batch.offsets)


def score(f: Tensor, g: Tensor, config: QuickThoughtConfig) -> Tensor:
    if config.score == "dot":
        return f @ g
    return (f / f.norm().clamp(min=1e-12)) @ (g / g.norm().clamp(min=1e-12)) / config.temperature


def naive(f: Tensor, g: Tensor, batch: SentenceBatch, config: QuickThoughtConfig) -> tuple[Tensor, float]:
    """Loss and accuracy of target 'each', sentence by sentence."""
    losses, hits = [], []
    for i in range(len(batch)):
        targets = [
            j for j in range(len(batch)) if i != j and abs(i - j) <= config.window and RUNS[i] == RUNS[j]
        ]
        if not targets:
            continue
        candidates = {}
        for j in range(len(batch)):
            against = {
                "all": i != j,
                "other-segments": RUNS[i] != RUNS[j],
                "other-documents": DOCUMENTS[i] != DOCUMENTS[j],
            }
            if j in targets or (i != j and against[config.negatives]):
                candidates[j] = score(f[i], g[j], config)
            elif i == j and config.self_as_zero:
                candidates[j] = torch.zeros(())
        total = sum((value.exp() for value in candidates.values()), torch.zeros(()))
        losses.append(
            -sum((torch.log(candidates[j].exp() / total) for j in targets), torch.zeros(())) / len(targets)
        )
        hits.append(max(candidates, key=lambda j: candidates[j].item()) in targets)
    return torch.stack(losses).mean(), sum(hits) / len(hits)


def test_three_sentences_by_hand() -> None:
    """One token a sentence, with rows chosen so that all scores are whole numbers."""
    rows = torch.zeros(len(toy.WORDS), 2)
    rows[5], rows[6], rows[7] = torch.tensor([1.0, 0.0]), torch.tensor([1.0, 1.0]), torch.tensor([0.0, 2.0])
    encoder = SentenceTransformer(modules=[StaticEmbedding(toy.tokenizer(), embedding_weights=rows)])
    three = toy.batch([[5], [6], [7]], [0, 0, 0])
    # S = [[1, 1, 0], [1, 2, 2], [0, 2, 4]]; the diagonal is no candidate, each sentence has its neighbours as
    # targets.
    first = -math.log(math.e / (math.e + 1))
    second = -0.5 * math.log(math.e / (math.e + math.e**2)) - 0.5 * math.log(math.e**2 / (math.e + math.e**2))
    third = -math.log(math.e**2 / (1 + math.e**2))
    paper = QuickThought(QuickThoughtConfig(score="dot", negatives="all"), lambda: encoder).eval()
    step = paper(three, "train")
    assert step.loss.item() == pytest.approx((first + second + third) / 3, rel=1e-6)
    assert step.metrics["accuracy"].item() == 1.0
    assert step.metrics["chance"].item() == pytest.approx(math.log(2))
    assert step.metrics["norm_f"].item() == pytest.approx((1 + 2**0.5 + 2) / 3)
    # The released code: exp(0) of the sentence itself is one more term below the line.
    first = -math.log(math.e / (math.e + 1 + 1))
    second = -0.5 * math.log(math.e / (math.e + math.e**2 + 1)) - 0.5 * math.log(
        math.e**2 / (math.e + math.e**2 + 1)
    )
    third = -math.log(math.e**2 / (1 + math.e**2 + 1))
    code = QuickThought(
        QuickThoughtConfig(score="dot", negatives="all", self_as_zero=True), lambda: encoder
    ).eval()
    assert code(three, "train").loss.item() == pytest.approx((first + second + third) / 3, rel=1e-6)
    assert code(three, "train").metrics["chance"].item() == pytest.approx(math.log(3))


@pytest.mark.parametrize("towers", ["shared", "separate"])
@pytest.mark.parametrize("score_by", ["dot", "cosine"])
@pytest.mark.parametrize("negatives", ["all", "other-segments", "other-documents"])
def test_every_combination_is_the_double_loop(negatives: str, score_by: str, towers: str) -> None:
    for window, self_as_zero in product((1, 2, 3), (False, True)):
        settings = {
            "window": window,
            "negatives": negatives,
            "score": score_by,
            "towers": towers,
            "self_as_zero": self_as_zero,
        }
        model, text = method(temperature=0.3, **settings), batch()
        step = model(text, "train")
        f = embedded(model.f, text)
        g = f if model.g is None else embedded(model.g, text)
        loss, accuracy = naive(f, g, text, model.config)
        assert step.loss.item() == pytest.approx(loss.item(), rel=1e-5), settings
        assert step.metrics["accuracy"].item() == pytest.approx(accuracy), settings


@pytest.mark.parametrize("towers", ["shared", "separate"])
def test_gradients_of_both_towers_are_those_of_the_double_loop(towers: str) -> None:
    model, text = method(towers=towers, window=2, temperature=0.3), batch()
    model(text, "train").loss.backward()
    ours = {name: parameter.grad.to_dense().clone() for name, parameter in model.named_parameters()}
    model.zero_grad()
    f = embedded(model.f, text)
    naive(f, f if model.g is None else embedded(model.g, text), text, model.config)[0].backward()
    assert any(name.startswith("g.") for name in ours) == (towers == "separate")
    for name, parameter in model.named_parameters():
        assert torch.allclose(ours[name], parameter.grad.to_dense(), atol=1e-6), name
        assert ours[name].abs().sum() > 0


def test_accuracy_within_the_document_is_looked_at_in_evaluation_only() -> None:
    model, text = method(), batch()
    vectors = torch.nn.functional.normalize(embedded(model.f, text), dim=1)
    hits = []
    for i in range(len(text)):
        inside = [j for j in range(len(text)) if RUNS[i] == RUNS[j] and i != j]
        if inside:
            hits.append(abs(max(inside, key=lambda j: (vectors[i] @ vectors[j]).item()) - i) == 1)
    assert model(text, "train").metrics["accuracy_same_document"].item() == pytest.approx(
        sum(hits) / len(hits)
    )
    assert "accuracy_same_document" not in model.train()(text, "train").metrics


@pytest.mark.parametrize(("lead", "keep"), [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0)])
@pytest.mark.parametrize("towers", ["shared", "separate"])
@pytest.mark.parametrize("negatives", ["all", "other-segments", "other-documents"])
def test_the_rest_of_the_run_is_the_loop_with_the_same_draws(
    negatives: str, towers: str, lead: float, keep: float
) -> None:
    settings = {
        "target": "rest",
        "lead": lead,
        "keep": keep,
        "negatives": negatives,
        "towers": towers,
        "temperature": 0.3,
    }
    model = method(**settings)
    text = batch()
    torch.manual_seed(5)
    step = model(text, "train")
    torch.manual_seed(5)
    names = list(dict.fromkeys(RUNS))
    members = [[i for i in range(len(text)) if RUNS[i] == name] for name in names]
    drawn = [int(value * len(run)) for value, run in zip(torch.rand(len(names)), members, strict=True)]
    chosen = [
        run[0 if leads < lead else at]
        for run, at, leads in zip(members, drawn, torch.rand(len(names)), strict=True)
    ]
    stays = [value < keep for value in torch.rand(len(names))]
    assert lead < 1 or chosen == [run[0] for run in members]

    def tokens(i: int) -> list[int]:
        return text.ids[text.offsets[i] : text.offsets[i + 1]].tolist()

    questions = toy.batch([tokens(i) for i in chosen], chosen)
    rests = [
        [i for i in run if stay or i != one] for run, one, stay in zip(members, chosen, stays, strict=True)
    ]
    answers = toy.batch([[token for i in rest for token in tokens(i)] for rest in rests], chosen)
    f, g = embedded(model.f, questions), embedded(model.g or model.f, answers)
    losses = []
    for i in range(len(names)):
        for asks, finds in ((f, g), (g, f)):
            others = [j for j in range(len(names)) if DOCUMENTS[chosen[i]] != DOCUMENTS[chosen[j]]]
            if negatives != "other-documents":
                others = [j for j in range(len(names)) if j != i]
            scores = torch.stack([score(asks[i], finds[j], model.config) for j in [i, *others]])
            losses.append(-torch.log_softmax(scores, 0)[0])
    assert step.loss.item() == pytest.approx(torch.stack(losses).mean().item(), rel=1e-5)


def test_the_rest_is_drawn_anew_each_time_and_the_lead_share_is_kept() -> None:
    text = toy.batch([[5 + i] for i in range(2000)], [i // 4 for i in range(2000)])
    model = method(target="rest", lead=0.5)
    seen: list[Tensor] = []
    read = model.read
    model.read = lambda by_f, by_g: (seen.append(by_f[0]), read(by_f, by_g))[1]  # type: ignore[method-assign]
    model.f = SentenceTransformer(
        modules=[StaticEmbedding(toy.tokenizer(), embedding_weights=torch.randn(2100, 4))]
    )
    for _ in range(2):
        model(text, "train")
    place = (seen[0] - 5) % 4
    assert not torch.equal(seen[0], seen[1])
    shares = torch.bincount(place, minlength=4) / len(place)
    assert shares[0].item() == pytest.approx(0.5 + 0.5 / 4, abs=0.07)
    assert all(share.item() == pytest.approx(0.5 / 4, abs=0.05) for share in shares[1:])


@pytest.mark.parametrize("export", ["both", "f", "g"])
def test_what_is_exported_is_what_is_embedded(export: str) -> None:
    model, text = method(towers="separate", export=export), batch()
    with torch.no_grad():
        vectors = model.embed(text)
        f, g = embedded(model.f, text), embedded(model.g, text)
    assert not torch.allclose(f, g)
    halves = [torch.nn.functional.normalize(part, dim=1) for part in (f, g)]
    expected = {"both": torch.cat(halves, 1) / 2**0.5, "f": f, "g": g}[export]
    assert torch.allclose(vectors, expected, atol=1e-6)
    words = [
        " ".join(toy.WORDS[t] for t in text.ids[a:b])
        for a, b in zip(text.offsets[:-1], text.offsets[1:], strict=True)
    ]
    assert torch.allclose(torch.from_numpy(encode(model.encoder(), words)), vectors, atol=1e-5)


def test_words_are_dropped_in_training_and_never_in_evaluation() -> None:
    model, text = method(word_dropout=0.5), batch()
    assert model(text, "train").loss.item() == method()(text, "train").loss.item()
    model.train()
    losses = {model(text, "train").loss.item() for _ in range(4)}
    assert len(losses) == 4
    assert torch.equal(model.embed(text), model.embed(text))


def test_a_block_whose_words_are_all_dropped_gives_a_loss() -> None:
    for settings in ({}, {"target": "rest"}):
        model = method(word_dropout=0.999, **settings).train()
        step = model(toy.batch([[5], [6], [7], [8]], [0, 0, 1, 1]), "train")
        step.loss.backward()
        assert torch.isfinite(step.loss)
        assert all(torch.isfinite(p.grad.to_dense()).all() for p in model.parameters() if p.grad is not None)


def test_the_token_budget_reaches_the_encoders() -> None:
    losses = []
    for budget in (16, 10**6):
        model = toy_run.make("quick-thought", {"towers": "separate"}, "gru").eval()
        model.token_budget = budget
        losses.append(model(batch(), "train").loss.item())
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


@pytest.mark.parametrize(
    "settings",
    [
        {"window": 0},
        {"temperature": 0.0},
        {"temperature": -1.0},
        {"lead": 1.1},
        {"lead": -0.1},
        {"word_dropout": 1.0},
        {"word_dropout": -0.1},
        {"target": "rest", "self_as_zero": True},
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(InputError) as refused:
        QuickThoughtConfig(**settings)
    assert refused.value.setting in settings


def test_the_export_of_both_towers_leaves_them_on_their_device(monkeypatch: pytest.MonkeyPatch) -> None:
    made = method(towers="separate")
    monkeypatch.setattr("sentence_transformers.base.model.get_device_name", lambda: "meta")
    made.encoder()
    assert {each.device.type for each in made.parameters()} == {"cpu"}
