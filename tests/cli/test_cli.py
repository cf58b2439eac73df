"""The command line, word for word as the documents give it."""

from __future__ import annotations

import io
import json
import os
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from sentrep.cli.main import main
from sentrep.search import Index
from tests import toy

VERBS = [
    "quickstart", "train", "embed", "index", "search", "eval", "compare", "combine", "expand", "generate",
    "baseline", "report",
]  # fmt: skip
TRAIN = "train quick-thought --corpus books/ --out runs/qt --encoder bag --keep-out 0"
HEAVY = ("numpy", "torch", "transformers", "sentence_transformers", "datasets", "faiss", "accelerate")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with books in it, and what the first commands make there."""
    made = tmp_path_factory.mktemp("home")
    (made / "books").mkdir()
    toy.write_corpus(made / "books" / "toy.jsonl", 300)
    toy.write_corpus(made / "heldout.jsonl", 60, seed=9)
    (made / "input.txt").write_text(
        "common1 topic3word2.\ncommon2 topic5word5.\ncommon4 topic3word2 common1.\n"
    )
    return made


@pytest.fixture(autouse=True)
def at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    monkeypatch.setenv("SENTREP_CACHE", str(home / "cache"))


@pytest.fixture(scope="module")
def trained(home: Path) -> Path:
    before = Path.cwd()
    os.chdir(home)
    os.environ["SENTREP_CACHE"] = str(home / "cache")
    try:
        assert main(TRAIN.split()) == 0
    finally:
        os.chdir(before)
        del os.environ["SENTREP_CACHE"]
    return home / "runs" / "qt"


def run(command: str, status: int = 0) -> None:
    assert main(command.split()) == status, command


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


@pytest.mark.slow
def test_from_raw_text_to_a_verdict(trained: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (trained / "model" / "modules.json").is_file()
    run("embed runs/qt --input input.txt --split lines --out vectors")
    assert "3 sentences, 512 wide, in vectors" in shown(capsys)
    run("index vectors --out INDEX")
    assert "3 texts indexed" in shown(capsys)
    run("search INDEX common1 topic3word2 --k 2")
    lines = shown(capsys).splitlines()
    assert len(lines) == 2
    assert lines[0].endswith("common1 topic3word2.")
    assert float(lines[0].split()[0]) > float(lines[1].split()[0])
    run("eval runs/qt bm25 --heldout heldout.jsonl --results results/all.jsonl")
    table = shown(capsys)
    assert "runs/qt" in table
    assert "next: sentrep compare results/all.jsonl" in table
    run("compare results/all.jsonl")
    assert "runs/qt" in shown(capsys)
    run("compare results/all.jsonl --style markdown")
    assert "|" in shown(capsys)
    run("combine runs/qt runs/qt --out both")
    assert "1024 wide, in both" in shown(capsys)
    run("eval both --heldout heldout.jsonl --results results/both.jsonl")
    assert "next: sentrep report results/both.jsonl" in shown(capsys), "one model cannot be compared"
    run("report results/both.jsonl --out both.html")


def test_files_are_indexed_in_one_command(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("index runs/qt --input input.txt --split lines --out ONE")
    run("search ONE topic5word5")
    found = shown(capsys)
    assert "topic5word5" in found[found.index(" 1.") :]
    for mode in ("", "--mode dense", "--mode lexical"):
        run(f"search ONE 龘 {mode}")
        assert "no known words" in shown(capsys)
    run("search ONE topic5word5 --filter title=none")
    assert "no known words" not in shown(capsys)


def test_the_next_command_that_training_names_exists(
    home: Path, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(TRAIN)
    captured = capsys.readouterr()
    assert "ended already" in captured.err
    line = next(line for line in captured.out.splitlines() if line.startswith("next"))
    first, second = line.removeprefix("next").strip().split("; ")
    run(first.removeprefix("sentrep ").replace("FILES", "input.txt").replace("--out INDEX", "--out NEXT"))
    run(second.removeprefix("sentrep ").replace("INDEX", "NEXT").replace('"words"', "common2"))


def test_the_next_commands_of_training_quote_paths_for_a_shell(
    home: Path, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(trained, home / "my run")
    options = TRAIN.replace("runs/qt", "OUT").split()
    assert main(["my run" if each == "OUT" else each for each in options]) == 0
    line = next(line for line in shown(capsys).splitlines() if line.startswith("next"))
    assert shlex.split(line)[1:4] == ["sentrep", "index", "my run/model"]


def test_the_next_command_of_a_baseline_needs_no_other_data(capsys: pytest.CaptureFixture[str]) -> None:
    run("baseline untrained --corpus books/ --out baseline --width 16")
    printed = shown(capsys).splitlines()[-1]
    run(printed.removeprefix("next: sentrep ").replace("INDEX", "BASELINE"))
    run("search BASELINE common1")


def test_search_asks_until_nothing_is_asked(
    trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("embed runs/qt --input input.txt --split lines --out asked")
    run("index asked --out ASK")
    for ending in ("\n", ""):  # an empty line, and the end of the input
        capsys.readouterr()
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"common2\ntopic3word2\n{ending}"))
        run("search ASK --k 1")
        told = shown(capsys)
        assert "common2 topic5word5." in told
        assert told.count("topic3word2") >= 1
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    run("search ASK 龘")
    assert "no known words" in shown(capsys)


def test_standard_input_is_embedded(
    trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"common1.\ncommon2.\n"), encoding="utf-8"))
    run("embed runs/qt --input - --split lines --out from-stdin")
    assert "2 sentences" in shown(capsys)


def test_many_queries_are_answered_in_batches(
    trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("embed runs/qt --input input.txt --split lines --out many")
    run("index many --out MANY")
    Path("queries.txt").write_text("common2\n龘\ntopic3word2\ncommon1 topic5word5\n", encoding="utf-8")
    sizes, search = [], Index.search

    def counted(self: Index, vectors: Any, *given: Any, **named: Any) -> Any:
        sizes.append(len(vectors))
        return search(self, vectors, *given, **named)

    monkeypatch.setattr(Index, "search", counted)
    monkeypatch.setattr("sentrep.cli.queries.BATCH", 3)
    capsys.readouterr()
    run("search MANY --queries queries.txt --k 2")
    assert sizes == [3, 1]
    shown_at_once = shown(capsys)
    for query in ("common2", "龘", "topic3word2", "common1 topic5word5"):
        run(f"search MANY {query} --k 2")
        assert f"> {query}\n{shown(capsys)}" in shown_at_once
    run("search MANY --queries queries.txt --k 2 --json")
    hits = [json.loads(line) for line in shown(capsys).splitlines()]
    assert [hit["query"] for hit in hits] == [
        query for query in ("common2", "topic3word2", "common1 topic5word5") for _ in range(2)
    ]
    run("search MANY common2 --queries queries.txt", status=1)
    run("search MANY --queries queries.txt --filter title=none", status=1)
    run("index runs/qt --input input.txt --split lines --out MANYFILES")
    capsys.readouterr()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"common2\ncommon1\n"), encoding="utf-8"))
    run("search MANYFILES --queries - --k 1 --json")
    assert [json.loads(line)["query"] for line in shown(capsys).splitlines()] == ["common2", "common1"]


@pytest.mark.parametrize("words", ["", *VERBS, "train quick-thought"])
def test_help_is_quick_and_light(words: str) -> None:
    """Under .6 s of processor time beside other tests, .45 s for one command, and without the libraries that
    take seconds."""
    limit = 0.45 if words else 0.6
    code = (
        "import sys\nfrom sentrep.cli.main import main\n"
        f"try: main({[*words.split(), '--help']!r})\nexcept SystemExit as end: assert not "
        "end.code, end.code\n"
        f"print('LOADED', *(name for name in {HEAVY!r} if name in sys.modules))"
    )
    seconds = []
    for _ in range(3):  # the quickest of three: the machine is shared
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        helped = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
        seconds.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
        assert helped.returncode == 0, helped.stderr
        assert helped.stdout.splitlines()[-1].split() == ["LOADED"]
        if seconds[-1] < limit:
            break
    assert min(seconds) < limit
    assert "usage: sentrep" in helped.stdout
    assert ">>>" not in helped.stdout  # the examples of docstrings are for Python


ABSENT = (
    "report --corpus absent", "report --input absent --model minilm", "report absent", "report --runs absent",
    "terms --corpus absent", "duplicates absent", "clusters absent",
    "anomalies --normal absent --input absent",
    "index absent --input . --out i", "index bm52 --input . --out i", "search absent words",
    "add absent x.txt",
    "update absent .", "remove absent --id x", "embed absent --input . --out v",
    "train quick-thought --corpus absent --out r", "eval absent --heldout .", "eval bm25 --heldout absent",
    "eval bm25 --task absent", "eval bm25 --suite absent", "compare absent", "build absent --out o",
    "quickstart absent", "distill absent --corpus . --out d", "distill minilm --corpus absent --out d",
    "reduce absent --corpus . --out d", "generate absent x", "compress absent --input . --out c",
    "decompress absent c", "parse absent --input .", "summarize absent --input .", "combine absent b --out z",
    "baseline lsa --corpus absent --out l", "expand absent absent --out z",
)  # fmt: skip


@pytest.mark.slow
def test_what_does_not_exist_is_said_before_anything_heavy_is_imported(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom sentrep.cli.main import main\n"
        f"for words in {ABSENT!r}:\n"
        "    assert main(words.split()), words\n"
        "    print(words, file=sys.stderr)\n"
        "    assert 'torch' not in sys.modules, words\n"
    )
    (tmp_path / "x.txt").write_text("A sentence. Another one.")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    messages = [line for line in done.stderr.splitlines() if line.startswith("sentrep: ")]
    assert len(messages) >= len(ABSENT)
    assert sum("absent" in line or "bm52" in line for line in messages) == len(ABSENT), messages


def test_help_explains_every_option_of_a_method(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["train", "quick-thought", "--help"])
    assert end.value.code == 0
    told = shown(capsys)
    for option in (
        "--corpus",
        "--out",
        "--encoder",
        "--window",
        "--negatives",
        "--segment-length",
        "--lr",
        "--vocab",
        "--overwrite",
    ):
        assert option in told
    assert "Neighbours on each side" in told or "neighbours on each side" in told


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        ("trian quick-thought", "did you mean 'train'?"),
        ("serach INDEX words", "did you mean 'search'?"),
        ("evaluate runs/qt", "did you mean 'eval'?"),
        ("zzz", "there are: quickstart, build"),
        ("train quick-thougt --corpus books/ --out x", "did you mean 'quick-thought'?"),
    ],
)
def test_a_typo_in_a_name_gets_the_nearest(
    command: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(command, status=1)
    told = capsys.readouterr().err
    assert hint in told
    assert len(told.splitlines()) == 1


def test_a_typo_in_an_option_gets_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["train", "quick-thought", "--corpus", "books/", "--out", "x", "--windwo", "2"])
    assert end.value.code == 2
    assert "--window" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("train quick-thought --corpus nowhere/ --out x", "nowhere"),
        ("train quick-thought --corpus books/ --out x --segment-length 1", "--segment-length 1"),
        ("train quick-thought --corpus books/ --out x --encoder gru --width 63", "--width 63"),
        ("train quick-thought --corpus books/ --out books", "run.json"),
        ("train quick-thought --corpus books/ --out books --overwrite", "run.json"),
        (
            "train quick-thought --corpus books/ --out runs/qt --encoder bag --keep-out 0 --window 2",
            "settings.window is 1 there, 2 here",
        ),
        ("train quick-thought --corpus books/ --out x --encoder no/such-model", "no/such-model"),
        ("train quick-thought --corpus books/ --out x --tokenizer nosuch", "nosuch"),
        ("train quick-thought --corpus books/ --out x --tracker no-such", "--tracker"),
        ("embed nowhere/model/here --input input.txt --out y", "nowhere/model/here"),
        ("embed runs/qt --input nothing.txt --out y", "nothing.txt"),
        ("embed books --input input.txt --out y", "holds no model"),
        ("index books --out y", "books"),
        ("search nowhere words", "nowhere"),
        ("eval runs/qt", "nothing to measure with"),
        ("compare nothing.jsonl", "nothing.jsonl"),
        ("combine runs/qt --out y", "2 models or more"),
        ("combine runs/qt runs/qt --out books", "not empty"),
    ],
)
def test_bad_input_is_one_line_and_status_1(
    trained: Path, home: Path, command: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    books = sorted(path.name for path in (home / "books").iterdir())
    capsys.readouterr()
    run(command, status=1)
    told = capsys.readouterr().err
    assert words in told
    lines = [line for line in told.splitlines() if line.startswith("sentrep: ")]
    assert len(lines) == 1
    assert "Traceback" not in told
    assert not (home / "x" / "run.json").exists() or "tracker" not in command
    assert sorted(path.name for path in (home / "books").iterdir()) == books
    shutil.rmtree(home / "x", ignore_errors=True)
    shutil.rmtree(home / "y", ignore_errors=True)


def test_bash_completes() -> None:
    command = [sys.executable, "-m", "sentrep", "--tyro-print-completion", "bash"]
    completed = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert completed.returncode == 0
    assert "complete" in completed.stdout
    assert "quick-thought" in completed.stdout


def test_overwriting_begins_anew(home: Path, trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few = "train quick-thought --corpus books/ --out runs/again --steps 1 --width 16 --tracker none"
    run(few)
    run(f"{few} --seed 1", status=1)
    run(f"{few} --seed 1 --overwrite")
    assert json.loads((home / "runs" / "again" / "run.json").read_text())["run"]["training"]["seed"] == 1


def test_a_loss_that_diverges_is_one_line_too(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(
        "train quick-thought --corpus books/ --out runs/wild --score dot --lr 1e30 --clip 0 "
        "--tracker none --steps 40",
        status=1,
    )
    told = capsys.readouterr().err
    assert "sentrep: training has diverged" in told
    assert "--lr" in told


@pytest.mark.parametrize("encoder", ["bag --warm-start none", "bag", "gru"])
def test_a_lack_of_memory_is_one_line_too(
    home: Path, encoder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(
        "train quick-thought --corpus books/ --out runs/huge --overwrite --width 10000000000 "
        f"--encoder {encoder} "
        "--tracker none --steps 1",
        status=1,
    )
    told = capsys.readouterr().err
    assert told.splitlines()[-1].startswith("sentrep: out of memory: ")


@pytest.mark.parametrize(
    ("interrupt", "told"),
    [(KeyboardInterrupt(), "interrupted"), (KeyboardInterrupt("terminated"), "terminated")],
)
def test_an_interrupted_command_says_so(
    interrupt: KeyboardInterrupt,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stop(*given: object) -> None:
        raise interrupt

    monkeypatch.setattr("sentrep.cli.main.parsed", stop)
    run("terms --corpus books/", status=130)
    assert capsys.readouterr().err == f"sentrep: {told}\n"


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on_and_the_same_command_does(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [
        "train", "quick-thought", "--corpus", "books/", "--out", "runs/stopped", "--encoder", "gru",
        "--width", "128", "--token-width", "64", "--batch-size", "128", "--steps", "60", "--log-every", "1",
        "--tracker", "none", "--threads", "1",
    ]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "sentrep", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        log, deadline = home / "runs" / "stopped" / "logs" / "metrics.jsonl", time.monotonic() + 90
        while not (log.exists() and len(log.read_text().splitlines()) >= 2):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, err
    assert "the checkpoint is saved. Give the same command again to continue." in err
    assert "interrupted" in out
    assert not (home / "runs" / "stopped" / "model").exists()
    stopped = len(log.read_text().splitlines())
    assert main(command) == 0
    steps = [json.loads(line)["step"] for line in log.read_text().splitlines() if "gradient_norm" in line]
    assert steps == list(range(1, 61))
    assert stopped < 60
    assert (home / "runs" / "stopped" / "model" / "modules.json").is_file()


@pytest.mark.parametrize(
    ("command", "usage"),
    [
        (["quickstart"], "sentrep quickstart [-h] [QUICKSTART OPTIONS] [FILE ...]"),
        (["search"], "sentrep search [-h] [SEARCH OPTIONS] INDEX [WORDS ...]"),
        (["compare"], "RESULTS [RESULTS ...]"),
        (["train"], "sentrep train [-h] NAME"),
    ],
)
def test_usage_tells_optional_arguments_from_required_ones(
    command: list[str], usage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([*command, "--help"])
    assert usage in capsys.readouterr().out


def test_help_of_a_switch_says_what_it_turns_off(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["build", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert "--no-code Turn this off: keep blocks of code" in shown
    assert "(default: False)" not in shown
    assert "(default: True)" not in shown
