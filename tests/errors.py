"""Checks errors that a person can correct: their type, setting and place, not their wording."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sentrep.utils.errors import InputError


@contextmanager
def refuses(
    error: type[Exception] = InputError, *, setting: str | None = None, place: str | Path | None = None
) -> Iterator[pytest.ExceptionInfo[Exception]]:
    """Within it an error is raised that names the setting and the place.

    Args:
        error: its type.
        setting: name of the setting that has to be changed; not checked if None.
        place: the end of the path of the file, with ``:line`` where the error knows the line; not checked if
            None.

    >>> from sentrep.utils.errors import at, opt
    >>> with refuses(setting="trees", place="my.trees:2"):
    ...     raise InputError(f"{opt('trees')} {at('texts/my.trees', 2)}: a bracket is not closed")
    """
    with pytest.raises(error) as caught:
        yield caught
    if setting is not None:
        found = getattr(caught.value, "setting", None)
        assert found == setting, f"the error is about the setting {found!r}: {caught.value}"
    if place is not None:
        found = getattr(caught.value, "place", None)
        assert f"/{found}".endswith(f"/{str(place).lstrip('/')}"), f"the place is {found!r}: {caught.value}"
