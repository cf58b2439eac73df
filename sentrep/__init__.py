"""sentrep: raw text in; a sentence encoder, a search index and an honest verdict out.

    import sentrep
    trained = sentrep.train("quick-thought", corpus="books/", out="runs/qt", encoder="bag")
    vectors = sentrep.embed("runs/qt", ["A sentence.", "Another one."])

Everything is imported when it is first used: ``import sentrep`` itself costs nothing.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

# Both are read once, when torch is imported or first allocates; who imports torch before us keeps what was set.
# A token table's gradient is tens of megabytes, new at every step: in huge pages the kernel hands it over in a few dozen faults
# instead of thousands.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
# Threads that wait for each other sleep instead of spinning: where others want the cores too, spinning takes their time and ours.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

if TYPE_CHECKING:
    from sentrep.api import build_index, combine, compare, embed, evaluate, expand, generate, load, open_index, train
    from sentrep.errors import InputError

__all__ = [
    "InputError",
    "build_index",
    "combine",
    "compare",
    "embed",
    "evaluate",
    "expand",
    "generate",
    "load",
    "open_index",
    "train",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'sentrep' has no attribute {name!r}")
    if name == "InputError":
        from sentrep.errors import InputError

        return InputError
    from sentrep import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
