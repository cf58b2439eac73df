"""Ids of documents of different files are made different, by folders or by numbers."""

from __future__ import annotations

import pytest

from sentrep.search.documents.distinct import distinct
from sentrep.search.documents.passages import Document


@pytest.mark.parametrize(
    ("id", "file", "taken", "expected"),
    [
        ("a.txt", "/x/q/a.txt", {}, "a.txt"),
        ("a.txt", "/x/q/a.txt", {"a.txt": "/x/q/a.txt"}, "a.txt"),
        ("a.txt", "/x/q/a.txt", {"a.txt": "/x/p/a.txt"}, "q/a.txt"),
        ("s/a.txt", "/x/q/s/a.txt", {"s/a.txt": "/x/p/s/a.txt"}, "q/s/a.txt"),
        ("a.txt", "/y/q/a.txt", {"a.txt": "/x/p/a.txt", "q/a.txt": "/x/q/a.txt"}, "y/q/a.txt"),
        ("a.txt", "/q/a.txt", {"a.txt": "/p/a.txt", "q/a.txt": "/x/q/a.txt"}, "/q/a.txt"),
        ("a.csv#3", "/x/q/a.csv", {"a.csv#3": "/x/p/a.csv"}, "q/a.csv#3"),
        ("a.csv#3", "/x/q/a.csv.gz", {"a.csv#3": "/x/p/a.csv"}, "q/a.csv#3"),
        ("a[1]*.txt", "/x/q/a[1]*.txt", {"a[1]*.txt": "/x/p/a[1]*.txt"}, "q/a[1]*.txt"),
        ("17", "/x/q/a.csv", {"17": "/x/p/a.csv"}, "17 (2)"),
        ("17", "/x/q/a.csv", {"17": "/x/p/a.csv", "17 (2)": "/x/r/a.csv"}, "17 (3)"),
        ("17", "/x/q/a.csv", {"17": "/x/p/a.csv", "17 (2)": "/x/q/a.csv"}, "17 (2)"),
        ("17", "", {"17": "/x/p/a.csv"}, "17"),
        ("a.txt", "/x/q/a.txt", {"a.txt": ""}, "a.txt"),
        (".", "/x/q/a.txt", {".": "/x/p/a.txt"}, ". (2)"),
        ("#1", "/x/q/a.txt", {"#1": "/x/p/a.txt"}, "#1 (2)"),
    ],
)
def test_paths_get_folders_in_front_and_other_ids_numbers_behind(
    id: str, file: str, taken: dict[str, str], expected: str
) -> None:
    assert [document.id for document, _ in distinct([(Document(id, file=file), [])], taken)] == [expected]


def test_new_documents_differ_from_each_other() -> None:
    given = [Document("a.txt", file="/x/q/a.txt"), Document("q/a.txt", file="/y/q/a.txt")]
    found = distinct([(each, []) for each in given], {"a.txt": "/x/p/a.txt"})
    assert [document.id for document, _ in found] == ["x/q/a.txt", "q/a.txt"]


def test_a_number_that_another_new_document_has_is_not_given() -> None:
    """A file with two records 17, read as 17 and 17 (2), beside another file that has 17."""
    given = [(Document(name, file="/b.csv"), []) for name in ("17", "17 (2)", "17")]
    found = [document.id for document, _ in distinct(given, {"17": "/a.csv"})]
    assert found == ["17 (3)", "17 (2)", "17 (4)"]
