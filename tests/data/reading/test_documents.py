"""HTML, reStructuredText, DOCX and PDF: prose is kept, the rest is counted."""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

import pytest

from sentrep.data.config import CorpusConfig
from sentrep.data.documents import read_source_documents
from sentrep.data.reading import docx, html, pdf, rst
from sentrep.data.reading.report import Kind, ReadReport
from sentrep.utils.errors import InputError
from tests.data.reading.readers import pieces_of, texts_of

ARTICLE = (
    "The old garden behind the house had been closed for many years before the "
    "children found the key. It lay "
    "under a stone beside the well, where nobody had looked since the summer of the storm."
)
PAGE = f"""<!DOCTYPE html><html><head><meta charset="utf-8"><title>The Garden | Paper</title>
<style>p {{ color: red }}</style><script>var secret = "a b c";</script></head><body>
<nav><ul><li><a href="/">Front page</a></li><li><a href="/s">Sport</a></li></ul></nav>
<article><h1>The Garden</h1><p>{ARTICLE}</p><h2>The key</h2><p>It was <b>heavy</b>&nbsp;&amp; old.<br>
{ARTICLE}</p><ul><li>one</li><li>two</li></ul><pre>x = secret()</pre>
<table><tr><th>Name</th><th>Height</th></tr><tr><td>wall</td><td>2 m</td></tr></table></article>
<footer><p>All rights reserved by the paper.</p></footer></body></html>"""


def test_a_page_gives_its_main_content_and_counts_the_rest(tmp_path: Path) -> None:
    file = tmp_path / "x.html"
    file.write_text(PAGE)
    pieces, report = pieces_of(file)
    texts = [part for piece in pieces for part in piece.text.split("\n\n")]
    assert {piece.title for piece in pieces} == {"The Garden | Paper"}
    assert texts[:3] == [ARTICLE, "The key", "It was heavy & old."]
    assert texts[4:] == ["one", "two", "Name Height", "wall 2 m"]
    assert pieces[-1].headings == ("The Garden", "The key")
    assert set(report.left_out) == {
        "code",
        "comments and scripts",
        "navigation and other boilerplate",
        "HTML tags",
    }
    assert report.clean


def test_anchors_of_headings_and_buttons_in_code_are_no_text(tmp_path: Path) -> None:
    file = tmp_path / "x.html"
    file.write_text(
        f"""<html><head><title>Keys</title></head><body><article>
<h2>The key<span><a class="mark" href="#key" id="key">#</a></span></h2><p>{ARTICLE}</p>
<h2>C#<a class="headerlink" href="#c">¶</a></h2><p>{ARTICLE} See <a href="#f1">1</a>.</p>
<pre><code>turn(key)</code> <button class="copy">copy</button></pre></article></body></html>"""
    )
    (document,) = read_source_documents(CorpusConfig((str(file),)), ReadReport(), code=True)
    assert document.text.endswith("```\nturn(key)\n```")
    pieces, _ = pieces_of(file)
    assert {piece.headings for piece in pieces} == {("The key",), ("C#",)}
    assert pieces[1].text.endswith("See 1.")


SECTION = (
    '<div class="titlepage"><div><div><h{0} class="title"><a name="{1}"></a>{1}</h{0}></div></div></div>'
)


@pytest.mark.parametrize(
    "page",
    [
        "<body><article>{}</article></body>",
        "<body><div class='book'>{}</div></body>",
        "<body><div><div>{}</div></div></body>",
        "<body>{}</body>",
    ],
)
def test_headings_within_elements_of_their_own_are_found(tmp_path: Path, page: str) -> None:
    paragraph = f"<p>{ARTICLE}</p><p>{ARTICLE}</p>"
    content = SECTION.format(1, "Garden") + paragraph + SECTION.format(2, "Well")
    content += f"<div class='section'>{paragraph}{SECTION.format(3, 'Stone')}{paragraph}</div>"
    file = tmp_path / "x.html"
    file.write_text(f"<html><head><title>Garden</title></head>{page.format(content)}</html>")
    pieces, _ = pieces_of(file)
    assert [piece.headings for piece in pieces] == [
        ("Garden",),
        ("Garden", "Well"),
        ("Garden", "Well", "Stone"),
    ]
    assert pieces[-1].text.startswith(f"Stone\n\n{ARTICLE}")


@pytest.mark.parametrize("suffix", [".html", ".htm", ".rst", ".md", ".csv", ".txt"])
def test_a_named_file_is_read_as_in_a_folder(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"x{suffix}"
    file.write_text("<p>One <b>text</b>.</p>\n" if "htm" in suffix else "text\nOne `text`.\n")
    named, folder = pieces_of(file)[0], pieces_of(tmp_path)[0]
    assert [piece.text for piece in named] == [piece.text for piece in folder]


PAGES = {
    "short": (
        "<nav>Home</nav><h1>T</h1><p>One.</p><div>Two<br>three</div><footer>F</footer>",
        ["One.", "Two three"],
    ),
    "unclosed": ("<p>One<p>Two <b>three", ["One", "Two three"]),
    "plain": ("Only text &lt;here&gt;.", ["Only text <here>."]),
    "deep": ("<div>" * 1500 + "Below." + "</div>" * 1500, ["Below."]),
    "comment": ("<p>One.</p><!-- not <p>this</p> --><p>Two.</p>", ["One.", "Two."]),
    "select": ("<p>One.</p><select><option>A</option></select>", ["One."]),
    "code in a sentence": ("<p>Call <code>f</code> now.</p>", ["Call f now."]),
}


@pytest.mark.parametrize("name", PAGES)
def test_what_trafilatura_finds_nothing_in_is_read_as_text(tmp_path: Path, name: str) -> None:
    page, wanted = PAGES[name]
    (tmp_path / "x.html").write_text(page)
    assert texts_of(tmp_path)[0] == wanted


@pytest.mark.parametrize(("charset", "encoding"), [("gb2312", "gb18030"), ("windows-1251", "cp1251")])
def test_the_declared_encoding_is_used(tmp_path: Path, charset: str, encoding: str) -> None:
    text = "天黑了，路上没有人。" if charset == "gb2312" else "Стало темно."
    page = f'<meta http-equiv="Content-Type" content="text/html; charset={charset}"><p>{text}</p>'
    (tmp_path / "x.html").write_bytes(page.encode(encoding))
    texts, report = texts_of(tmp_path)
    assert (texts, report.clean) == ([text], True)


def test_the_summary_of_details_is_kept(tmp_path: Path) -> None:
    questions = "".join(
        f"<details><summary>{title}</summary><p>{ARTICLE}</p></details>"
        for title in ("How is it opened?", "<h3>Where is the key?</h3>")
    )
    (tmp_path / "x.html").write_text(f"<body><h1>Questions</h1><p>{ARTICLE} Indeed.</p>{questions}</body>")
    texts, _ = texts_of(tmp_path)
    assert texts[-4:] == ["How is it opened?", ARTICLE, "Where is the key?", ARTICLE]


RST = """
========
My Title
========

Intro with *emph*, ``code``, `a link <http://x.example/abc>`_ and :class:`~foo.Bar`.

.. note:: This matters.

.. versionadded:: 1.2
   The new thing.

.. toctree::
   :maxdepth: 2

   intro

.. tabs:: of a kind
   :opt: 1

   Body of it.

Section
=======

- item one
  goes on
- item two

.. code-block:: python

   x = 1

Example::

   literal = 2

=====  =====
A      B
=====  =====
one    2 kg
=====  =====

.. a comment

term
  Its definition.
"""


def test_restructured_text(tmp_path: Path) -> None:
    (tmp_path / "x.rst").write_text(RST)
    pieces, report = pieces_of(tmp_path)
    assert [(piece.title, piece.headings, piece.text.split("\n\n")) for piece in pieces] == [
        (
            "My Title",
            ("My Title",),
            [
                "Intro with emph, code, a link and foo.Bar.",
                "This matters.",
                "1.2 The new thing.",
                "of a kind",
                "Body of it.",
            ],
        ),
        (
            "My Title",
            ("My Title", "Section"),
            [
                "Section",
                "item one goes on",
                "item two",
                "Example:",
                "A B",
                "one 2 kg",
                "term",
                "Its definition.",
            ],
        ),
    ]
    assert report.clean
    assert report.left_out["code"] > 0


def test_restructured_text_never_reads_other_files(tmp_path: Path) -> None:
    (tmp_path / "secret.inc").write_text("Secret words.")
    (tmp_path / "x.rst").write_text(
        ".. include:: secret.inc\n\n.. csv-table::\n   :file: secret.inc\n\n"
        ".. raw:: html\n   :file: secret.inc\n\nWords.\n"
    )
    assert texts_of(tmp_path / "x.rst")[0] == ["Words."]


def test_raw_markup_of_restructured_text_is_no_prose(tmp_path: Path) -> None:
    (tmp_path / "x.rst").write_text(
        "Words.\n\n.. raw:: html\n\n   <b>Markup.</b>\n\nMore |logo| words.\n\n"
        ".. |logo| raw:: html\n\n   <img src='a.png'>\n"
    )
    texts, report = texts_of(tmp_path / "x.rst")
    assert texts == ["Words.", "More words."]
    assert report.left_out["code"] > 0


def test_word_documents(tmp_path: Path) -> None:
    library = pytest.importorskip("docx")
    document = library.Document()
    document.add_heading("The plan", 0)
    document.add_paragraph("First words.")
    document.add_heading("Food", 1)
    document.add_paragraph("Bread.", style="List Bullet")
    document.add_table(1, 2).cell(0, 1).text = "In a cell."
    document.sections[0].header.paragraphs[0].text = "Page head"
    document.save(str(tmp_path / "x.docx"))
    pieces, report = pieces_of(tmp_path)
    assert [(piece.title, piece.headings, piece.text) for piece in pieces] == [
        ("The plan", ("The plan",), "First words."),
        ("The plan", ("The plan", "Food"), "Food\n\nBread.\n\nIn a cell."),
    ]
    assert report.left_out == {"page headers and footers": len("Page head")}


def test_rows_of_tables_in_word_documents(tmp_path: Path) -> None:
    library = pytest.importorskip("docx")
    document = library.Document()
    table = document.add_table(3, 2)
    rows = [("Hare", "70 km/h"), ("He came\nin late.", "She left at once, too."), ("Outer", "")]
    for number, texts in enumerate(rows):
        for cell, text in zip(table.rows[number].cells, texts, strict=True):
            cell.text = text
    inner = table.cell(2, 1).add_table(1, 2)
    inner.cell(0, 0).text, inner.cell(0, 1).text = "length", "2 m"
    document.save(str(tmp_path / "x.docx"))
    expected = ["Hare 70 km/h", "He came in late.", "She left at once, too.", "Outer", "length 2 m"]
    assert texts_of(tmp_path)[0] == expected


def test_headings_of_word_documents_have_the_level_of_their_style(tmp_path: Path) -> None:
    library = pytest.importorskip("docx")
    document = library.Document()
    chapter = document.styles.add_style("Chapter", 1)
    chapter.base_style = document.styles["Heading 1"]
    contents = document.styles.add_style("Contents", 1)
    contents.base_style = document.styles["Heading 1"]
    contents.element.get_or_add_pPr().append(_word("<w:outlineLvl {} w:val='9'/>"))
    part = document.styles.add_style("Part", 1)
    part.element.get_or_add_pPr().append(_word("<w:outlineLvl {} w:val='1'/>"))
    for text, style in (("A", "Chapter"), ("One.", None), ("B", "Part"), ("C", "Contents"), ("Two.", None)):
        document.add_paragraph(text, style=style)
    document.save(str(tmp_path / "x.docx"))
    pieces, _ = pieces_of(tmp_path)
    assert [(piece.title, piece.headings, piece.text) for piece in pieces] == [
        ("A", ("A",), "One."),
        ("A", ("A", "B"), "B\n\nC\n\nTwo."),
    ]


def test_formulas_and_moved_text_of_word_documents(tmp_path: Path) -> None:
    library = pytest.importorskip("docx")
    document = library.Document()
    paragraph = document.add_paragraph("So ")
    math = "xmlns:m='http://schemas.openxmlformats.org/officeDocument/2006/math'"
    for content in (
        f"<m:oMath {math}><m:r><m:t>E = m</m:t></m:r></m:oMath>",
        "<w:moveFrom {} w:id='1' w:author='a'><w:r><w:t> gone</w:t></w:r></w:moveFrom>",
        "<w:del {} w:id='2' w:author='a'><w:r><w:delText> deleted</w:delText></w:r></w:del>",
        "<w:moveTo {} w:id='3' w:author='a'><w:r><w:t> came.</w:t></w:r></w:moveTo>",
    ):
        paragraph._p.append(_word(content))
    document.save(str(tmp_path / "x.docx"))
    assert texts_of(tmp_path)[0] == ["So E = m came."]


def _word(content: str) -> object:
    """An element of a Word document."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    return parse_xml(content.format(nsdecls("w")))


def test_a_word_document_that_unpacks_to_gigabytes_is_skipped(tmp_path: Path) -> None:
    pytest.importorskip("docx")
    with zipfile.ZipFile(tmp_path / "x.docx", "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("word/document.xml", b"a" * (65 << 20))
    (tmp_path / "y.txt").write_text("Words.")
    texts, report = texts_of(tmp_path)
    assert (texts, dict(report.problems)) == (["Words."], {Kind.TOO_LARGE: 1})


def test_portable_documents(tmp_path: Path) -> None:
    pytest.importorskip("pypdf")
    lines = [
        "The village lay in a hollow between two hills, and",
        "nobody had ever seen the sea. It was far.",
        "End.",
    ]
    (tmp_path / "x.pdf").write_bytes(pdf_of([lines[:2], lines[2:]]))
    texts, report = texts_of(tmp_path)
    assert " ".join(texts) == " ".join(lines)
    assert texts[0].startswith("The village lay in a hollow between two hills, and nobody")
    assert report.clean


def test_what_repeats_at_the_edges_of_pages_is_left_out(tmp_path: Path) -> None:
    pytest.importorskip("pypdf")
    colours = ("red", "blue", "green", "black", "white", "brown")
    pages = [
        [
            "Hares" if page % 2 else "A. Author 1",
            f"The {colour} hare ran over the field. It was late",
            f"Sample {7 * page} 3",
            f"Page {page} of 6",
            "Draft",
        ]
        for page, colour in enumerate(colours, 1)
    ]
    (tmp_path / "x.pdf").write_bytes(pdf_of(pages))
    texts, report = texts_of(tmp_path)
    text = " ".join(texts)
    assert (text.count("Hares"), text.count("Author"), text.count("Page"), text.count("Draft")) == (
        1,
        1,
        0,
        0,
    )
    assert (text.count("It was late"), text.count("Sample")) == (6, 6)
    assert report.left_out["page headers and footers"] == 2 * (5 + 11) + 6 * (11 + 5)


def test_a_few_pages_keep_their_lines(tmp_path: Path) -> None:
    pytest.importorskip("pypdf")
    (tmp_path / "x.pdf").write_bytes(pdf_of([["Hares", "One."], ["Hares", "Two."]]))
    assert " ".join(texts_of(tmp_path)[0]) == "Hares One. Hares Two."


def test_prose_among_code_and_headings_of_a_portable_document_is_joined(tmp_path: Path) -> None:
    pytest.importorskip("pypdf")
    prose = [
        "A statement ends with a semicolon, unless it is the last",
        "one of a block, whose value is then the value of the whole",
    ]
    code = ["let a = 1;", "let b = 2;", "let c = a + b;", "call(a);", "call(b);", "end", "fn f() {", "loop"]
    (tmp_path / "x.pdf").write_bytes(pdf_of([["Statements", *prose, "block.", "Examples", *code]]))
    texts, _ = texts_of(tmp_path)
    assert texts == ["Statements", " ".join([*prose, "block."]), "Examples", *code]


def test_titles_in_a_portable_document_stay_apart(tmp_path: Path) -> None:
    pytest.importorskip("pypdf")
    titles = ["Council backs plan for a new tram line to the harbour", "Rain delays start of harvest"] * 5
    (tmp_path / "x.pdf").write_bytes(pdf_of([titles]))
    assert texts_of(tmp_path)[0] == titles


@pytest.mark.parametrize(("suffix", "library"), [(".pdf", "pypdf"), (".docx", "docx")])
def test_a_missing_library_is_named_with_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, library: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    (tmp_path / f"x{suffix}").write_bytes(b"data")
    (tmp_path / "y.txt").write_text("Words.")
    with pytest.raises(InputError, match="pip install"):
        pieces_of(tmp_path / f"x{suffix}")
    texts, report = texts_of(tmp_path)
    assert (texts, dict(report.problems)) == (["Words."], {Kind.UNREADABLE_FILE: 1})


@pytest.mark.parametrize("suffix", [".pdf", ".docx"])
def test_a_damaged_document_is_counted(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"x{suffix}").write_bytes(b"no such thing")
    (tmp_path / "y.txt").write_text("Words.")
    texts, report = texts_of(tmp_path)
    assert (texts, report.problems[Kind.DAMAGED], report.lost) == (["Words."], 1, 13)


def test_heavy_libraries_wait_for_a_file_of_theirs() -> None:
    for module in (docx, html, pdf, rst):
        assert not {"trafilatura", "lxml", "docutils", "pypdf"} & set(vars(module))


def pdf_of(pages: list[list[str]]) -> bytes:
    """A PDF of some lines a page, in Helvetica."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    kids = []
    for lines in pages:
        shown = "".join(f"({line}) Tj 0 -14 Td " for line in lines)
        stream = f"BT /F1 12 Tf 72 720 Td {shown}ET".encode()
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % len(objects)
        )
        kids.append(len(objects))
    refs = b" ".join(b"%d 0 R" % kid for kid in kids)
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (refs, len(kids))
    out, offsets = io.BytesIO(), []
    out.write(b"%PDF-1.4\n")
    for number, body in enumerate(objects, 1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
    out.write(b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start))
    return out.getvalue()


@pytest.mark.parametrize("charset", ["undefined", "idna", "punycode", "rot13", "no-such"])
def test_an_encoding_that_decodes_nothing_is_replaced(tmp_path: Path, charset: str) -> None:
    (tmp_path / "a.html").write_bytes(f'<meta charset="{charset}"><p>The caf'.encode() + b"\xe9 is open.</p>")
    texts, report = texts_of(tmp_path)
    assert texts == ["The caf\ufffd is open."]
    assert not report.clean
