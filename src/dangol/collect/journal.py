"""``Journal``: what is known of each account so far, a line each, on the disk before the next is asked."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

from dangol.core.errors import InputError, StoreError

_NAME: Final = "journal.jsonl"
_FORMAT: Final = 1
Record = Mapping[str, Any]


class Journal:
    """The finished accounts of a folder, by name, each with the record that was written of it."""

    def __init__(self, file: BinaryIO, done: dict[str, Record]) -> None:
        self._file = file
        self.done: Final = done

    def add(self, record: Record) -> None:
        """Write one finished account; it is on the disk when this returns."""
        _write(self._file, record)
        self.done[record["account"]] = record


@contextmanager
def opened(folder: Path, posts: int) -> Iterator[Journal]:
    """Open the journal of a folder, or begin one.

    Args:
        folder: where; it is made if it is not there.
        posts: how many posts of each account are asked for; a journal is continued with the same number alone.

    Raises:
        InputError: if another run uses the folder, or the folder holds something else.
        StoreError: if the journal is damaged.
    """
    path = folder / _NAME
    with _file(folder, path) as file:
        _lock(file, folder)
        done = _read(file, path, posts)
        if not file.tell():
            _write(file, {"format": _FORMAT, "posts": posts})
        yield Journal(file, done)


def _file(folder: Path, path: Path) -> BinaryIO:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        foreign = next((name for name in ("profiles.parquet", "posts.parquet") if (folder / name).exists()), None)
        if foreign and not path.exists():
            raise InputError(f"{folder} holds a {foreign} that was not collected here; name another folder")
        return path.open("a+b")
    except OSError as problem:
        raise StoreError(f"{folder} cannot be used as a folder: {problem.strerror or problem}") from problem


def _write(file: BinaryIO, record: Record) -> None:
    file.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")
    file.flush()
    os.fsync(file.fileno())


def _lock(file: BinaryIO, folder: Path) -> None:
    """Hold the folder until the file is closed, or the process ends in whatever way."""
    try:
        import fcntl
    except ImportError:  # Windows: two runs at once would ask twice, and nothing worse
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InputError(f"another run is collecting into {folder}; wait for it to end") from None


def _read(file: BinaryIO, path: Path, posts: int) -> dict[str, Record]:
    """Read what is there; a last line that a kill broke off is cut away, so that the next begins on its own."""
    file.seek(0)
    data = file.read()
    end = data.rfind(b"\n") + 1
    lines = data[:end].splitlines()
    records = []
    for number, line in enumerate(lines, start=1):
        record = _record(line)
        if record is None:
            raise StoreError(f"line {number} of {path} is damaged; remove that line, and its account is asked again")
        records.append(record)
    file.truncate(end)
    file.seek(end)
    if not records:
        return {}
    head = records[0]
    if head.get("format") != _FORMAT:
        raise StoreError(f"{path} was not written by this version of Dangol; name another folder")
    if head.get("posts") != posts:
        raise InputError(
            f"{path.parent} was begun with posts={head.get('posts')}; go on with that number, or name another folder"
        )
    return {str(one["account"]): one for one in records[1:]}


def _record(line: bytes) -> Record | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return (
        record if isinstance(record, dict) and ("format" in record or isinstance(record.get("account"), str)) else None
    )
