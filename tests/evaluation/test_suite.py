"""From a path to tasks: by layout, by task.toml, by suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentrep import api
from sentrep.evaluation import Retrieval, Similarity, evaluate, random_vectors, suite, tasks_from
from sentrep.evaluation.suite import KINDS, read_suite, suites
from sentrep.utils.errors import InputError
from tests.errors import refuses
from tests.paths import SHARED_DATA

DATA = SHARED_DATA
SUITES = {
    "quick",
    "sts",
    "transfer",
    "probing",
    "retrieval",
    "pairs",
    "label-free",
    "summarization",
    "parsing",
    "full",
}

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the shared data sets are not here")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a small benchmark of each layout."""
    (tmp_path / "sts").mkdir()
    (tmp_path / "sts" / "test.tsv").write_text("score\tsentence1\tsentence2\n1\ta\tb\n2\ta\tc\n")
    (tmp_path / "sts" / "dev.tsv").write_text("score\tsentence1\tsentence2\n1\ta\tb\n2\ta\tc\n3\tb\tc\n")
    (tmp_path / "pets" / "qrels").mkdir(parents=True)
    (tmp_path / "pets" / "corpus.jsonl").write_text('{"_id": "1", "text": "a"}\n')
    (tmp_path / "pets" / "queries.jsonl").write_text('{"_id": "1", "text": "b"}\n')
    (tmp_path / "pets" / "qrels" / "test.tsv").write_text("1\t1\t1\n")
    (tmp_path / "topics").mkdir()
    rows = "".join(f"{number % 2}\ttext {number}\n" for number in range(40))
    for part in ("train", "test"):
        (tmp_path / "topics" / f"{part}.tsv").write_text("label\ttext\n" + rows)
    (tmp_path / "pairs").mkdir()
    (tmp_path / "pairs" / "dev.tsv").write_text("label\tsentence1\tsentence2\n1\ta\tb\n0\ta\tc\n")
    return tmp_path


def test_layouts_are_told_apart(home: Path) -> None:
    for path, kind in (("sts", Similarity), ("sts/test.tsv", Similarity), ("pets", Retrieval)):
        (task,) = tasks_from(home / path)
        assert isinstance(task, kind)
    assert [type(task).__name__ for task in tasks_from(home / "topics")] == ["Classification"]
    assert [type(task).__name__ for task in tasks_from(home / "pairs", "dev")] == ["PairClassification"]


def test_a_task_file_says_what_a_layout_cannot(home: Path) -> None:
    (home / "topics" / "task.toml").write_text(
        '[[task]]\nkind = "clustering"\nname = "mine"\n\n[[task]]\npath = "../sts"\nsplit = "dev"\n'
    )
    clusters, pairs = tasks_from(home / "topics")
    assert (type(clusters).__name__, clusters.name) == ("Clustering", "mine")
    assert (type(pairs).__name__, pairs.split) == ("Similarity", "dev")


@pytest.mark.parametrize(
    "content",
    [
        'kind = "clustering"\nname = 3',
        "kind = ",
        "task = 3",
        "[[task]]\npath = 3",
        'kind = "clustering"\nsample = true',
        'kind = "topics"\npath = "nowhere"',
        '[[task]]\npath = "."\nkind = 3',
        "task = []",
    ],
)
def test_a_bad_task_file_is_refused(home: Path, content: str) -> None:
    (home / "topics" / "task.toml").write_text(content)
    with refuses(place="task.toml"):
        tasks_from(home / "topics")


@pytest.mark.parametrize(
    ("content", "nearest"),
    [('kind = "clusterin"', "'clustering'"), ('kind = "clustering"\nsampel = 3', "'sample'")],
)
def test_of_a_word_that_is_nearly_known_the_nearest_is_named(home: Path, content: str, nearest: str) -> None:
    (home / "topics" / "task.toml").write_text(content)
    with refuses(place="task.toml") as error:
        tasks_from(home / "topics")
    assert nearest in str(error.value)


def test_of_a_layout_that_is_nearly_known_it_is_said_what_is_missing(home: Path) -> None:
    (home / "sts" / "dev.tsv").unlink()
    (home / "sts" / "test.tsv").write_text("score\tsentence_1\tsentence2\n1\ta\tb\n")
    with refuses(place="sts"):
        tasks_from(home / "sts")
    (home / "pets" / "corpus.jsonl").rename(home / "pets" / "documents.jsonl")
    with refuses(place="pets"):
        tasks_from(home / "pets")
    (home / "pets" / "documents.jsonl").rename(home / "pets" / "corpus.jsonl")
    (home / "pets" / "qrels" / "test.tsv").unlink()
    (home / "pets" / "qrels").rmdir()
    with refuses(place="qrels"):
        tasks_from(home / "pets")


def test_unknown_layouts_are_refused_with_what_is_known(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("nothing")
    for path in (tmp_path, tmp_path / "README.md"):
        with pytest.raises(InputError, match=rf"{path.name}: .*BEIR.*score, sentence1, sentence2"):
            tasks_from(path)
    with refuses(place="absent"):
        tasks_from(tmp_path / "absent")


def test_tasks_of_one_name_with_different_data_are_refused(home: Path) -> None:
    other = home / "other" / "sts"
    other.mkdir(parents=True)
    (other / "test.tsv").write_text("score\tsentence1\tsentence2\n1\td\te\n2\td\tf\n")
    with refuses(setting="tasks"):
        api.tasks_of([home / "sts", other])
    assert len(api.tasks_of([home / "sts", home / "sts", home / "pets"]).tasks) == 3
    (other / "task.toml").write_text('kind = "similarity"\nname = "other"\n')
    assert [task.name for task in api.tasks_of([home / "sts", other]).tasks] == ["sts", "other"]


def test_a_suite_of_one_s_own(home: Path) -> None:
    (home / "mine.toml").write_text(
        '[[task]]\npath = "sts"\n\n[[task]]\npath = "absent"\n\n[[task]]\npath = "pairs"\n'
    )
    made = read_suite(home / "mine.toml", home)
    assert [(task.name, task.split) for task in made.tasks] == [
        ("sts", "test"),
        ("pairs", "dev"),
    ]  # dev is all that it has
    assert [note.task for note in made.skipped] == ["absent"]
    made = read_suite(home / "mine.toml", home, "test")
    assert [(task.name, task.split) for task in made.tasks] == [("sts", "test")]
    assert [note.task for note in made.skipped] == ["absent", "pairs"]


def test_a_suite_that_cannot_be_used_is_refused(home: Path) -> None:
    with pytest.raises(InputError, match=r"'quik'.*'quick'"):
        read_suite("quik", home)
    with refuses(setting="data", place="quick.toml") as error:
        read_suite("quick", home)
    assert error.value.setting == "data"
    with refuses(setting="data") as error:
        read_suite("quick", home / "nowhere")
    assert error.value.setting == "data"
    (home / "sts" / "test.tsv").write_text("score\tsentence1\tsentence2\nmuch\ta\tb\n")
    (home / "mine.toml").write_text('[[task]]\npath = "sts"\n')
    with refuses(place="test.tsv:2"):
        read_suite(home / "mine.toml", home)
    (home / "mine.toml").write_text(f"suites = ['{home / 'other.toml'}']")
    (home / "other.toml").write_text(f"suites = ['{home / 'mine.toml'}']")
    with refuses(place="mine.toml"):
        read_suite(home / "mine.toml", home)
    (home / "mine.toml").write_text("about = 'nothing'\ntask = []")
    with refuses(place="mine.toml"):
        read_suite(home / "mine.toml", home)


def test_every_kind_documents_its_options_and_takes_a_name_and_a_split() -> None:
    import inspect

    for reader in KINDS.values():
        assert {"name", "split"} <= set(inspect.signature(reader).parameters)
        assert (reader.__doc__ or "").strip()


def test_the_suites_that_come_with_sentrep_are_there() -> None:
    assert set(suites()) == SUITES


@pytest.mark.slow
@needs_data
@pytest.mark.parametrize("name", sorted(SUITES - {"full"}))
def test_the_suites_read_the_shared_data(name: str) -> None:
    made = read_suite(name, DATA)
    assert not made.skipped
    names = [(task.name, type(task).__name__, task.split) for task in made.tasks]
    assert len(set(names)) == len(names)
    assert len({task.fingerprint for task in made.tasks}) == len(names)


def test_full_is_all_of_the_others_that_ask_for_vectors() -> None:
    entries = {name: suite._entries(file) for name, file in suites().items()}
    others = [
        entry for name in SUITES - {"full", "quick", "summarization", "parsing"} for entry in entries[name]
    ]
    assert len(entries["full"]) == len(others) > 20
    assert all(entry in entries["full"] for entry in others)
    # What quick asks, full asks too, whether or not a table says the kind that the layout says anyway.
    asked = {(entry["path"], entry.get("name")) for entry in entries["full"]}
    assert {(entry["path"], entry.get("name")) for entry in entries["quick"]} <= asked


@needs_data
def test_a_suite_is_run(tmp_path: Path) -> None:
    (tmp_path / "two.toml").write_text('[[task]]\npath = "sts-b"\n\n[[task]]\npath = "retrieval-med"\n')
    done = evaluate(random_vectors(64), read_suite(tmp_path / "two.toml", DATA).tasks)
    assert not done.failed
    assert {result.task for result in done.results} == {"sts-b", "retrieval-med"}


@needs_data
def test_the_shared_data_sets_are_read() -> None:
    counts = {"sts12": 3108, "sts13": 1500, "sts14": 3750, "sts-b": 1379, "sick-r": 4927, "sts-b-zh": 1361}
    for name, count in counts.items():
        (task,) = tasks_from(DATA / name)
        assert isinstance(task, Similarity)
        assert sum(map(len, task.subsets.values())) == count
        assert task.split == "test"
    for name, count in {"cacm": 52, "med": 30, "npl": 93}.items():
        (task,) = tasks_from(DATA / f"retrieval-{name}")
        assert isinstance(task, Retrieval)
        assert len(task.queries) == count


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_an_option_of_the_wrong_type_is_refused_for_every_kind(kind: str, tmp_path: Path) -> None:
    (tmp_path / "suite.toml").write_text(f'[[task]]\nkind = "{kind}"\nname = 3\n', encoding="utf-8")
    with refuses(place="suite.toml"):
        read_suite(tmp_path / "suite.toml", tmp_path)
