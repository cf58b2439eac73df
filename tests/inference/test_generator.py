"""From raw text to generated sentences: train on the toy corpus, reopen the run, write, and stay on the
sentence's topic."""

from __future__ import annotations

import io
import json
import re
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sentrep import api
from sentrep.cli.main import main
from sentrep.data.batch import SentenceBatch
from sentrep.data.config import TokenizerConfig
from sentrep.encoders.config import EncoderConfig
from sentrep.inference import generator as generating
from sentrep.inference.generator import Generated, SentenceGenerator, generate, generate_as, interpolate
from sentrep.inference.runs import open_method
from sentrep.methods.registry import METHODS
from sentrep.methods.skip_thought.method import SkipThought
from sentrep.modules.decoding import State
from sentrep.modules.decoding_config import DecodingConfig
from sentrep.training.config import TrainingConfig
from sentrep.training.job import Trained
from sentrep.utils.errors import InputError
from tests import toy
from tests.errors import refuses

SENTENCES = [" ".join(sentence) + "." for document in toy.documents(30, seed=9) for sentence in document]
ONE, OTHER = "topic3word2 common1 topic3word5 topic3word7.", "topic8word2 topic8word3 common4 topic8word9."

pytestmark = pytest.mark.slow  # a run is trained first


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("generating")
    toy.write_corpus(made / "corpus.jsonl", 400)
    return made


def train(
    place: Path,
    out: str,
    method: str = "skip-thought",
    kind: str = "bag",
    steps: int = 1,
    start: Path | None = None,
    **settings: Any,
) -> Trained:
    small = {"samples": 0, "decoder_width": 48, "decoder_token_width": 32} if method == "skip-thought" else {}
    return api.train(
        method,
        corpus=place / "corpus.jsonl",
        out=place / out,
        encoder=EncoderConfig(kind, width=64, token_width=32, layers=0 if kind == "bag" else 1),
        tokenizer=TokenizerConfig("word", max_tokens=24),
        settings=METHODS[method].config(**small | settings),
        training=TrainingConfig(
            steps=steps,
            start=start,
            lr=2e-2,
            batch_size=128,
            device="cpu",
            tracker="none",
            validation=0.1,
            validate_every=max(1, steps // 3),
        ),
        cache=place / "cache",
    )


@pytest.fixture(scope="module")
def trained(place: Path) -> Trained:
    return train(place, "run", steps=150)


@pytest.fixture(scope="module")
def generator(trained: Trained) -> SentenceGenerator:
    return SentenceGenerator.open(trained.run.path)


@pytest.fixture
def copied(trained: Trained, tmp_path: Path) -> Path:
    """A run that a test may damage."""
    return Path(shutil.copytree(trained.run.path, tmp_path / "run"))


def topics(text: str) -> Counter[str]:
    return Counter(re.findall(r"topic(\d+)word", text))


def on_topic(sentences: list[str], written: list[list[Generated]]) -> float:
    """Share of the topical words of what was written that are of the sentence's topic; chance is one in
    twelve."""
    right = total = 0
    for sentence, candidates in zip(sentences, written, strict=True):
        for candidate in candidates:
            right += topics(candidate.text)[topics(sentence).most_common(1)[0][0]]
            total += topics(candidate.text).total()
    assert total > 100
    return right / total


@pytest.mark.parametrize("to", ["next", "previous"])
def test_what_is_written_stays_on_topic(generator: SentenceGenerator, to: str) -> None:
    sentences = [sentence for sentence in SENTENCES if topics(sentence)]
    best = on_topic(sentences, generate(generator, sentences, to, DecodingConfig(k=3, min_length=5)))
    drawn = on_topic(sentences, generate(generator, sentences, to, DecodingConfig("nucleus", k=3)))
    assert best > 0.9
    assert drawn > 0.3


def test_between_two_sentences_the_topic_changes(generator: SentenceGenerator) -> None:
    decoding = DecodingConfig("nucleus", k=30, min_length=5, temperature=0.7)
    line = interpolate(generator, ONE, OTHER, steps=5, decoding=decoding)
    counts = [sum((topics(written.text) for written in step), Counter[str]()) for step in line]
    shares = [count["8"] / (count["3"] + count["8"]) for count in counts]
    assert len(line) == 5
    assert shares[0] < 0.2
    assert shares[-1] > 0.8
    best = DecodingConfig(k=2)
    ends = interpolate(generator, ONE, OTHER, steps=2, decoding=best)
    assert [[written.text for written in step] for step in ends] == [
        [written.text for written in step] for step in generate(generator, [ONE, OTHER], decoding=best)
    ]


def test_a_reopened_method_has_all_that_was_learnt(trained: Trained, generator: SentenceGenerator) -> None:
    weights = trained.run.load_best()
    assert weights is not None
    reopened = generator.trained.method.state_dict()
    decoding = {name for name in weights if not name.startswith("f.")}
    assert len(decoding) > 10
    assert all(torch.equal(weights[name], reopened[name]) for name in decoding)
    assert not generator.trained.method.training
    assert np.allclose(generator.vectors(SENTENCES), api.embed(trained.model, SENTENCES), atol=1e-6)


def sentence_batch(generator: SentenceGenerator, texts: list[str]) -> SentenceBatch:
    return toy.batch([generator.trained.tokenizer.encode(text) for text in texts], [0] * len(texts))


@pytest.mark.parametrize(
    ("kind", "condition"),
    [("bag", "every-gate"), ("gru", "first-state"), ("lstm", "every-gate"), ("transformer", "first-state")],
)
def test_decoding_goes_by_the_probabilities_of_training(place: Path, kind: str, condition: str) -> None:
    """For every kind of encoder: the likelihood that the objective gives the neighbours of sentences,
    reopened and step by step."""
    few = train(place, f"{kind} {condition}", kind=kind, condition=condition)
    generator = SentenceGenerator.open(few.run.path)
    assert isinstance(generator.trained.method, SkipThought)
    texts = [few.store.sentence(place) for place in range(6)]
    batch = sentence_batch(generator, texts)
    assert torch.equal(batch.ids, torch.from_numpy(few.store.ids[: len(batch.ids)].astype(np.int64)))
    with torch.no_grad():
        objective = generator.trained.method(batch, "train").metrics
        for to, sources, targets in (("next", texts[:-1], texts[1:]), ("previous", texts[1:], texts[:-1])):
            advance, state, end = generator.trained.method.generator(to, generator.vectors(sources))
            rows = [[*generator.trained.tokenizer.encode(text), end] for text in targets]
            assert objective[f"nll_{to}"].item() == pytest.approx(-forced(advance, state, rows), abs=1e-4)


def forced(advance: Any, state: State, rows: list[list[int]]) -> float:
    """Mean log-probability of the tokens of some sentences, whatever the decoder would have liked better."""
    gained: list[float] = []
    last = None
    for step in range(max(map(len, rows))):
        log_prob, state = advance(last, state)
        gained += [log_prob[place, row[step]].item() for place, row in enumerate(rows) if step < len(row)]
        last = torch.tensor([row[step] if step < len(row) - 1 else 0 for row in rows])
    return sum(gained) / len(gained)


def test_sentences_are_read_as_in_training(generator: SentenceGenerator) -> None:
    words = [f"common{number}" for number in range(30)]
    cut, longer = generate(generator, [" ".join(words[:24]), " ".join(words)])
    assert cut == longer


def test_texts_are_of_their_tokens_and_special_ones_never_come(generator: SentenceGenerator) -> None:
    for how, k in (("beam", 5), ("greedy", 1), ("nucleus", 5)):
        decoding = DecodingConfig(how, k=k, min_length=3, max_length=12, top_p=1.0, temperature=3.0)  # type: ignore[arg-type]
        found = generate(generator, SENTENCES[:20], decoding=decoding)
        assert len(found) == 20
        for candidates in found:
            assert len(candidates) == k
            for text, log_prob, tokens in candidates:
                assert text == generator.trained.tokenizer.decode(tokens)
                assert len(text.split()) == len(tokens)
                assert 3 <= len(tokens) <= 12
                assert min(tokens) >= len(toy.SPECIAL)
                assert log_prob < 0


def test_probabilities_are_told_by_the_token() -> None:
    assert Generated("a b", -6.0, [1, 2]).per_token == -2.0


def test_the_number_decoded_at_once_changes_nothing(
    generator: SentenceGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = generate(generator, SENTENCES[:10], decoding=DecodingConfig(k=3))
    monkeypatch.setattr(generating, "AT_ONCE", 3)
    apart = generate(generator, SENTENCES[:10], decoding=DecodingConfig(k=3))
    assert [[each.tokens for each in candidates] for candidates in together] == [
        [each.tokens for each in several] for several in apart
    ]
    drawn = [
        generate(generator, SENTENCES[:10], decoding=DecodingConfig("nucleus", seed=seed))
        for seed in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    assert generate(generator, []) == []


def test_a_method_without_a_decoder_reopens_but_does_not_generate(place: Path) -> None:
    run = train(place, "quick", "quick-thought").run.path
    method, tokenizer = open_method(run)
    with torch.no_grad():
        vectors = method.embed(
            toy.batch([tokenizer.encode(text) for text in SENTENCES], [0] * len(SENTENCES))
        )
    assert np.allclose(vectors, api.embed(run, SENTENCES), atol=1e-6)
    with refuses(place="quick"):
        generate(run, [ONE])


def test_of_two_encoders_only_what_can_be_is_put_together_again(place: Path) -> None:
    both = train(place, "both", "quick-thought", kind="gru", towers="separate")
    with refuses(place="model"):
        open_method(both.run.path)
    first = train(place, "first", "quick-thought", kind="gru", towers="separate", export="f")
    weights, reopened = first.run.load_best(), open_method(first.run.path)[0].state_dict()
    assert weights is not None
    assert weights.keys() == reopened.keys()
    assert all(torch.equal(weights[name], reopened[name]) for name in weights)


@pytest.mark.parametrize(
    ("method", "settings"),
    [
        ("flow", {"blocks": 2, "coupling_width": 16}),
        ("semantic-hashing", {"bits": 16, "hidden_width": 32}),
    ],
)
def test_what_stands_behind_an_encoder_is_reopened_and_trained_further(
    place: Path, method: str, settings: dict[str, Any]
) -> None:
    run = train(place, method, method, **settings).run.path
    further = train(place, f"{method}-further", method, steps=0, start=run, **settings).run.path
    texts = SENTENCES[:5]
    assert np.array_equal(api.embed(run, texts), api.embed(further, texts))
    opened, tokenizer = open_method(run)
    assert len(opened.encoder()) == len(api.load(further))
    with torch.no_grad():
        vectors = opened.embed(toy.batch([tokenizer.encode(text) for text in texts], [0] * len(texts)))
    assert np.allclose(vectors, api.embed(run, texts), atol=1e-6)


def test_each_file_that_is_amiss_is_named(copied: Path) -> None:
    kept, told = copied / "method" / "method.safetensors", copied / "run.json"
    whole, settings = kept.read_bytes(), json.loads(told.read_text())
    kept.write_bytes(whole[:100])
    with refuses(place="method.safetensors"):
        open_method(copied)
    kept.unlink()
    with refuses(place="method.safetensors"):
        open_method(copied)
    kept.write_bytes(whole)
    for changed, place in (
        ({"decoder_width": 32}, "method.safetensors"),
        ({"write": "itself"}, "method.safetensors"),
        ({"no_such": 1}, "run.json"),
        ({"decoder_width": 0}, "run.json"),
    ):
        told.write_text(
            json.dumps(
                settings | {"run": settings["run"] | {"settings": settings["run"]["settings"] | changed}}
            )
        )
        with refuses(place=place):
            open_method(copied)
    told.write_text(json.dumps(settings | {"run": settings["run"] | {"method": "skip-thoughts"}}))
    with pytest.raises(InputError, match="did you mean 'skip-thought'"):
        open_method(copied)
    told.write_text(json.dumps({"run": {"method": "skip-thought"}}))
    with refuses(place="run.json"):
        open_method(copied)
    told.write_text(json.dumps(settings))
    shutil.rmtree(copied / "model")
    with refuses(place="model"):
        generate(copied, [ONE])
    with refuses(place="method"):
        generate(copied / "method", [ONE])


def test_arguments_that_cannot_be_right(generator: SentenceGenerator) -> None:
    with pytest.raises(InputError) as error:
        generate(generator, ONE)
    assert error.value.setting == "sentences"
    with refuses(setting="sentences"):
        generate(generator, [ONE, " ", OTHER])
    with pytest.raises(InputError) as error:
        interpolate(generator, ONE, OTHER, steps=1)
    assert error.value.setting == "steps"
    with pytest.raises(InputError) as error:
        generate(generator, [ONE], "itself")
    assert error.value.setting == "to"


def run(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> list[str]:
    assert main(["generate", *words]) == status
    captured = capsys.readouterr()
    return (captured.err if status else captured.out).splitlines()


def test_the_command_line_says_the_same(
    trained: Trained, generator: SentenceGenerator, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(trained.run.path)
    lines = run(
        capsys, path, ONE, OTHER, "--k", "2", "--beam-width", "4", "--to", "previous", "--min-length", "4"
    )
    wanted = generate(generator, [ONE, OTHER], "previous", DecodingConfig(k=2, beam_width=4, min_length=4))
    assert [lines[0], lines[3]] == [ONE, OTHER]
    shown = [line.split(maxsplit=1) for line in (*lines[1:3], *lines[4:])]
    assert [text for _, text in shown] == [each.text for candidates in wanted for each in candidates]
    assert all(line.startswith("  ") for line in (*lines[1:3], *lines[4:]))
    expected = [each.per_token for candidates in wanted for each in candidates]
    assert [float(value) for value, _ in shown] == pytest.approx(expected, abs=6e-4)


def test_a_line_between_two_sentences_is_printed(
    trained: Trained, generator: SentenceGenerator, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = run(
        capsys,
        str(trained.run.path),
        ONE,
        "--between",
        OTHER,
        "--steps",
        "3",
        "--strategy",
        "greedy",
        "--min-length",
        "5",
    )
    assert (lines[0], lines[-1]) == (ONE, OTHER)
    assert [line.split()[0] for line in lines[1:-1]] == ["0.00", "0.50", "1.00"]
    wanted = interpolate(generator, ONE, OTHER, 3, decoding=DecodingConfig("greedy", min_length=5))
    assert [line.split(maxsplit=2)[2] for line in lines[1:-1]] == [written.text for (written,) in wanted]


def test_without_a_sentence_it_asks(
    trained: Trained,
    generator: SentenceGenerator,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for ending in ("\n", ""):  # an empty line, and the end of the input
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{ONE}\n{OTHER}\n{ending}"))
        told = "\n".join(run(capsys, str(trained.run.path), "--min-length", "5"))
        (one,), (other,) = generate(generator, [ONE, OTHER], decoding=DecodingConfig(min_length=5))
        assert one.text in told
        assert other.text in told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere", "a b"), "nowhere: no such run folder"),
        (("RUN", "a b", "--to", "itself"), "previous and next"),
        (("RUN", "a b", "--k", "9", "--beam-width", "5"), "raise --beam-width"),
        (("RUN", "a b", "--strategy", "greedy", "--k", "2"), "--strategy greedy"),
        (("RUN", "--between", "a b"), "not 0"),
        (("RUN", "a b", "--between", "c d", "--steps", "1"), "--steps 1"),
    ],
)
def test_bad_input_is_one_line(
    trained: Trained, words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (line,) = run(capsys, *(str(trained.run.path) if word == "RUN" else word for word in words), status=1)
    assert line.startswith("sentrep: ")
    assert said in line


@pytest.fixture(scope="module")
def disentangled(place: Path) -> Trained:
    return train(place, "disentangled", "disentangle", samples=0, decoder_width=48, decoder_token_width=32)


@pytest.fixture
def document(tmp_path: Path) -> Path:
    file = tmp_path / "document.txt"
    file.write_text(f"{ONE}\n{OTHER}\n", encoding="utf-8")
    return file


def test_a_sentence_in_the_style_of_a_document(disentangled: Trained, document: Path) -> None:
    """The vector has the content of the sentence, and the style of the document's sentences."""
    generator = SentenceGenerator.open(disentangled.run.path)
    codes, width = (
        generator.vectors([ONE, OTHER, SENTENCES[0]]),
        generator.trained.record.settings.content_width,
    )
    restyled = generator.restyled([SENTENCES[0]], document)
    assert torch.equal(restyled[0, :width], codes[2, :width])
    wanted = torch.nn.functional.normalize(codes[:2, width:].mean(0), dim=0)
    assert torch.allclose(torch.nn.functional.normalize(restyled[0, width:], dim=0), wanted, atol=1e-5)
    assert not torch.allclose(restyled[0, width:], codes[2, width:], atol=1e-3)
    decoding = DecodingConfig("greedy", min_length=3)
    by_file = generate_as(generator, [SENTENCES[0]], document, decoding)
    assert by_file == generate_as(generator, [SENTENCES[0]], [[ONE, OTHER]], decoding)
    assert by_file == generator(restyled, None, decoding)


def test_the_command_line_takes_a_document(
    disentangled: Trained, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(disentangled.run.path)
    lines = run(capsys, path, ONE, "--as", str(document), "--k", "7", "--min-length", "3")
    assert lines[0] == ONE
    assert len(lines) == 8
    wanted = generate_as(path, [ONE], document, DecodingConfig(k=7, min_length=3))
    assert [line.split(maxsplit=1)[1] for line in lines[1:]] == [each.text for each in wanted[0]]


def test_a_style_that_cannot_be_had(
    trained: Trained, disentangled: Trained, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InputError):
        generate_as(trained.run.path, [ONE], document)
    path = str(disentangled.run.path)
    for words in ((ONE, "--as", "nowhere.txt"), ("--as", str(document)), (ONE, "--between", OTHER)):
        asked = words if "--as" in words else (*words, "--as", str(document))
        assert "--as" in run(capsys, path, *asked, status=1)[-1]


def test_any_number_of_vectors_is_drawn_from_the_prior(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = train(place, "vae", "vae", samples=0, decoder_width=48, decoder_token_width=32, latent_width=8)
    for strategy in ("beam", "nucleus"):
        lines = run(
            capsys, str(made.run.path), "--from", "prior", "--k", "23", "--strategy", strategy,
            "--max-length", "4",
        )  # fmt: skip
        assert len(lines) == 23
