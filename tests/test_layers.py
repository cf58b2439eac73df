"""The architecture, enforced: which package may import which, and where each heavy library is imported."""

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
LAYERS = (
    ("utils",),
    ("data",),
    ("modules", "embedding", "search"),
    ("encoders",),
    ("mining", "methods", "evaluation"),
    ("training", "baselines"),
    ("inference",),
    ("api",),
    ("pipelines",),
    ("__init__",),
    ("cli",),
    ("__main__",),
)
"""Packages by layer, lowest first. Imports run to a lower layer, or stay within a package."""
ABOVE = {"embedding.ray": "inference", "embedding.workers": "embedding.ray"}
"""Modules that are not in the layer of their package, but directly above another package or module."""
LAYER: dict[str, float] = {package: number for number, packages in enumerate(LAYERS) for package in packages}
for above, below in ABOVE.items():
    LAYER[above] = LAYER[below] + 0.25
PORTS = {
    "tyro": {"cli"},
    "sentence_transformers": {"encoders"},
    "faiss": {"search"},
    "datasets": {"data.reading"},
    "markdown_it": {"data.reading.markdown"},
    "trafilatura": {"data.reading.html"},
    "lxml": {"data.reading.html", "data.reading.html_marks", "data.reading.html_tree", "data.reading.docx"},
    "docutils": {"data.reading.rst"},
    "yaml": {"data.reading.front_matter"},
    "docx": {"data.reading.docx"},
    "pypdf": {"data.reading.pdf"},
    "nltk": {"data.splitting", "evaluation.metrics.rouge", "inference.tree_parser"},
    "accelerate": {"training.accelerator"},
    "bm25s": {"data.analysis", "evaluation.models.lexical"},
    "Stemmer": {"data.analysis"},
    "datasketch": {"mining.minhash"},
    "mteb": {"evaluation.mteb_bridge"},
    "gensim": {"baselines.doc2vec", "baselines.word2vec"},
    "ray": {"embedding.ray"},
}
"""Library -> packages or modules that may import it at run time."""
HEAVY = {
    "torch",
    "transformers",
    "sentence_transformers",
    "accelerate",
    "faiss",
    "datasets",
    "scipy",
    "ray",
}
FORBIDDEN = {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal"}
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in sorted(ROOT.rglob("*.py"))
}


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
            yield Import(
                child.module or "",
                tuple(alias.name for alias in child.names),
                child.lineno,
                deferred,
                types_only,
            )
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            for part in child.body:
                yield from _imports(ast.Module([part], []), deferred, True)
            for part in child.orelse:
                yield from _imports(ast.Module([part], []), deferred, types_only)
        else:
            inside = deferred or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _imports(child, inside, types_only)


def targets(found: Import) -> list[str]:
    """Modules of ours that are imported, without the package's name: ``from sentrep.data import batch`` is
    text.batch."""
    if found.module != "sentrep" and not found.module.startswith("sentrep."):
        return []
    inside = found.module.removeprefix("sentrep").lstrip(".")
    named = [f"{inside}.{name}".lstrip(".") for name in found.names]
    modules = [name for name in named if name in MODULES or f"{name}.__init__" in MODULES]
    return modules or [inside or "__init__"]


def package(module: str) -> str:
    return module if module in LAYER else module.split(".")[0]


def test_every_module_has_a_layer() -> None:
    assert {package(module) for module in MODULES} <= set(LAYER)


def test_the_reading_of_imports_sees_what_is_there(tmp_path: Path) -> None:
    """A check that cannot fail is a defect: this one's eyes are tried first."""
    source = [
        "import torch",
        "def f():",
        " from sentrep.data import batch",
        "if TYPE_CHECKING:",
        " import faiss",
        "else:",
        " import nltk.x",
    ]
    (tmp_path / "m.py").write_text("\n".join(source))
    found = imports(tmp_path / "m.py")
    assert [(i.module, i.deferred, i.types_only) for i in found] == [
        ("torch", False, False), ("sentrep.data", True, False), ("faiss", False, True),
        ("nltk.x", False, False),
    ]  # fmt: skip
    assert targets(found[1]) == ["data.batch"]


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_downward(module: str) -> None:
    for found in imports(MODULES[module]):
        for target in targets(found):
            mine, theirs = package(module), package(target)
            allowed = mine == theirs or LAYER[theirs] < LAYER[mine]
            assert allowed, f"{MODULES[module]}:{found.line}: {mine} is not above {theirs}"


@pytest.mark.parametrize("module", MODULES)
def test_heavy_libraries_are_imported_in_one_package(module: str) -> None:
    for found in imports(MODULES[module]):
        ports = PORTS.get(found.module.split(".")[0])
        inside = ports is None or any(module == port or module.startswith(f"{port}.") for port in ports)
        assert inside or found.types_only, (
            f"{MODULES[module]}:{found.line}: {found.module} is imported in {ports} only"
        )


def test_there_are_no_import_circles() -> None:
    """Deferred imports count: a circle that is hidden in a function is a circle."""
    graph = {module: _loaded(module) - {module} for module in MODULES}
    done = set[str]()
    while ready := {module for module, needs in graph.items() if module not in done and needs <= done}:
        done |= ready
    assert not set(graph) - done, f"in or behind a circle: {sorted(set(graph) - done)}"


def _loaded(module: str) -> set[str]:
    found = {target for each in imports(MODULES[module]) if not each.types_only for target in targets(each)}
    return {target if target in MODULES else f"{target}.__init__" for target in found}


def test_methods_do_not_import_each_other() -> None:
    shared = {"methods.base", "methods.capabilities", "methods.defaults", "methods.entry", "methods.monitors"}
    # What the generators of codes have in common.
    shared |= {f"methods.code_{name}" for name in ("autoencoder", "monitors", "settings")}
    lists = {"methods.__init__", "methods.configs", "methods.registry"}
    for module in MODULES:
        if package(module) == "methods" and module not in lists:
            own = ".".join(module.split(".")[:2])
            for found in imports(MODULES[module]):
                seen = {target for target in targets(found) if package(target) == "methods"}
                foreign = {target for target in seen - shared if not f"{target}.".startswith(f"{own}.")}
                assert not foreign, f"{MODULES[module]}:{found.line}: {foreign}"


def test_training_sees_only_the_base_of_the_methods() -> None:
    for module in MODULES:
        if package(module) == "training":
            seen = {
                target
                for found in imports(MODULES[module])
                for target in targets(found)
                if package(target) == "methods"
            }
            assert seen <= {"methods.base", "methods.capabilities", "methods.defaults", "methods.monitors"}, (
                module
            )


def test_evaluation_sees_neither_methods_nor_training() -> None:
    for module in MODULES:
        if package(module) == "evaluation":
            seen = {package(target) for found in imports(MODULES[module]) for target in targets(found)}
            assert not seen & {"methods", "training", "encoders"}, module


def test_help_loads_nothing_heavy() -> None:
    """cli and api, and all that they import at once, to the bottom."""
    commands = [name for name in MODULES if package(name) == "cli"]  # imported when they are asked for
    waiting, seen = [*commands, "api.__init__", "__init__"], set[str]()
    while waiting:
        module = waiting.pop()
        if module in seen or not {module, f"{module}.__init__"} & set(MODULES):
            continue
        seen.add(module)
        parents = [
            ".".join([*module.split(".")[:depth], "__init__"]) for depth in range(1, module.count(".") + 1)
        ]
        waiting += [parent for parent in parents if parent in MODULES]
        for found in imports(MODULES.get(module) or MODULES[f"{module}.__init__"]):
            if not (found.deferred or found.types_only):
                assert found.module.split(".")[0] not in {*HEAVY, "numpy"}, (
                    f"{module}:{found.line} loads {found.module} for a help page"
                )
                waiting += targets(found)
    assert {
        "cli.main",
        "api.__init__",
        "methods.registry",
        "data.config",
        "training.config",
        "encoders.config",
        "methods.quick_thought.config",
    } <= seen


@pytest.mark.parametrize(
    "module", [name for name in MODULES if package(name) == "data" or name.endswith("config")]
)
def test_data_and_settings_import_nothing_heavy(module: str) -> None:
    if module == "data.batch":
        return  # batches are tensors; the command line does not reach them
    for found in imports(MODULES[module]):
        if not (found.deferred or found.types_only):
            assert found.module.split(".")[0] not in HEAVY, f"{MODULES[module]}:{found.line}"


@pytest.mark.parametrize("module", MODULES)
def test_files_are_short_and_nothing_is_pickled(module: str) -> None:
    text = MODULES[module].read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 360
    tree = ast.parse(text)
    for node in ast.walk(tree):
        where = f"{MODULES[module]}:{getattr(node, 'lineno', 0)}"
        assert not (isinstance(node, ast.ExceptHandler) and node.type is None), (
            f"{where}: except without a name"
        )
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in (
                "torch.load",
                "torch.save",
                "eval",
                "exec",
                "pickle.load",
                "pickle.loads",
            ), f"{where}: {called}"
            for keyword in node.keywords:
                unsafe = (
                    keyword.arg in ("allow_pickle", "trust_remote_code")
                    and ast.unparse(keyword.value) != "False"
                )
                assert not unsafe, f"{where}: {keyword.arg}"
            if called in ("np.load", "numpy.load"):
                assert any(keyword.arg == "allow_pickle" for keyword in node.keywords), (
                    f"{where}: say allow_pickle=False"
                )
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
        "data.config:CorpusConfig", "data.config:TokenizerConfig", "encoders.config:EncoderConfig",
        "training.config:TrainingConfig", "methods.quick_thought.config:QuickThoughtConfig",
    }  # fmt: skip


@pytest.mark.parametrize("place", configs())
def test_every_setting_is_frozen_and_explained(place: str) -> None:
    module, name = place.split(":")
    made = getattr(importlib.import_module(f"sentrep.{module}"), name)
    assert dataclasses.is_dataclass(made)
    assert made.__dataclass_params__.frozen
    assert made.__doc__
    explained = {
        name for each in made.__mro__ if dataclasses.is_dataclass(each) for name in explained_by(each)
    }
    assert {field.name for field in dataclasses.fields(made)} == explained


def explained_by(made: type) -> set[str]:
    """The fields that a class itself defines with a docstring."""
    tree = ast.parse(MODULES[made.__module__.removeprefix("sentrep.")].read_text(encoding="utf-8"))
    classes = (node for node in tree.body if isinstance(node, ast.ClassDef))
    body = next(node.body for node in classes if node.name == made.__name__)
    return {
        field.target.id
        for field, text in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        if isinstance(text.value, ast.Constant) and len(str(text.value.value)) > 10
    }
