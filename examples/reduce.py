"""Halve the width of a model's vectors, fitted to your own text.

    python examples/reduce.py runs/first books/ runs/first.half

The first argument is a run folder, a model folder, 'minilm', or the name of a public model.
"""

from __future__ import annotations

import sys
from pathlib import Path

from sentrep import api


def main(model: str, corpus: str, out: str) -> None:
    """Reduces the model and prints what is kept."""
    reduced = api.reduce(model, corpus, Path(out))
    print(f"{reduced.width} of {len(reduced.eigenvalues)} axes have {reduced.kept(reduced.width):.1%}")


if __name__ == "__main__":
    main(*sys.argv[1:4])
