"""sentrep: raw text in; a sentence encoder, a search index and an honest verdict out.

    import sentrep
    trained = sentrep.train("quick-thought", corpus="books/", out="runs/qt", encoder="bag")
    vectors = sentrep.embed("runs/qt", ["A sentence.", "Another one."])

Everything is imported when it is first used: ``import sentrep`` itself costs nothing.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

# Threads look for work a thousand times, some microseconds, before they sleep. Were they to sleep at once,
# training would lose a fifth; were they to look for as long as they do by default, it would lose a quarter to
# three quarters when others want the cores too (eval/bench_threads.json). GNU's OpenMP obeys the number,
# others the word. Both are read when torch is imported: who did that before keeps what was set.
if not os.environ.keys() & {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"}:
    os.environ |= {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "1000"}

if TYPE_CHECKING:
    from sentrep.api import (
        build_index,
        combine,
        compare,
        embed,
        evaluate,
        expand,
        generate,
        load,
        open_index,
        train,
    )
    from sentrep.utils.errors import InputError

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
        from sentrep.utils.errors import InputError

        return InputError
    from sentrep import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
