"""Where answers are written: looked at before anything is computed, never over what is read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from dangol.core.errors import InputError
from dangol.core.files import reason


def check_out(
    path: Path, *, reads: Iterable[Path | str | None], suffixes: Sequence[str] = (), option: str = "--out"
) -> None:
    """Refuse a file that cannot be written, or that is read by the same command.

    Args:
        path: the file to write.
        reads: what the command reads, files and logs; None for what was not given.
        suffixes: how the file's name must end; empty: in whatever way.
        option: what it was given as.

    Raises:
        InputError: for another ending, a folder, a device, a place in no folder, and what is read.
    """
    if suffixes and path.suffix.lower() not in suffixes:
        raise InputError(f"{option} {path} must end in {' or '.join(suffixes)}")
    try:
        place = path.resolve()
        if place.is_dir():
            raise InputError(f"{option} {path} is a folder; name a file to write")
        if place.exists() and not place.is_file():
            raise InputError(f"{option} {path} is a device or pipe, not a file that can be replaced; name another file")
        if not place.parent.is_dir():
            raise InputError(f"{option} {path} cannot be written: there is no folder {path.parent}; make it first")
        for read in [Path(one) for one in reads if one is not None]:
            if _is_of(place, read):
                raise InputError(f"{option} {path} would replace {read}, which this command needs; name another file")
    except (OSError, RuntimeError) as problem:  # a name that is too long; a link that leads to itself
        raise InputError(f"{option} {str(path)[:200]} cannot be written: {reason(problem)}") from problem


def _is_of(place: Path, read: Path) -> bool:
    """Whether a file is what is read, by whatever name, or a part of a log that is."""
    whole = read.resolve()
    within = whole in place.parents and (whole / "log.json").is_file()
    return place == whole or within or (place.exists() and whole.is_file() and place.samefile(whole))
