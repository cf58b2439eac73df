"""What a run stores to be measured with: documents that training did not read, and token counts."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from sentrep.utils.files import disk_errors, whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KEPT_OUT = "kept_out"
"""The folder within that of a run."""
DOCUMENTS, COUNTS = "kept_out.jsonl", "token_counts.npy"


def save_kept_out(run: Path, documents: Path, token_counts: NDArray[np.int64]) -> None:
    """Stores what ``sentrep eval RUN`` measures with: it does not need the prepared corpus any more.

    Args:
        run: folder of the run.
        documents: JSON lines that training does not read.
        token_counts: (token type,) of the text that it reads; untrained encoders depend on them.
    """
    import numpy as np

    folder = run / KEPT_OUT
    folder.mkdir(exist_ok=True)
    with disk_errors(run):
        with whole(folder / DOCUMENTS) as file, documents.open("rb") as source:
            shutil.copyfileobj(source, file)
        with whole(folder / COUNTS) as file:
            np.save(file, token_counts, allow_pickle=False)
