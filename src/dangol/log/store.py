"""The store: a folder of ``log.json`` and two Arrow files, so written that a killed process leaves the old log or none.

``log.json`` names the files of the current version. A new version is written beside the old one, flushed to the disk,
and becomes the log at the moment its ``log.json`` takes the old one's place, which the file system does in one step.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dangol.core.errors import InputError, StoreError
from dangol.kernels.checksum import checksum

from .contents import Column, Contents, Meta

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT: Final = 1
_HEAD: Final = "log.json"
_OURS: Final = re.compile(r"(?:events|users|rejects)-(\d+)\.(?:arrow|csv)")


@contextmanager
def staging(folder: Path, replace: bool) -> Iterator[Path]:
    """Give an empty scratch folder inside the log's folder; whatever happens, nothing of it stays.

    Raises:
        InputError: if something is there already and ``replace`` is false, or another ingest is at work.
        StoreError: if the disk is full or cannot be written.
    """
    if "\0" in str(folder):
        raise InputError(f"{str(folder)!r} holds a NUL character; give another name")
    existed, above = os.path.lexists(folder), _missing_above(folder)
    if existed and not os.path.isdir(folder):
        raise InputError(f"{folder} is a file; give the name of a folder to make, such as {folder.name}.log")
    if os.path.exists(folder / _HEAD) and not replace:
        raise InputError(
            f"{folder} is a log already; give another name, or replace=True (--replace) to put this one in its place"
        )
    try:
        if existed and not (folder / _HEAD).exists() and any(not one.name.startswith(".") for one in folder.iterdir()):
            raise InputError(f"{folder} is a folder with other things in it; give the name of a new folder")
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            for left in folder.glob(".staging-*"):  # of a process that was killed
                shutil.rmtree(left, ignore_errors=True)
            scratch = folder / f".staging-{os.getpid()}"
            scratch.mkdir()
            try:
                yield scratch
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
    except OSError as problem:
        raise StoreError(_disk_trouble(problem, folder)) from problem
    finally:
        if not os.path.exists(folder / _HEAD) and not existed:
            shutil.rmtree(folder, ignore_errors=True)
            for one in above:
                with suppress(OSError):  # not empty: somebody else uses it
                    one.rmdir()


def _missing_above(folder: Path) -> list[Path]:
    """The folders above that have to be made, the lowest first."""
    return [one for one in folder.parents if not os.path.lexists(one)]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from writing a folder at the same time.

    Raises:
        InputError: if one does so already.
    """
    try:
        import fcntl
    except ImportError:  # Windows: no lock, the rename is still one step
        yield
        return
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"another process is writing {folder}; wait for it to end") from None
        try:
            yield
        finally:
            with suppress(OSError):
                (folder / ".lock").unlink()


def _disk_trouble(problem: OSError, folder: Path) -> str:
    said = f"{folder} cannot be written: {problem.strerror or problem}"
    if problem.errno == errno.ENOSPC:
        said = f"no space is left on the disk of {folder}; free some, or write the log elsewhere"
    return f"{said}; what was there before is unchanged"


def write_table(path: Path, batch: pa.RecordBatch) -> dict[str, Any]:
    """Write one Arrow IPC file holding one batch, flush it, and return its size and checksums."""
    import pyarrow as pa

    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())
    data = _mapped(path)
    regions = _regions(*_read(path))
    sums = {name: f"{checksum(data[start : start + size]):016x}" for name, (start, size) in regions.items()}
    rest = f"{_rest(data, list(regions.values())):016x}"
    return {
        "size": len(data),
        "regions": {name: list(where) for name, where in regions.items()},
        "sums": sums,
        "rest": rest,
    }


def _mapped(path: Path) -> Any:
    return np.memmap(path, np.uint8, mode="r")


def _read(path: Path) -> tuple[pa.RecordBatch, int]:
    """Map a file: its batch, and the address at which the map begins."""
    import pyarrow as pa

    source = pa.memory_map(str(path), "rb")
    whole = source.read_buffer()
    source.seek(0)
    return pa.ipc.open_file(source).get_batch(0), int(whole.address)


def _regions(batch: pa.RecordBatch, base: int) -> dict[str, tuple[int, int]]:
    """Where the bulk of each column lies in a file mapped at ``base``; dictionaries and metadata are the rest."""
    import pyarrow as pa

    found = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        values = column.indices if isinstance(column, pa.DictionaryArray) else column
        bulk = values.buffers()[-1]
        if bulk is not None and bulk.size:
            found[name] = (int(bulk.address) - base, int(bulk.size))
    return found


def _rest(data: Any, regions: list[tuple[int, int]]) -> int:
    """The checksum of everything outside the regions: metadata, dictionaries, paddings."""
    parts, position = [], 0
    for start, size in sorted(regions):
        parts.append(np.asarray(data[position:start]))
        position = start + size
    parts.append(np.asarray(data[position:]))
    return checksum(np.concatenate(parts))


def commit(
    folder: Path, scratch: Path, meta: Meta, files: Mapping[str, Mapping[str, Any]], beside: list[str], keep: list[str]
) -> None:
    """Make the files staged in ``scratch`` the log's next version, in one step, and remove the version before.

    ``beside`` names further staged files that belong to the version; ``keep`` names earlier files that stay.
    """
    before = [one for one in folder.iterdir() if _OURS.fullmatch(one.name)]  # what else lies there is not ours
    for name in [*(one["name"] for one in files.values()), *beside]:
        os.replace(scratch / name, folder / name)
    head = {"format": FORMAT, **asdict(meta), "files": dict(files)}
    content = [{key: value for key, value in one.items() if key != "name"} for one in files.values()]
    head["fingerprint"] = _text_sum(json.dumps([meta.zone, meta.as_of, content], sort_keys=True))  # not the version's
    head["checksum"] = _text_sum(json.dumps(head, sort_keys=True))
    staged = scratch / _HEAD
    with staged.open("w", encoding="utf-8") as out:
        json.dump(head, out, ensure_ascii=False, indent=1, sort_keys=True)
        out.flush()
        os.fsync(out.fileno())
    _flush(folder)
    os.replace(staged, folder / _HEAD)
    _flush(folder)
    current = {one["name"] for one in files.values()} | {*beside, *keep}
    for old in before:
        if old.name not in current:
            old.unlink()


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _text_sum(text: str) -> str:
    return f"{checksum(np.frombuffer(text.encode(), np.uint8)):016x}"


def next_version(folder: Path) -> int:
    """The number of the version to write: one above any that is there, so that no file of it is touched."""
    found = (_OURS.fullmatch(one.name) for one in folder.iterdir())
    return max((int(name[1]) for name in found if name), default=0) + 1


def read_head(folder: Path) -> dict[str, Any]:
    """Read and verify ``log.json``.

    Raises:
        StoreError: if there is no log, or it is damaged or of a newer format.
    """
    path = folder / _HEAD
    if not os.path.isfile(path):
        if not os.path.exists(folder):
            raise StoreError(f"there is no log at {folder}; make one with dangol ingest")
        left = any(folder.glob(".staging-*"))
        why = "an ingest into it did not finish; run it again" if left else "a log is a folder made by dangol ingest"
        raise StoreError(f"{folder} is not a log (it has no {_HEAD}); {why}")
    try:
        head = json.loads(path.read_text(encoding="utf-8"))
        claimed = head.pop("checksum")
        newer = head.get("format", 0) > FORMAT
    except (ValueError, KeyError, AttributeError, TypeError) as problem:
        raise _damaged(path) from problem
    if newer:
        raise StoreError(
            f"{folder} was written by a newer dangol (format {head['format']}, this one reads {FORMAT}); upgrade dangol"
        )
    if claimed != _text_sum(json.dumps(head, sort_keys=True)):
        raise _damaged(path)
    return dict(head)


def open_contents(folder: Path) -> Contents:
    """Map a log; metadata is verified now, each column when it is first read."""
    head = read_head(folder)
    try:
        return _mapped_contents(folder, head)
    except (StoreError, OSError):
        again = read_head(folder)
        if again == head:
            raise
        return _mapped_contents(folder, again)  # a new version was committed in between


def _mapped_contents(folder: Path, head: dict[str, Any]) -> Contents:
    batches, verify = {}, {}
    for role, told in head["files"].items():
        path = folder / told["name"]
        if not path.is_file() or path.stat().st_size != told["size"]:
            raise _damaged(path)
        data = _mapped(path)
        if f"{_rest(data, [tuple(where) for where in told['regions'].values()]):016x}" != told["rest"]:
            raise _damaged(path)
        batches[role] = _read(path)[0]
        verify.update({name: (path, data, where, told["sums"][name]) for name, where in told["regions"].items()})
    seen: set[str] = set()

    def check(column: str) -> None:
        if column in seen or column not in verify:
            return
        path, data, (start, size), claimed = verify[column]
        if f"{checksum(data[start : start + size]):016x}" != claimed:
            raise _damaged(path, column)
        seen.add(column)

    fields = {name: value for name, value in head.items() if name not in ("format", "files")}
    fields["columns"] = tuple(Column(**one) for one in head["columns"])
    return Contents(Meta(**fields), batches["events"], batches["users"], check, str(folder))


def _damaged(path: Path, column: str | None = None) -> StoreError:
    where = f"column {column!r} of {path}" if column else str(path)
    return StoreError(
        f"{where} is not as it was written (its checksum differs); restore it from a copy or ingest the source again"
    )
