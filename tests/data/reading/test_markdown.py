"""Markdown: marks go, prose stays, and what is left out is counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentrep.data.reading.report import ReadReport
from tests.data.reading.readers import pieces_of, texts_of

CASES: dict[str, tuple[str, list[str]]] = {
    "marks": ("He **said *no*.** `x.y` ~~never~~ __so__.\n", ["He said no. x.y never so."]),
    "emphasis beside Chinese": ("他说**「不行。」**然后走了。\n", ["他说「不行。」然后走了。"]),
    "a link and an image": (
        'See [the *manual*](https://a.example/x_y "M"). ![logo](l.png)\n',
        ["See the manual."],
    ),
    "a link by reference": (
        'See [it][a] and [b].\n\n[a]: https://a.example "T"\n[b]: <c d>\n',
        ["See it and b."],
    ),
    "front matter": ("---\ntitle: T\ntags:\n  - a\n---\nText here.\n", ["Text here."]),
    "front matter in TOML": ('+++\ntitle = "T"\n[extra]\nx = 1\n+++\nText here.\n', ["Text here."]),
    "no front matter": ("---\nText here, no field.\n\n---\nMore.\n", ["Text here, no field.", "More."]),
    "comments": ("A <!-- no --> b.\n\n<!-- one\n\ntwo -->\nC.\n", ["A  b.", "C."]),
    "a comment without an end": ("A.\n\n<!-- one\n\ntwo.\n", ["A.", "one", "two."]),
    "HTML": ("<p align='center'><b>One.</b></p>\n\nA<br>b <i>c</i>.\n", ["One.", "A b c."]),
    "Markdown in HTML": (
        "<details>\n<summary>More</summary>\n\nHe **left**.\n</details>\n",
        ["More", "He left."],
    ),
    "a script": ("<script>\nlet a = 1;\n\nlet b = 2;\n</script>\nText.\n", ["Text."]),
    "a table": ("| A | B |\n|---|:-:|\n| one | 2 kg |\n| x | y | more |\n", ["A B", "one 2 kg", "x y more"]),
    "a table of sentences": (
        "| A | B |\n|---|---|\n| He came in. | She left the house. |\n",
        ["A B", "He came in.", "She left the house."],
    ),
    "lists": (
        "1. One.\n2. Two\n   goes on.\n\n- a\n  - b\n- [ ] c\n- [x] d\n",
        ["One.", "Two goes on.", "a", "b", "c", "d"],
    ),
    "quotes": ("> One\n> two.\n>\n> > Three.\n", ["One two.", "Three."]),
    "footnotes": ("Term.[^1] Next.\n\n[^1]: Note.\n[^b]: Word\n", ["Term. Next.", "Note.", "Word"]),
    "hard breaks": (
        "One\\\ntwo.\n\nMain Street 1  \nPort Ellery\n",
        ["One two.", "Main Street 1", "Port Ellery"],
    ),
    "soft breaks": ("One\ntwo.\n\n他走\n了。\n", ["One two.", "他走了。"]),
    "headings": ("Title\n=====\n\nA.\n\n## Sub {#s} ##\nB.\n", ["A.", "Sub", "B."]),
    "code": ("A.\n\n```python\nx = 1\n```\nB.\n\n~~~\ny\n~~~\n\n    z = f(2)\n\nC.\n", ["A.", "B.", "C."]),
    "inline fence": ("```x = 1``` is code. More.\nB.\n", ["x = 1 is code. More. B."]),
    "indented fence": ("- item\n\n  ```\n  x = 1\n  ```\n\n  after\n\nB.\n", ["item", "after", "B."]),
    "deeply indented fence": ("A.\n\n    ```\n    x = 1\n    ```\nB.\n", ["A.", "B."]),
    "fence in a quote": ("> ```\n> x = 1\n> ```\n> B.\n", ["B."]),
    "unclosed fence": ("A.\n\n```\nB is here.\n\n## C\nD.\n", ["A.", "B is here.", "C", "D."]),
    "unclosed fence before another": (
        "A.\n\n```\nB is here.\n\n```python\nx = 1\n```\nC.\n",
        ["A.", "B is here.", "C."],
    ),
    "fence closed at another depth": ("- item\n  ```\n  x is here\n```\nB.\n", ["item", "x is here", "B."]),
    "fence with a sentence behind it": ("~~~ He said so. ~~~\nB.\n", ["He said so.", "B."]),
    "longer fences": ("````\n```python\nx\n```\n````\nB.\n", ["B."]),
    "indented prose": (
        "A.\n\n    He went home and\n    slept until noon.\n",
        ["A.", "He went home and slept until noon."],
    ),
    "entities": ("A &amp; B &lt;c&gt; \\*d\\*.\n", ["A & B <c> *d*."]),
    "deep quotes": (">" * 300 + " A.\n", ["A."]),
    "deep lists": ("- " * 300 + "A.\n", ["A."]),
}


@pytest.mark.parametrize("name", CASES)
def test_marks_go_and_prose_stays(tmp_path: Path, name: str) -> None:
    markdown, wanted = CASES[name]
    file = tmp_path / "x.md"
    file.write_text(f"# Title\n\n{markdown}" if name not in ("headings", *FRONT) else markdown)
    texts, report = texts_of(file)
    assert [text.replace("  ", " ") for text in texts] == [text.replace("  ", " ") for text in wanted]
    assert report.clean


FRONT = ("front matter", "front matter in TOML", "no front matter")


def left_out(folder: Path, markdown: str) -> dict[str, int]:
    (folder / "x.md").write_text(markdown)
    report: ReadReport = pieces_of(folder / "x.md")[1]
    return dict(report.left_out)


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    assert left_out(tmp_path, "A.\n\n```\nx = 1\n```\n") == {"code": 6}
    assert left_out(tmp_path, "A [b](cd).\n") == {"link targets": 2}
    assert left_out(tmp_path, "A <!-- b -->.\n")["HTML tags"] == 10
    assert left_out(tmp_path, "A.\n") == {}


def test_headings_are_paths(tmp_path: Path) -> None:
    file = tmp_path / "x.md"
    file.write_text("# T\nA.\n## B\nC.\n### D\nE.\n## F\nG.\n")
    pieces, _ = pieces_of(file)
    assert {piece.title for piece in pieces} == {"T"}
    assert [(piece.headings, piece.text.split("\n\n")) for piece in pieces] == [
        (("T",), ["A."]),
        (("T", "B"), ["B", "C."]),
        (("T", "B", "D"), ["D", "E."]),
        (("T", "F"), ["F", "G."]),
    ]


@pytest.mark.slow
def test_a_long_file_is_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "x.md"
    sections = [f"## Part {i}\n\nText of part {i}.\n\n```\ncode\n```\n" for i in range(20_000)]
    file.write_text("# T\n" + "\n".join(sections))
    texts, report = texts_of(file)
    assert texts == [part for i in range(20_000) for part in (f"Part {i}", f"Text of part {i}.")]
    assert report.left_out["code"] == 5 * 20_000


@pytest.mark.parametrize(
    ("markdown", "title", "headings"),
    [
        ("---\ntitle: T\n---\n\n### Synopsis\n\nA.\n", "T", ("Synopsis",)),
        ("---\ntitle: T\n---\n\n# U\n\nA.\n", "U", ("U",)),
        ("---\ntitle: T\n---\n\nA.\n", "T", ()),
        ("---\ntags: x\n---\n\n## V\n\nA.\n", "V", ("V",)),
    ],
)
def test_the_front_matter_names_the_title(
    tmp_path: Path, markdown: str, title: str, headings: tuple[str, ...]
) -> None:
    (tmp_path / "x.md").write_text(markdown)
    piece = pieces_of(tmp_path / "x.md")[0][-1]
    assert (piece.title, piece.headings) == (title, headings)


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("title: The garden", "The garden"),
        ('title: "A: b"  # of the page', "A: b"),
        ("title: 'It is'", "It is"),
        ("title: Don't go # yet", "Don't go"),
        ('title: "He said \\"no\\""', 'He said "no"'),
        ("title: C# and F#", "C# and F#"),
        ("title:\nauthor: Jane", "Part"),
        ('title: ""', "Part"),
        ("title: >\n  The long\n  garden\ntags: [a]", "The long garden"),
        ("title: |-\n  The long\n  garden", "The long garden"),
        ("title: The long\n  garden", "The long garden"),
        ('title: "The long\n  garden"', "The long garden"),
        ("title: Part 1: the garden", "Part 1: the garden"),
        ("title: 2024-01-01", "2024-01-01"),
        ("title: [a, b]", "Part"),
        ("seo:\n  title: inner", "Part"),
        ("title: # none", "Part"),
    ],
)
def test_the_title_of_front_matter(tmp_path: Path, line: str, title: str) -> None:
    (tmp_path / "a.md").write_text(f"---\n{line}\n---\n## Part\n\nText.\n")
    pieces, _ = pieces_of(tmp_path)
    assert {piece.title for piece in pieces} == {title}


def test_the_title_of_front_matter_in_toml(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text('+++\n[seo]\ntitle = "inner"\n+++\n## Part\n\nText here.\n')
    (tmp_path / "b.md").write_text(
        "+++\ntitle = 'The garden'\n[seo]\ntitle = 1\n+++\n## Part\n\nText here.\n"
    )
    pieces, _ = pieces_of(tmp_path)
    assert [piece.title for piece in pieces] == ["Part", "The garden"]


def test_front_matter_that_is_nested_too_deep_names_no_title(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(f"---\ntags: {'[' * 20_000}\n---\n## Part\n\nText.\n")
    pieces, _ = pieces_of(tmp_path)
    assert {piece.title for piece in pieces} == {"Part"}
