"""``Journal``: what is known of each account so far, a line each, on the disk before the next is asked."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any, Final, TypeGuard

from dangol.core.errors import InputError, StoreError

_NAME: Final = "journal.jsonl"
_FORMAT: Final = 1
_HEAD: Final = b'{"format": '  # how its first line begins
_LARGEST: Final = 1 << 53  # larger counts are none
Record = Mapping[str, Any]


def is_count(value: object) -> TypeGuard[int]:
    """Whether a value is a number of posts, people or likes."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LARGEST


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_known(value: object) -> bool:
    return value is None or is_count(value)


# What a record holds of an account that is there, and of each of its posts.
_PROFILE: Final = {"instagram_id": _is_text, "collected": _is_text} | dict.fromkeys(
    ("post", "follower", "follow"), _is_known
)
_POST: Final = dict.fromkeys(("post_id", "type", "time"), _is_text) | dict.fromkeys(
    ("like_count", "comments_count"), _is_known
)


class Journal:
    """The finished accounts of a folder, by name, each with the record that was written of it."""

    def __init__(self, file: FileIO, done: dict[str, Record]) -> None:
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


def _file(folder: Path, path: Path) -> FileIO:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        foreign = next((name for name in ("profiles.parquet", "posts.parquet") if (folder / name).exists()), None)
        if foreign and not path.exists():
            raise InputError(f"{folder} holds a {foreign} that was not collected here; name another folder")
        return path.open("a+b", buffering=0)  # what cannot be written is told at once
    except OSError as problem:
        raise StoreError(f"{folder} cannot be used as a folder: {problem.strerror or problem}") from problem


def _write(file: FileIO, record: Record) -> None:
    left = memoryview(json.dumps(record, ensure_ascii=False).encode() + b"\n")
    try:
        while left:
            left = left[file.write(left) :]
        os.fsync(file.fileno())
    except OSError as problem:  # of a line that is there in part, the next run makes nothing
        raise StoreError(
            f"{file.name} cannot be written: {problem.strerror or problem}; what was collected is kept, and the same "
            "command goes on from there"
        ) from problem


def _lock(file: FileIO, folder: Path) -> None:
    """Hold the folder until the file is closed, or the process ends in whatever way."""
    try:
        import fcntl
    except ImportError:  # Windows: two runs at once would ask twice, and nothing worse
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InputError(f"another run is collecting into {folder}; wait for it to end") from None


def _read(file: FileIO, path: Path, posts: int) -> dict[str, Record]:
    """Read what is there; a last line that a kill broke off is cut away, so that the next begins on its own."""
    file.seek(0)
    data = file.readall()
    end = data.rfind(b"\n") + 1
    lines = data[:end].splitlines()
    _check_head(lines[0] if lines else data, path, posts, whole=bool(lines))
    records = []
    for number, line in enumerate(lines[1:], start=2):
        record = _record(line)
        if record is None:
            raise StoreError(f"line {number} of {path} is damaged; remove that line, and its account is asked again")
        records.append(record)
    file.truncate(end)
    file.seek(end)
    return {str(one["account"]): one for one in records}


def _check_head(line: bytes, path: Path, posts: int, *, whole: bool) -> None:
    """Refuse a file that is no journal, or of another number of posts; of a line that is not whole, the beginning."""
    if not whole and _HEAD.startswith(line[: len(_HEAD)]):
        return
    head = _read_line(line) if whole else None
    if not isinstance(head, dict) or head.get("format") != _FORMAT or not is_count(head.get("posts")):
        raise StoreError(f"{path} was not written by this version of Dangol; name another folder")
    if head["posts"] != posts:
        raise InputError(
            f"{path.parent} was begun with posts={head['posts']}; go on with that number, or name another folder"
        )


def _read_line(line: bytes) -> Any:
    try:
        told = json.loads(line)
        json.dumps(told, ensure_ascii=False).encode()  # half a letter cannot be kept
    except (ValueError, RecursionError):
        return None
    return told


def _record(line: bytes) -> Record | None:
    """Return what a line tells of an account, if it is what is written of one."""
    told = _read_line(line)
    if not isinstance(told, dict) or not isinstance(told.get("account"), str):
        return None
    if set(told) == {"account"}:
        return told
    media = told.get("posts")
    fits = set(told) == {"account", "profile", "posts"} and _holds(told["profile"], _PROFILE)
    return told if fits and isinstance(media, list) and all(_holds(one, _POST) for one in media) else None


def _holds(told: object, shape: Mapping[str, Callable[[object], bool]]) -> bool:
    return isinstance(told, dict) and set(told) == set(shape) and all(fits(told[name]) for name, fits in shape.items())
