"""From raw text to summaries: train on the toy corpus, reopen the run, write, in Python and on the command
line."""

from __future__ import annotations

import io
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from tokenizers.processors import TemplateProcessing

from sentrep import api
from sentrep.cli.main import main
from sentrep.data.config import TokenizerConfig
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.encoders.config import EncoderConfig
from sentrep.inference import summarizer as summarizing
from sentrep.inference.eval_adapter import measured
from sentrep.inference.summarizer import Summarizer, summarize
from sentrep.methods.capabilities import HasSummarizer
from sentrep.methods.seq2seq2seq.config import Seq2Seq2SeqConfig
from sentrep.modules.decoding import Constraints, beam_search, greedy_search
from sentrep.modules.decoding_config import DecodingConfig
from sentrep.modules.padding import pad_lists
from sentrep.training.config import TrainingConfig
from sentrep.training.method_state import method_state_file
from sentrep.utils.capabilities import Embeds, Summarizes
from sentrep.utils.errors import InputError
from tests import toy
from tests.errors import refuses

SMALL = {
    "generator_token_width": 16,
    "generator_width": 24,
    "max_summary_tokens": 6,
    "max_article_tokens": 12,
    "shortlist": 300,
}
TEXTS = [" ".join(sentence) + "." for document in toy.documents(6, seed=9) for sentence in document]
GREEDY = DecodingConfig("greedy")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("summarizing")
    toy.write_corpus(made / "corpus.jsonl", 120)
    shutil.copy(toy.summaries(), made / "summaries.txt")
    return made


def train(
    place: Path,
    out: str,
    method: str = "seq2seq2seq",
    settings: Seq2Seq2SeqConfig | None = None,
    steps: int = 4,
    start: Path | None = None,
) -> Path:
    return api.train(
        method,
        corpus=place / "corpus.jsonl",
        out=place / out,
        encoder=EncoderConfig("bag", width=32),
        tokenizer=TokenizerConfig("word", max_tokens=10),
        settings=settings,
        training=TrainingConfig(
            steps=steps,
            batch_size=64,
            device="cpu",
            tracker="none",
            validation=0.1,
            validate_every=4,
            lr=5e-2,
            start=start,
        ),
        cache=place / "cache",
    ).run.path


@pytest.fixture(scope="module")
def run(place: Path) -> Path:
    path = place / "summaries.txt"
    trained = train(
        place,
        "run",
        settings=Seq2Seq2SeqConfig(summaries=str(path), pretrain_share=0.5, critic_steps=1, **SMALL),
    )  # type: ignore[arg-type]
    path.unlink()  # what was learnt is in the run
    return trained


@pytest.fixture(scope="module")
def summarizer(run: Path) -> Summarizer:
    return Summarizer.open(run)


def naive(summarizer: Summarizer, text: str, length: int, how: str, at_most: int = 6) -> str:
    """One text alone, by the parts."""
    method, tokenizer = summarizer.trained.method, summarizer.trained.tokenizer
    assert isinstance(method, HasSummarizer)
    bounds = Constraints(1, at_most, tuple(range(len(toy.SPECIAL))))
    with torch.no_grad():
        generator = method.summarizer(pad_lists([tokenizer.encode(text)[:10]]), torch.tensor([length]))
    found = (
        greedy_search(generator, bounds)[0] if how == "greedy" else beam_search(generator, bounds, 5)[0][0]
    )
    return tokenizer.decode(found.tokens)


@pytest.mark.parametrize("how", ["greedy", "beam"])
def test_summaries_are_what_the_generator_writes(summarizer: Summarizer, how: str) -> None:
    decoding = None if how == "greedy" else DecodingConfig("beam")
    found = summarize(summarizer, TEXTS, decoding=decoding)
    assert found == [naive(summarizer, text, 4, how) for text in TEXTS]
    assert found == summarizer(TEXTS, decoding=decoding)
    assert len(set(found)) > 1
    for summary in found:
        assert 1 <= len(summarizer.trained.tokenizer.encode(summary)) <= 6


def test_a_length_is_told_and_a_bound_is_kept(summarizer: Summarizer) -> None:
    assert summarizer(TEXTS, 4, GREEDY) == summarizer(TEXTS, None, GREEDY)
    for length in (1, 6):
        assert summarizer(TEXTS, length, GREEDY) == [
            naive(summarizer, text, length, "greedy") for text in TEXTS
        ]
    short = summarizer(TEXTS, 6, DecodingConfig("greedy", max_length=2))
    assert short == [naive(summarizer, text, 6, "greedy", at_most=2) for text in TEXTS]
    assert summarizer(TEXTS, 6, DecodingConfig("greedy", max_length=100)) == summarizer(TEXTS, 6, GREEDY)
    for length in (0, -1, 7):
        with refuses(setting="length"):
            summarizer(TEXTS, length)
    with pytest.raises(InputError) as error:
        summarizer(TEXTS, decoding=DecodingConfig(min_length=9))
    assert error.value.setting == "min_length"


def test_a_text_is_cut_as_in_training(summarizer: Summarizer) -> None:
    words = [f"common{number}" for number in range(20)]
    assert len(summarizer.trained.tokenizer.encode(" ".join(words))) == 20
    cut, longer = summarizer([" ".join(words[:10]), " ".join(words)])
    assert cut == longer


def test_empty_texts_have_empty_summaries(summarizer: Summarizer) -> None:
    whole = summarizer(TEXTS[:2])
    assert summarizer(["", TEXTS[0], "  \n", TEXTS[1], ""]) == ["", whole[0], "", whole[1], ""]
    assert summarizer(["", " "]) == ["", ""]
    assert summarizer([]) == []


def test_marks_around_a_text_do_not_make_it_one(summarizer: Summarizer) -> None:
    marking = Tokenizer.from_json(summarizer.trained.tokenizer.to_json())
    marking.inner.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    assert marking.encode("") == [2, 3]
    marked = replace(summarizer, trained=replace(summarizer.trained, tokenizer=marking))
    empty, written = marked(["", TEXTS[0]])
    assert empty == ""
    assert written


def test_the_number_at_once_changes_nothing(summarizer: Summarizer, monkeypatch: pytest.MonkeyPatch) -> None:
    together = summarizer(["", *TEXTS[:9]])
    monkeypatch.setattr(summarizing, "AT_ONCE", 4)
    assert summarizer(["", *TEXTS[:9]]) == together


def test_draws_go_by_their_seed(summarizer: Summarizer) -> None:
    first, again, other = (
        summarizer(TEXTS, decoding=DecodingConfig("nucleus", top_p=1.0, temperature=2.0, seed=seed))
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_a_run_is_opened_by_its_folder(run: Path, summarizer: Summarizer) -> None:
    assert api.summarize(run, TEXTS[:3], 5) == summarizer(TEXTS[:3], 5)
    assert (summarizer.max_article_tokens, summarizer.max_summary_tokens) == (12, 6)


def test_arguments_that_cannot_be_right(summarizer: Summarizer) -> None:
    with pytest.raises(InputError) as error:
        summarizer(TEXTS[0])
    assert error.value.setting == "texts"
    with pytest.raises(InputError) as error:
        summarizer(TEXTS, decoding=DecodingConfig(k=2))
    assert error.value.setting == "k"


def test_another_method_is_refused(place: Path) -> None:
    other = train(place, "other", "quick-thought")
    with refuses(place="other"):
        Summarizer.open(other)


@pytest.mark.parametrize("summaries", [None, "nowhere.txt"])
def test_training_says_which_file_it_lacks(place: Path, tmp_path: Path, summaries: str | None) -> None:
    given = None if summaries is None else str(tmp_path / summaries)
    with refuses(setting="summaries"):
        train(place, f"lacking {summaries}", settings=Seq2Seq2SeqConfig(summaries=given, **SMALL))  # type: ignore[arg-type]


def said(capsys: pytest.CaptureFixture[str], *words: str | Path, status: int = 0) -> list[str]:
    assert main(["summarize", *map(str, words)]) == status
    captured = capsys.readouterr()
    return (captured.err if status else captured.out).splitlines()


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    path = tmp_path / "articles.txt"
    path.write_text("\n".join(TEXTS[:7]) + "\n", encoding="utf-8")
    return path


def test_the_command_line_prints_the_same(
    run: Path, summarizer: Summarizer, articles: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(capsys, run, "--input", articles) == summarizer(TEXTS[:7])
    assert said(capsys, run, "--input", articles, "--strategy", "greedy", "--length", "6") == summarizer(
        TEXTS[:7], 6, GREEDY
    )
    short = DecodingConfig("beam", beam_width=2, max_length=3)
    asked = said(
        capsys, run, "--input", articles, "--strategy", "beam", "--beam-width", "2", "--max-length", "3"
    )
    assert asked == summarizer(TEXTS[:7], None, short)


def test_the_command_line_writes_a_file(
    run: Path, summarizer: Summarizer, articles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records, out = tmp_path / "records.jsonl", tmp_path / "new" / "summaries.jsonl"
    records.write_text("".join(json.dumps({"body": text}) + "\n" for text in TEXTS[7:9]), encoding="utf-8")
    (line,) = said(capsys, run, "--input", articles, "--out", out)
    assert line == f"7 summaries in {out}"
    found = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [(each["article"], each["summary"]) for each in found] == list(
        zip(TEXTS[:7], summarizer(TEXTS[:7]), strict=True)
    )
    assert said(capsys, run, "--input", records, "--text-field", "body") == summarizer(TEXTS[7:9])


def test_the_command_line_reads_standard_input(
    run: Path, summarizer: Summarizer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO("\n".join(TEXTS[:2]).encode())))
    assert said(capsys, run, "--input", "-") == summarizer(TEXTS[:2])


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("nowhere", "--input", "FILE"), "nowhere: no such run folder"),
        (("RUN", "--input", "no/such.txt"), "no such file or folder"),
        (
            ("RUN", "--input", "FILE", "--length", "7"),
            "--length 7: this run was trained to write 1 to 6 tokens",
        ),
        (("RUN", "--input", "FILE", "--k", "2"), "--k 2"),
        (("RUN", "--input", "FILE", "--beam-width", "0"), "--beam-width 0"),
    ],
)
def test_bad_input_is_one_line(
    run: Path, articles: Path, words: tuple[str, ...], wanted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"RUN": str(run), "FILE": str(articles)}
    (line,) = said(capsys, *(given.get(word, word) for word in words), status=1)
    assert line.startswith("sentrep: ")
    assert wanted in line


def test_a_run_is_evaluated_as_what_writes_and_as_what_embeds(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    task, results = tmp_path / "headlines", tmp_path / "results.jsonl"
    task.mkdir()
    pairs = [{"article": text, "summary": " ".join(text.split()[:3])} for text in TEXTS]
    (task / "test.jsonl").write_text("\n".join(map(json.dumps, pairs)))
    monkeypatch.setattr(
        sys, "argv", ["sentrep", "eval", str(run), "--task", str(task), "--results", str(results)]
    )
    assert main() == 0
    assert "R-1" in capsys.readouterr().out
    model, alone = measured(run), measured(run / "model")
    assert isinstance(model.implementation, Summarizes)
    assert model.implementation.summarize(TEXTS[:4]) == summarize(run, TEXTS[:4])
    assert not isinstance(alone.implementation, Summarizes)
    assert isinstance(model.implementation, Embeds)
    assert isinstance(alone.implementation, Embeds)
    assert (model.implementation.encode(TEXTS[:4]) == alone.implementation.encode(TEXTS[:4])).all()
    assert model.content_hash.startswith(alone.content_hash)
    assert (
        model.content_hash != alone.content_hash
    )  # the same encoder with another decoder writes something else
    assert model.method == alone.method


def test_a_run_goes_on_from_another(place: Path, run: Path) -> None:
    settings = Seq2Seq2SeqConfig(summaries=str(toy.summaries()), pretrain_share=0.0, critic_steps=1, **SMALL)  # type: ignore[arg-type]
    still = train(place, "still", settings=settings, steps=0, start=run)
    assert method_state_file(still).read_bytes() == method_state_file(run).read_bytes()
    assert summarize(still, TEXTS[:4]) == summarize(run, TEXTS[:4])
    further = train(place, "further", settings=settings, steps=1, start=run)
    assert method_state_file(further).read_bytes() != method_state_file(run).read_bytes()
    soft = replace(
        settings, gradient_estimator="softmax", gan_loss="wgan-gp"
    )  # of which the critic is of another kind
    assert summarize(train(place, "soft", settings=soft, steps=0, start=run), TEXTS[:4]) == summarize(
        run, TEXTS[:4]
    )
    told = json.loads((further / "run.json").read_text())["run"]
    assert told["encoder"]["encoder"] == str(run / "model")
    assert told["training"]["lr"] == 5e-2


def test_what_a_run_cannot_go_on_from_is_said(place: Path, run: Path, tmp_path: Path) -> None:
    settings = Seq2Seq2SeqConfig(summaries=str(toy.summaries()), **SMALL | {"generator_width": 26})  # type: ignore[arg-type]
    with refuses(place="method.safetensors"):
        train(place, "wider", settings=settings, start=run)
    with pytest.raises(InputError) as error:
        train(place, "other", "quick-thought", start=run)
    assert error.value.setting == "start"
    with refuses(place=tmp_path):
        train(place, "none", start=tmp_path)
