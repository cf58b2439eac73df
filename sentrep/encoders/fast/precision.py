"""The precision in which a model is computed."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Literal

from sentrep.utils.errors import InputError, opt

Precision = Literal["auto", "bf16", "fp32"]
PRECISIONS = ("auto", "bf16", "fp32")


def resolve(precision: str) -> Literal["bf16", "fp32"]:
    """The precision itself: 'auto' is bf16 where the processor multiplies it, fp32 elsewhere.

    Raises:
        InputError: there is no such precision.

    >>> resolve("fp32")
    'fp32'
    """
    if precision not in PRECISIONS:
        raise InputError(f"{opt('precision')} {precision!r}: choose auto, bf16 or fp32", setting="precision")
    if precision == "auto":
        return "bf16" if multiplies_bf16() else "fp32"
    return "bf16" if precision == "bf16" else "fp32"


@cache
def multiplies_bf16() -> bool:
    """Whether the processor multiplies matrices of bf16: AVX-512 BF16, AMX, or the bf16 of Arm."""
    try:
        information = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return has_bf16(information)


def has_bf16(information: str) -> bool:
    """Whether the flags in the text of /proc/cpuinfo have products of bf16.

    oneDNN chooses the instructions itself when weights are packed: AMX before AVX-512.

    >>> has_bf16("flags\t\t: fpu avx512f amx_bf16 amx_tile"), has_bf16("flags\t\t: fpu avx512f")
    (True, False)
    """
    flags = re.search(r"^(?:flags|Features)\s*:(.*)$", information, re.MULTILINE)
    return bool(flags and {"avx512_bf16", "amx_bf16", "bf16"} & set(flags[1].split()))
