"""Blocks of code: left out and counted in text to learn from, kept whole in what is searched."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentrep.api.documents import index_documents
from sentrep.cli.hits import as_text
from sentrep.data.config import CorpusConfig
from sentrep.data.documents import SourceDocument, read_sentences, read_source_documents
from sentrep.data.reading.report import ReadReport
from sentrep.data.splitting.passages import find_code
from sentrep.inference.units import Units
from tests.pages import saved, word_encoder

BEFORE = "The following command writes all that the shop has sold into a single file on the disk."
AFTER = "Keep that file on another machine, where nobody who works in the shop can delete it by mistake."
CODE = "pg_dump --format=custom \\\n    --file=nightly.dump shop\nif [ $? -ne 0 ]; then echo failed; fi"
INDENTED = "\n".join(f"    {line}" for line in CODE.split("\n"))
PAGES = {
    "fence.md": f"# Backups\n\n{BEFORE}\n\n```bash\n{CODE}\n```\n\n{AFTER}\n",
    "tilde.md": f"# Backups\n\n{BEFORE}\n\n~~~\n{CODE}\n~~~\n\n{AFTER}\n",
    "indented.md": f"# Backups\n\n{BEFORE}\n\n{INDENTED}\n\n{AFTER}\n",
    "pre.html": f"<title>Backups</title><body><p>{BEFORE}</p><pre>{CODE}</pre><p>{AFTER}</p></body>",
    "marked.html": f"<title>Backups</title><body><article><h1>Backups</h1><p>{BEFORE}</p><div><pre><code>"
    f"<span>pg_dump</span>{CODE[7:]}</code></pre></div><p>{AFTER} {BEFORE} {AFTER}</p></article></body>",
    "item.html": f"<title>Backups</title><p>{AFTER}</p><ul><li>{BEFORE}<pre>{CODE}</pre></li></ul>",
    "literal.rst": f"Backups\n=======\n\n{BEFORE[:-1]}::\n\n{INDENTED}\n\n{AFTER}\n",
    "directive.rst": f"Backups\n=======\n\n{BEFORE}\n\n.. code-block:: bash\n\n{INDENTED}\n\n{AFTER}\n",
}


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    file: Path = tmp_path / request.param
    file.write_text(PAGES[request.param])
    return file


def read(file: Path, report: ReadReport, code: bool) -> SourceDocument:
    (document,) = read_source_documents(CorpusConfig((str(file),)), report, code=code)
    return document


def test_code_is_kept_where_it_is_asked_for(page: Path) -> None:
    report = ReadReport()
    document = read(page, report, code=True)
    ((start, end),) = find_code(document.text)
    assert CODE in document.text[start:end]
    before, after = document.text.find(BEFORE[:-1]), document.text.rfind(AFTER)
    assert before < start < end or page.name == "item.html"
    assert min(before, after) >= 0
    assert not any(start < last and end > first for first, last in document.spans)
    assert report.left_out["code"] <= len("bash")


def test_code_is_left_out_of_sentences_and_counted(page: Path) -> None:
    report = ReadReport()
    document = read(page, report, code=False)
    assert "pg_dump" not in document.text
    assert report.left_out["code"] >= len("".join(CODE.split()))
    sentences = [one.text for one in read_sentences(CorpusConfig((str(page),)))]
    assert sentences == document.sentences == read(page, ReadReport(), code=True).sentences


def test_a_search_finds_code_and_shows_its_lines(tmp_path: Path) -> None:
    page = tmp_path / "fence.md"
    page.write_text(PAGES["fence.md"])
    model = saved(word_encoder(), tmp_path / "model")
    search = index_documents(model, page, tmp_path / "index", language="english")
    (hit,) = search.search("nightly.dump", k=1, mode="lexical")
    assert hit.text == read(page, ReadReport(), code=True).text[slice(*hit.span)]
    best = search.best_sentence("nightly.dump", hit)
    assert hit.text[slice(*best)].strip() in (BEFORE, AFTER)
    lines = as_text(hit, best).split("\n")
    assert [line.strip() for line in CODE.split("\n")] == [
        line.strip() for line in lines if line.strip() in [row.strip() for row in CODE.split("\n")]
    ]
    page.write_text(PAGES["fence.md"].replace("nightly", "weekly"))
    search.update(page)
    assert "weekly.dump" in search.search("weekly.dump", k=1, mode="lexical")[0].text


@pytest.mark.parametrize("units", [Units(code=False), Units("sentence")])
def test_an_index_without_code(units: Units, tmp_path: Path) -> None:
    page = tmp_path / "fence.md"
    page.write_text(PAGES["fence.md"])
    model = saved(word_encoder(), tmp_path / "model")
    search = index_documents(model, page, tmp_path / "index", units=units, language="english")
    assert not search.search("nightly.dump", k=1, mode="lexical")


def test_fences_within_code_do_not_end_it(tmp_path: Path) -> None:
    page = tmp_path / "a.html"
    page.write_text(f"<body><p>{BEFORE}</p><pre>```\n{CODE}\n```\nx = {{1}}</pre><p>{AFTER}</p></body>")
    text = read(page, ReadReport(), code=True).text
    ((start, end),) = find_code(text)
    assert text[start:end].count("```") == 2


API = """
Cart
====

.. py:function:: total(cart, *, tax=0.2)
                 total(cart)
   :noindex:

   Returns the sum.

.. class:: Cart

   .. method:: add(item)

      Adds an item.

.. option:: --force, -f

   Replaces files.

.. versionadded:: 3.8
"""


def test_signatures_of_sphinx_are_kept_as_code(tmp_path: Path) -> None:
    (tmp_path / "cart.rst").write_text(API)
    report = ReadReport()
    document = read(tmp_path / "cart.rst", report, code=True)
    code = [document.text[start:end].strip("`\n") for start, end in find_code(document.text)]
    assert code == ["total(cart, *, tax=0.2)\ntotal(cart)", "Cart", "add(item)", "--force, -f"]
    assert document.sentences == ["Returns the sum.", "Adds an item.", "Replaces files."]
    assert read(tmp_path / "cart.rst", report, code=False).sentences == document.sentences
    assert report.left_out["code"] == len("".join("".join(code).split()))
