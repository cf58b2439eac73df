"""The plan of the house, held: who may import whom, and through which door a heavy library comes in."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import sentrep

ROOT = Path(sentrep.__file__).parent
FLOORS = {
    "__main__": 14, "cli": 13, "cli_generating": 12, "cli_measuring": 12, "cli_models": 12, "cli_trees": 12, "parsing": 12,
    "quickstart": 11, "__init__": 11, "api": 11, "measuring": 10, "candidates": 9, "ensemble": 9,
    "contexts": 8, "expanding": 8, "generating": 8, "summarizing": 8, "treeing": 8, "reopening": 7,
    "models": 6, "corpora": 6, "registry": 6, "training": 6,
    "word_models": 5, "methods": 4, "evaluation": 4, "parts": 3, "embedding": 3,
    "search": 3, "text": 2, "encoders": 2, "errors": 1, "files": 1, "progress": 1,
}  # fmt: skip
"""Room -> floor. Imports run downward, or stay within a room."""
SAME_FLOOR = {("__init__", "api"), ("quickstart", "api")}
"""Neighbours on one floor that are used: the package's own face, and the main job on top of the verbs."""
DOORS = {
    "tyro": {"cli", "cli_generating", "cli_measuring", "cli_models", "cli_trees", "parsing"},
    "sentence_transformers": {"encoders"},
    "faiss": {"search"},
    "datasets": {"text.source"},
    "nltk": {"text.segment", "text.punkt", "evaluation.rouge", "treeing"},
    "accelerate": {"training.trainer"},
    "bm25s": {"evaluation.baselines"},
    "mteb": {"evaluation.mteb_bridge"},
    "gensim": {"word_models.documents", "word_models.vectors"},
}
"""Library -> modules or rooms that may import it when the program runs."""
LIGHT = ("numpy", "tyro", "typing_extensions")
"""All of other people's that the command line's help may load."""
HEAVY = {"torch", "transformers", "sentence_transformers", "accelerate", "faiss", "datasets", "scipy", "matplotlib"}
FORBIDDEN = {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal"}
MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in sorted(ROOT.rglob("*.py"))}


class Import(NamedTuple):
    """One import: of what, where, and when it happens."""

    module: str
    names: tuple[str, ...]
    line: int
    deferred: bool
    """Inside a function."""
    types_only: bool
    """Under ``if TYPE_CHECKING``."""


def imports(path: Path) -> list[Import]:
    return list(_imports(ast.parse(path.read_text(encoding="utf-8")), deferred=False, types_only=False))


def _imports(node: ast.AST, deferred: bool, types_only: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(alias.name, (), child.lineno, deferred, types_only)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"line {child.lineno}: imports are written out in full"
            yield Import(child.module or "", tuple(alias.name for alias in child.names), child.lineno, deferred, types_only)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            for part in child.body:
                yield from _imports(ast.Module([part], []), deferred, True)
            for part in child.orelse:
                yield from _imports(ast.Module([part], []), deferred, types_only)
        else:
            inside = deferred or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _imports(child, inside, types_only)


def targets(found: Import) -> list[str]:
    """Modules of ours that are imported, without the package's name: ``from sentrep.text import block`` is text.block."""
    if found.module != "sentrep" and not found.module.startswith("sentrep."):
        return []
    inside = found.module.removeprefix("sentrep").lstrip(".")
    named = [f"{inside}.{name}".lstrip(".") for name in found.names]
    modules = [name for name in named if name in MODULES or f"{name}.__init__" in MODULES]
    return modules or [inside or "__init__"]


def room(module: str) -> str:
    return module.split(".")[0]


def test_every_module_has_a_floor() -> None:
    assert {room(module) for module in MODULES} <= set(FLOORS)


def test_the_reading_of_imports_sees_what_is_there(tmp_path: Path) -> None:
    """A check that cannot fail is a defect: this one's eyes are tried first."""
    source = [
        "import torch",
        "def f():",
        " from sentrep.text import block",
        "if TYPE_CHECKING:",
        " import faiss",
        "else:",
        " import nltk.x",
    ]
    (tmp_path / "m.py").write_text("\n".join(source))
    found = imports(tmp_path / "m.py")
    assert [(i.module, i.deferred, i.types_only) for i in found] == [
        ("torch", False, False), ("sentrep.text", True, False), ("faiss", False, True), ("nltk.x", False, False),
    ]  # fmt: skip
    assert targets(found[1]) == ["text.block"]


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_downward(module: str) -> None:
    for found in imports(MODULES[module]):
        for target in targets(found):
            mine, theirs = room(module), room(target)
            allowed = mine == theirs or FLOORS[theirs] < FLOORS[mine] or (mine, theirs) in SAME_FLOOR
            assert allowed, f"{MODULES[module]}:{found.line}: {mine} is not above {theirs}"


@pytest.mark.parametrize("module", MODULES)
def test_heavy_libraries_come_in_by_their_doors(module: str) -> None:
    for found in imports(MODULES[module]):
        doors = DOORS.get(found.module.split(".")[0])
        inside = doors is None or module in doors or room(module) in doors
        assert inside or found.types_only, f"{MODULES[module]}:{found.line}: {found.module} has its door in {doors}"


def test_methods_do_not_know_each_other() -> None:
    for module in MODULES:
        if room(module) == "methods" and module != "methods.__init__":
            own = module.removesuffix("_config")
            for found in imports(MODULES[module]):
                seen = [target for target in targets(found) if room(target) == "methods"]
                assert set(seen) <= {"methods.base", own, f"{own}_config"}, f"{MODULES[module]}:{found.line}"


def test_training_sees_of_the_methods_their_base_only() -> None:
    for module in MODULES:
        if room(module) == "training":
            seen = {target for found in imports(MODULES[module]) for target in targets(found) if room(target) == "methods"}
            assert seen <= {"methods.base"}, module


def test_evaluation_sees_neither_methods_nor_training() -> None:
    for module in MODULES:
        if room(module) == "evaluation":
            seen = {room(target) for found in imports(MODULES[module]) for target in targets(found)}
            assert not seen & {"methods", "training", "encoders"}, module


def test_what_help_is_made_of_loads_nothing_heavy() -> None:
    """cli and api, and all that they import at once, to the bottom."""
    waiting, seen = ["cli", "api", "__init__", "errors", "progress"], set[str]()
    while waiting:
        module = waiting.pop()
        if module in seen or not {module, f"{module}.__init__"} & set(MODULES):
            continue
        seen.add(module)
        parents = [".".join([*module.split(".")[:depth], "__init__"]) for depth in range(1, module.count(".") + 1)]
        waiting += [parent for parent in parents if parent in MODULES]
        for found in imports(MODULES.get(module) or MODULES[f"{module}.__init__"]):
            if not (found.deferred or found.types_only):
                assert found.module.split(".")[0] not in HEAVY, f"{module}:{found.line} loads {found.module} for a help page"
                waiting += targets(found)
    assert {"cli", "api", "registry", "text.config", "training.config", "encoders.config", "methods.quick_thought_config"} <= seen


@pytest.mark.parametrize("module", [name for name in MODULES if room(name) == "text" or name.endswith("config")])
def test_text_and_settings_are_light(module: str) -> None:
    if module == "text.block":
        return  # blocks are tensors; the command line does not reach them
    for found in imports(MODULES[module]):
        if not (found.deferred or found.types_only):
            assert found.module.split(".")[0] not in HEAVY, f"{MODULES[module]}:{found.line}"


@pytest.mark.parametrize("module", MODULES)
def test_files_are_short_and_pickle_is_not_in_the_house(module: str) -> None:
    text = MODULES[module].read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    tree = ast.parse(text)
    for node in ast.walk(tree):
        where = f"{MODULES[module]}:{getattr(node, 'lineno', 0)}"
        assert not (isinstance(node, ast.ExceptHandler) and node.type is None), f"{where}: except without a name"
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in ("torch.load", "torch.save", "eval", "exec", "pickle.load", "pickle.loads"), f"{where}: {called}"
            for keyword in node.keywords:
                unsafe = keyword.arg in ("allow_pickle", "trust_remote_code") and ast.unparse(keyword.value) != "False"
                assert not unsafe, f"{where}: {keyword.arg}"
            if called in ("np.load", "numpy.load"):
                assert any(keyword.arg == "allow_pickle" for keyword in node.keywords), f"{where}: say allow_pickle=False"
    for found in imports(MODULES[module]):
        assert found.module.split(".")[0] not in FORBIDDEN, f"{MODULES[module]}:{found.line}: {found.module}"


def configs() -> list[str]:
    """Dataclasses that become command line options, as module:Class."""
    found = []
    for module, path in MODULES.items():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and node.name.endswith("Config") and module.endswith("config"):
                found.append(f"{module}:{node.name}")
    return found


def test_all_settings_are_found() -> None:
    assert set(configs()) >= {
        "text.config:CorpusConfig", "text.config:TokenizerConfig", "encoders.config:EncoderConfig",
        "training.config:TrainingConfig", "methods.quick_thought_config:Config",
    }  # fmt: skip


@pytest.mark.parametrize("place", configs())
def test_every_setting_is_frozen_and_explained(place: str) -> None:
    module, name = place.split(":")
    made = getattr(importlib.import_module(f"sentrep.{module}"), name)
    assert dataclasses.is_dataclass(made)
    assert made.__dataclass_params__.frozen
    assert made.__doc__
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    explained = {
        field.target.id
        for field, text in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr)
        if isinstance(text.value, ast.Constant) and len(str(text.value.value)) > 10
    }
    assert {field.name for field in dataclasses.fields(made)} == explained
