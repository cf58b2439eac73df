"""The commands compress and decompress."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro

from sentrep import api
from sentrep.cli.options import LINES, Files, ReadingLines
from sentrep.cli.texts import lines_of
from sentrep.data.outputs import check_outputs
from sentrep.inference.runs import RunRecord
from sentrep.utils.files import output_file

Run = Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]


def compress(run: Run, input: Files, out: Path, lossy: bool = False, reading: ReadingLines = LINES) -> None:
    """Compress texts, one a line, with the probabilities of a trained decoder. With `lossy`, only codes of a
    few bytes are kept, from which similar sentences are restored.

    Args:
        run: Folder of a run of vq-vae, or of vae with `latent_width` 0, which is a language model.
        input: Files, folders, or '-' for standard input: each line of them, or of their text field.
        out: File for the compressed texts.
        lossy: Keep only the code of each text (vq-vae).
        reading: How files are read.
    """
    record = RunRecord.read(run)  # a folder that holds no run is an error before texts are read
    check_outputs([input], out=out)
    written = api.compress(record, lines_of(input, reading), out, lossy)
    each = written.bytes / max(1, written.sentences)
    before = written.text_bytes / max(1, written.sentences)
    print(f"{written.sentences:,} texts in {out}: {each:.1f} bytes each, {before:.1f} before")


def decompress(
    run: Run,
    file: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FILE")],
    out: Path | None = None,
) -> None:
    """Restore the texts of a compressed file, one a line.

    Args:
        run: Folder of the run that it was compressed with.
        file: The compressed file.
        out: File for the texts. Unset: they are printed.
    """
    if out is None:
        for text in api.decompress(run, file):
            print(text)
        return
    check_outputs([file], out=out)
    with output_file(out) as written:
        for text in api.decompress(run, file):
            written.write(f"{text}\n".encode("utf-8", "surrogatepass"))
