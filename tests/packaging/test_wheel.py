"""The wheel, built and installed away from the checkout: commands run, data files are there, and an optional
library that is absent is named with the line that installs it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from sentrep.evaluation.suite import suites
from tests import toy
from tests.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
PAGES = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "eval").glob("*.md")]
MESSAGES = [*(ROOT / "sentrep").rglob("*.py")]
BLOCKED = (
    "import sys; sys.modules[{name!r}] = None; from sentrep.cli.main import main; sys.exit(main({words!r}))"
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling", reason="pip install '.[dev]'")
    out = tmp_path_factory.mktemp("wheel")
    build = f"from hatchling.build import build_wheel; print(build_wheel({str(out)!r}))"
    subprocess.run([sys.executable, "-c", build], cwd=ROOT, check=True, capture_output=True)
    [made] = out.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an environment that has the wheel, and the other packages of this one."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder / "env", with_pip=True)
    [packages] = (folder / "env").glob("lib/*/site-packages")
    install = [
        folder / "env/bin/pip",
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        "--disable-pip-version-check",
    ]
    subprocess.run([*install, wheel], check=True)
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    toy.write_corpus(folder / "corpus.jsonl", 60)
    return folder


def run(elsewhere: Path, *words: str | Path, python: str | None = None) -> subprocess.CompletedProcess[str]:
    """A command of the installed package, or a Python program, in the folder."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"SENTREP_CACHE": str(elsewhere / "cache"), "SENTREP_PROGRESS": "0"}
    command = (
        [elsewhere / "env/bin/python", "-c", python] if python else [elsewhere / "env/bin/sentrep", *words]
    )
    return subprocess.run(command, cwd=elsewhere, env=environment, capture_output=True, text=True)


@pytest.mark.slow
def test_suites_and_report_assets_are_in_the_wheel(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"sentrep/suites/{name}.toml" for name in suites()} <= names
    assets = ROOT / "sentrep/evaluation/report/assets"
    assert {f"sentrep/evaluation/report/assets/{file.name}" for file in assets.iterdir()} <= names
    assert "sentrep/py.typed" in names
    assert not any(name.startswith("tests/") or name.endswith((".pyc", ".pkl")) for name in names)


@pytest.mark.slow
def test_the_installed_package_trains_embeds_and_reports(elsewhere: Path) -> None:
    where = run(elsewhere, python="import sentrep; print(sentrep.__file__)")
    assert where.stdout.startswith(str(elsewhere)), where

    help_page = run(elsewhere, "--help")
    assert help_page.returncode == 0
    assert all(verb in help_page.stdout for verb in ("train", "embed", "search", "eval"))

    for words in (
        (
            "train",
            "quick-thought",
            "--corpus",
            "corpus.jsonl",
            "--out",
            "run",
            "--steps",
            "3",
            "--width",
            "32",
        ),
        ("embed", "run", "--input", "corpus.jsonl", "--out", "vectors"),
        ("report", "--runs", "run", "--out", "report.html"),
    ):
        done = run(elsewhere, *words)
        assert done.returncode == 0, f"{words}: {done.stderr}"
    assert (elsewhere / "vectors").is_dir()
    assert b"<script" in (elsewhere / "report.html").read_bytes()

    known = run(elsewhere, python="from sentrep.evaluation.suite import suites; print(*suites())")
    assert known.stdout.split() == list(suites())


@pytest.mark.slow
def test_an_absent_optional_library_is_named_with_the_line_that_installs_it(elsewhere: Path) -> None:
    words = ["baseline", "word2vec", "--corpus", "corpus.jsonl", "--out", "w2v"]
    done = run(elsewhere, python=BLOCKED.format(name="gensim", words=words))
    assert done.returncode == 1
    assert f"pip install '{EXTRAS['peers'][0]}'" in done.stderr

    bridge = "import sys; sys.modules['mteb'] = None; import sentrep.api; sentrep.api.mteb_model('bm25')"
    assert f"pip install '{EXTRAS['mteb'][0]}'" in run(elsewhere, python=bridge).stderr


def test_install_lines_in_messages_name_requirements_of_the_extras() -> None:
    """An extra that is named must be installed from a checkout: the project is on no package index."""
    optional = {requirement for requirements in EXTRAS.values() for requirement in requirements}
    install = re.compile(r"pip install '?([^'\"\s]+)'?")
    lines = [(file, line) for file in MESSAGES for line in install.findall(file.read_text(encoding="utf-8"))]
    assert lines
    for file, line in lines:
        assert line in optional or line.startswith((".", "{")), f"{file}: pip install {line}"


def test_no_page_promises_a_package_index() -> None:
    install = re.compile(r"pip install ([^`\n]+)")
    lines = [
        (page.name, line) for page in PAGES for line in install.findall(page.read_text(encoding="utf-8"))
    ]
    assert lines
    for page, line in lines:
        assert not re.search(r"(^|[\s'\"])sentrep", line), f"{page}: pip install {line}"


def test_every_extra_of_the_readme_exists() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"pip install '\.\[([\w,]+)\]'", readme)
    assert set(",".join(named).split(",")) == set(EXTRAS)
