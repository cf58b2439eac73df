"""The commands that measure: what is wrong is said in a line, before any work, and costs nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentrep.cli.main import main

PAIRS = "score\tsentence1\tsentence2\n1\ta cat\ta dog\n2\ta cat\tone cat\n3\ta bird\ta bird sings\n"


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in {"sts": PAIRS, "other/sts": PAIRS.replace("bird", "bee")}.items():
        Path(name).mkdir(parents=True)
        Path(name, "test.tsv").write_text(text)
    return tmp_path


def run_command(command: str, status: int, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    assert main(command.split()) == status, command
    captured = capsys.readouterr()
    return captured.out, captured.err


def test_a_model_that_is_not_there_costs_the_others_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = run_command("eval no/such/model random bm25 --task sts", 1, capsys)
    assert "random" in out
    assert "kept in results.jsonl" in out
    assert err.splitlines()[0] == "sentrep: no/such/model: no such model folder"
    assert "skipped: bm25: sts: needs a model that Embeds" in err
    out, err = run_command("eval no/such/model --task sts --results new.jsonl", 1, capsys)
    assert (out, err) == ("", "sentrep: no/such/model: no such model folder\n")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("eval unopened --task nowhere", "nowhere: no such file or folder"),
        (
            "eval unopened --suite quik --data .",
            "no suite is called 'quik' and no .toml file; did you mean 'quick'?",
        ),
        (
            "eval unopened --suite sts --data nowhere",
            "nowhere: no folder of benchmarks; give one (--data, or",
        ),
        ("eval unopened --task broken", "broken/test.tsv:3: score 'much' is not a number"),
        ("eval unopened --task sts --part dev", "sts: no file of split 'dev'; there are: test.tsv"),
        (
            "eval unopened --task sts --results foreign.jsonl",
            "foreign.jsonl:1: not a result; expected the JSON lines",
        ),
        (
            "eval unopened --task sts --results sts",
            "sts is a folder; results are kept in a file: give sts/results.jsonl",
        ),
        ("compare foreign.jsonl", "foreign.jsonl:1: not a result"),
        ("compare absent.jsonl", "absent.jsonl: no such results file"),
        ("report absent.jsonl", "absent.jsonl: no such results file"),
        ("baseline doc2vec --corpus sts --out folder", "doc2vec has to learn the vector of each text anew"),
    ],
)
def test_what_is_wrong_is_said_before_any_model_is_opened(
    command: str, message: str, at_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (at_home / "foreign.jsonl").write_text('{"loss": 1}\n')
    (at_home / "broken").mkdir()
    (at_home / "unopened").mkdir()  # to open it would be another error
    (at_home / "broken" / "test.tsv").write_text(PAIRS.replace("2\ta", "much\ta"))
    before = sorted(at_home.rglob("*"))
    out, err = run_command(command, 1, capsys)
    assert out == ""
    assert err.startswith(f"sentrep: {message}")
    assert err.count("\n") == 1
    assert sorted(at_home.rglob("*")) == before


def test_other_data_under_one_name_are_not_compared(capsys: pytest.CaptureFixture[str]) -> None:
    run_command("eval random --task sts --results a.jsonl", 0, capsys)
    run_command(
        "baseline hashing --corpus sts/test.tsv --text-field sentence1 --out words --width 8 --cache cache",
        0,
        capsys,
    )
    run_command("eval words --task other/sts --results b.jsonl", 0, capsys)
    _, err = run_command("compare a.jsonl b.jsonl", 1, capsys)
    assert err.startswith(
        "sentrep: sts (test), Spearman: words and random cannot be compared, their data differ"
    )
    run_command("eval words --task sts --results b.jsonl", 0, capsys)
    out, _ = run_command("compare a.jsonl b.jsonl --style markdown", 0, capsys)
    assert "| a random |" in out


def test_a_file_whose_last_line_is_cut_is_gone_on_with(
    at_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_command("eval random --task sts", 0, capsys)
    file = at_home / "results.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole[:-30])
    out, err = run_command("eval random --task sts", 0, capsys)
    assert "skipped 1 unreadable" in err
    assert "random" in out
    assert len(file.read_bytes().splitlines()) == 2
