"""``Sample``: a generated service, the way to read it, and the truth about it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from dangol.core.errors import InputError, StoreError, choice

from .drawing import Watcher

FORMATS: Final = ("csv", "parquet")
_TRUTH: Final = "truth.json"
_PIECE: Final = 1 << 19  # rows written at a time


@dataclass(frozen=True, repr=False, eq=False)
class Sample:
    """A service that never was, drawn from rates that are known.

    Attributes:
        name: the service, such as ``school-sns``.
        tables: ``events`` first, then the other exports (users, schools, …), as Arrow tables.
        mapping: the arguments with which ``dangol.ingest`` reads ``tables["events"]``; ``attributes`` names a table.
        truth: what was planted and with which numbers, as plain data; what is too long for it stands in a table.
        truth_tables: the longer truths, such as one row a user with its true probability.
    """

    name: str
    tables: Mapping[str, pa.Table]
    mapping: Mapping[str, Any]
    truth: Mapping[str, Any]
    truth_tables: Mapping[str, pa.Table]

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} {table.num_rows:,}" for name, table in self.tables.items())
        return f"Sample({self.name}: {sizes})"

    @property
    def events(self) -> pa.Table:
        """The table of events."""
        return self.tables["events"]

    def arguments(self) -> dict[str, Any]:
        """Return the mapping with the table of attributes itself: ``dangol.ingest(s.events, **s.arguments())``."""
        told = dict(self.mapping)
        if "attributes" in told:
            told["attributes"] = self.tables[told["attributes"]]
        return told

    def command(self, folder: str | Path, form: str = "parquet") -> str:
        """Return the command line that makes a log, beside the folder, of the files that ``write`` left in it."""
        place = Path(folder)
        words = ["dangol", "ingest", str(place / f"events.{form}")]
        for role, value in self.mapping.items():
            words += [f"--{role.replace('_', '-')}", str(place / f"{value}.{form}") if role == "attributes" else value]
        beside = place.with_name(f"{place.name}.log") if place.name else Path("events.log")
        return shlex.join([*words, "--out", str(beside)])

    def write(
        self,
        folder: str | Path,
        *,
        formats: Sequence[str] = FORMATS,
        replace: bool = False,
        progress: Watcher | None = None,
    ) -> Path:
        """Write every table, the truth, and how to read them, into a new folder.

        Files: ``events.csv``, ``events.parquet`` and so on for each table; ``truth.json``; ``truth_*.parquet``;
        ``mapping.toml`` and ``README.md`` with the command to use next. The folder appears whole or not at all.

        Args:
            folder: where; it must not exist, or be empty.
            formats: ``csv`` (UTF-8, local times as text), ``parquet``, or both.
            replace: put the files in the place of a sample that was written there before.
            progress: called with (stage, rows done, rows in all) now and then.

        Returns:
            The folder.

        Raises:
            InputError: for an unknown format, or a folder that holds other things.
            StoreError: if the disk is full or cannot be written; what was there before is unchanged.
        """
        if not isinstance(formats, list | tuple) or not formats:
            raise InputError(f"formats={formats!r} must be a list of formats, such as formats=['csv', 'parquet']")
        for form in formats:
            choice("formats", form, FORMATS)
        given: object = folder
        if not isinstance(given, str | Path) or "\0" in str(folder):
            raise InputError(f"{folder!r} is not the name of a folder; write for example 'sample'")
        place = Path(folder)
        try:
            _check_free(place, replace)
        except OSError as problem:  # a name that is too long, a folder that may not be read
            raise StoreError(f"{folder} cannot be written: {problem.strerror or problem}") from problem
        scratch = place.absolute().with_name(f".{place.absolute().name}.part")
        try:
            _make_empty(scratch)
            self._write_into(scratch, place, list(dict.fromkeys(formats)), progress)
            _put(scratch, place)
        except OSError as problem:
            raise StoreError(f"{folder} cannot be written: {problem.strerror or problem}") from problem
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return place

    def _write_into(self, scratch: Path, place: Path, formats: list[str], progress: Watcher | None) -> None:
        total = sum(table.num_rows for table in self.tables.values()) * len(formats)
        done = 0
        for name, table in self.tables.items():
            for form in formats:
                with _writer(scratch / f"{name}.{form}", table.schema, form) as sink:
                    for at in range(0, max(table.num_rows, 1), _PIECE):
                        piece = table.slice(at, _PIECE)
                        sink.write_table(piece)
                        done += piece.num_rows
                        if progress is not None:
                            progress("writing", done, total)
        for name, table in self.truth_tables.items():
            pq.write_table(table, scratch / f"truth_{name}.parquet")
        text = json.dumps(dict(self.truth), ensure_ascii=False, indent=2)
        (scratch / _TRUTH).write_text(text + "\n", encoding="utf-8")
        (scratch / "mapping.toml").write_text(self._toml(formats[0]), encoding="utf-8")
        (scratch / "README.md").write_text(self._readme(place, formats[0]), encoding="utf-8")

    def _toml(self, form: str) -> str:
        told = {"source": f"events.{form}", **self.mapping}
        if "attributes" in told:
            told["attributes"] = f"{told['attributes']}.{form}"
        return "[ingest]\n" + "".join(f"{role} = {json.dumps(value)}\n" for role, value in told.items())

    def _readme(self, place: Path, form: str) -> str:
        rows = [f"- `{name}`: {table.num_rows:,} rows of {', '.join(table.column_names)}"
                for name, table in self.tables.items()]  # fmt: skip
        hidden = [f"- `truth_{name}.parquet`: {', '.join(one.column_names)}" for name, one in self.truth_tables.items()]
        return "\n".join(
            [
                f"# {self.name}",
                "",
                "A generated service: no row is about a real person. What is true of it stands in `truth.json`.",
                "",
                *rows,
                *hidden,
                "",
                "To make a log of it:",
                "",
                f"    {self.command(place, form)}",
                "",
            ]
        )


def _writer(path: Path, schema: pa.Schema, form: str) -> Any:
    if form == "parquet":
        return pq.ParquetWriter(path, schema)
    return pcsv.CSVWriter(path, schema, write_options=pcsv.WriteOptions(quoting_style="none"))


def _check_free(place: Path, replace: bool) -> None:
    if place.is_file():
        raise InputError(f"{place} is a file; give the name of a new folder")
    if not place.exists() or not any(place.iterdir()):
        return
    ours = _ours(place)
    others = sorted(one.name for one in place.iterdir() if one.name not in ours or one.is_dir())
    if others:
        raise InputError(f"{place} is a folder with other things in it ({others[0]}); give the name of a new folder")
    if not replace:
        raise InputError(
            f"{place} holds a sample already; give another name, or replace=True (--replace) to put this one there"
        )


def _ours(place: Path) -> set[str]:
    """The names of the files that a sample left in a folder, by its truth; none where there is no such truth."""
    try:
        tables = [str(name) for name in json.loads((place / _TRUTH).read_text(encoding="utf-8"))["rows"]]
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    hidden = {one.name for one in place.glob("truth_*.parquet")}
    return {_TRUTH, "mapping.toml", "README.md", *hidden, *(f"{name}.{form}" for name in tables for form in FORMATS)}


def _make_empty(scratch: Path) -> None:
    """Make the folder to write into, beside the one to come; what a killed process left there goes."""
    scratch.parent.mkdir(parents=True, exist_ok=True)
    for left in (scratch, _aside(scratch)):
        shutil.rmtree(left, ignore_errors=True)
    scratch.mkdir()


def _aside(scratch: Path) -> Path:
    return scratch.with_suffix(".old")


def _put(scratch: Path, place: Path) -> None:
    """Give the finished folder its name; an earlier sample steps aside first and comes back if that fails."""
    for file in scratch.iterdir():
        with file.open("rb+") as handle:
            os.fsync(handle.fileno())
    if place.exists():
        os.replace(place, _aside(scratch))
    try:
        os.replace(scratch, place)
    except OSError:
        if _aside(scratch).exists():
            os.replace(_aside(scratch), place)
        raise
    shutil.rmtree(_aside(scratch), ignore_errors=True)
