"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from .errors import StoreError

_SHOWN: Final = 40  # letters of a file's name that the name of its staged form begins with


@contextmanager
def staged(path: Path, *, else_said: str = "") -> Iterator[Path]:
    """Yield a path beside a file to write to; when it is whole it takes the file's place, and a link stays a link.

    Args:
        path: the file.
        else_said: what is added to the error.

    Raises:
        StoreError: if it cannot be written; the old file is then as it was.
    """
    place = path.resolve()
    part = place.with_name(f".{place.name[:_SHOWN]}.{os.getpid()}.part")  # two processes do not share it
    try:
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        os.replace(part, place)
    except OSError as problem:
        raise StoreError(f"{path} cannot be written: {reason(problem)}{else_said}") from problem
    finally:
        with suppress(OSError):
            part.unlink()


def reason(problem: Exception) -> str:
    """What the system says of a problem; Arrow tells the number alone."""
    number = getattr(problem, "errno", None)
    return getattr(problem, "strerror", None) or (os.strerror(number) if number else str(problem))
