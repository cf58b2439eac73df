"""Build the API reference from the docstrings: one HTML page per module, with search; no network is used.

    pip install '.[docs]'
    python docs/build_reference.py site/        # open site/index.html

A warning of pdoc (such as a name in `__all__` that does not exist) and a reference to a `sentrep.` name that
does not exist are errors. One kind of warning is left out: pdoc cannot resolve annotations of names that are
imported for the type checker only, and prints them as they are written.
"""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

REFERENCE = re.compile(r"`~?(sentrep(?:\.\w+)+)(?:\(\))?`")
LEFT_OUT = ("sentrep.__main__",)
UNRESOLVED = "Error parsing type annotation"


def main(out: Path) -> int:
    """Returns the exit status: 1 if a reference is broken."""
    import pdoc
    import pdoc.render

    os.environ["PDOC_ALLOW_EXEC"] = "0"
    modules = list(imported())
    broken = [line for module in modules for line in broken_references(module)]
    pdoc.render.configure(docformat="google", show_source=False, footer_text="sentrep")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pdoc.pdoc(*roots(modules), output_directory=out)
    found = [str(warning.message) for warning in caught if "pdoc" in warning.filename]
    broken += [line for line in found if not line.startswith(UNRESOLVED)]
    print("\n".join(broken), file=sys.stderr, end="\n" if broken else "")
    print(f"{len(modules)} modules in {out / 'index.html'}")
    return int(bool(broken))


def imported() -> Iterator[ModuleType]:
    """All modules of the package, with the names of `__all__` that are imported lazily."""
    package = importlib.import_module("sentrep")
    names = [found.name for found in pkgutil.walk_packages(package.__path__, "sentrep.")]
    for name in ["sentrep", *names]:
        if name in LEFT_OUT:
            continue
        module = importlib.import_module(name)
        for public in getattr(module, "__all__", []):
            setattr(module, public, getattr(module, public))
        yield module


def roots(modules: Sequence[ModuleType]) -> list[str]:
    """Names to give to pdoc. It finds the modules of a package itself, unless there is an `__all__` without
    them."""
    listed = {module.__name__: module.__all__ for module in modules if hasattr(module, "__all__")}
    names = [(*module.__name__.rpartition("."), module.__name__) for module in modules]
    return [
        name
        for parent, _, own, name in names
        if name == "sentrep" or (parent in listed and own not in listed[parent])
    ]


def broken_references(module: ModuleType) -> Iterator[str]:
    """References in the docstrings of a module, its classes and functions that lead nowhere."""
    for name, text in docstrings(module):
        for found in REFERENCE.findall(text):
            if not exists(found):
                yield f"{name}: `{found}` does not exist"


def docstrings(module: ModuleType) -> Iterator[tuple[str, str]]:
    yield module.__name__, module.__doc__ or ""
    for name, value in vars(module).items():
        if getattr(value, "__module__", None) != module.__name__:
            continue
        yield f"{module.__name__}.{name}", getattr(value, "__doc__", None) or ""
        if inspect.isclass(value):
            for inner, member in vars(value).items():
                yield f"{module.__name__}.{name}.{inner}", getattr(member, "__doc__", None) or ""


def exists(name: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            if not hasattr(found, part) and part not in getattr(found, "__annotations__", {}):
                return False
            found = getattr(found, part, None)
        return True
    return False


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "site")))
