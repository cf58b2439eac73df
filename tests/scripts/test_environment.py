"""scripts/environment.sh asks pip for what it can read, with extras and without; once, and again when that
has changed."""

import subprocess
from pathlib import Path

import pytest

from tests.paths import ROOT

# Stands for the interpreter: answers its version, and "makes" an environment whose pip writes down what it
# was asked.
PYTHON = """#!/usr/bin/env bash
case "$1" in
-m) mkdir -p "$3/bin"
    printf '#!/usr/bin/env bash\\necho "$@" >> asked' > "$3/bin/pip" && chmod +x "$3/bin/pip" ;;
--version) echo Python 3.11.0 ;;
esac
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "constraints.txt").touch()
    (tmp_path / "python").write_text(PYTHON)
    (tmp_path / "python").chmod(0o755)
    return tmp_path


def make(project: Path, *extras: str) -> list[str]:
    """What pip has been asked so far, after one more call."""
    script = f'set -euo pipefail; source "{ROOT}/scripts/environment.sh"; environment made "$@"'
    subprocess.run(
        ["bash", "-c", script, "bash", *extras],
        cwd=project,
        env={"PATH": "/usr/bin:/bin", "PYTHON": "./python"},
        check=True,
    )
    return (project / "asked").read_text().splitlines()


@pytest.mark.parametrize(
    ("extras", "wanted"),
    [((), "."), (("",), "."), (("minilm",), ".[minilm]"), (("dev,minilm",), ".[dev,minilm]")],
)
def test_the_project_is_named_as_pip_reads_it(project: Path, extras: tuple[str, ...], wanted: str) -> None:
    torch, own = make(project, *extras)
    assert torch.split()[-1] == "torch"
    assert own.split()[-2:] == ["--editable", wanted]


def test_installs_once_and_again_when_the_wanted_packages_change(project: Path) -> None:
    once = make(project, "dev")
    assert make(project, "dev") == once
    (project / "constraints.txt").write_text("torch==0\n")
    assert len(make(project, "dev")) == 2 * len(once)
