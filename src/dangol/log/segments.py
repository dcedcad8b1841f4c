"""``with_segments``: labels of users, or of groups, as a column of the log that every question can use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dangol.core import calendar
from dangol.core.errors import InputError, unknown

from .contents import Added, Column

if TYPE_CHECKING:
    import pyarrow as pa

    from .eventlog import EventLog

_AS_OF: Final = "as_of"


def with_segments(
    log: EventLog,
    table: object,
    *,
    label: str = "segment",
    unit: str = "user",
    name: str | None = None,
    as_of: str | datetime | None = None,
    hindsight: bool = False,
) -> EventLog:
    """Return the log with one more column: ``EventLog.with_segments`` tells what each argument is."""
    name = label if name is None else name
    words: dict[str, object] = {"label": label, "unit": unit, "name": name}
    for word, text in words.items():
        if not isinstance(text, str) or not text.strip():
            raise InputError(f"{word}={text!r} must be the name of a column, such as {word}='segment'")
    if not isinstance(hindsight, bool):
        raise InputError(f"hindsight={hindsight!r} must be True or False")
    if any(column.name == name for column in log.columns):
        raise InputError(f"the log has a column {name!r} already; give the segments another name, name='tier'")
    units, labels, stated = _read(table, unit, label)
    moment = _moment(log, stated if as_of is None else as_of)
    level, source, names = _place(log, unit)
    codes, found = _codes(names, units, labels, unit)
    texts = sorted({text for text in labels if text is not None})
    places = {text: place for place, text in enumerate(texts, start=1)}
    coded = np.array([places.get(one, 0) if one is not None else 0 for one in codes], np.int32)
    column = Column(name, "text", level, None if hindsight else moment)
    added = Added(source, coded, (None, *texts), found, len(units), moment)
    contents = log.contents
    meta = replace(contents.meta, columns=(*contents.meta.columns, column))
    return replace(log, contents=replace(contents, meta=meta, added={**contents.added, name: added}))


def read_table(path: Path) -> pa.Table:
    """Read a file of segments, Parquet or CSV in UTF-8; CSV as text, so that an id stays what it is.

    Raises:
        InputError: if it cannot be read.
    """
    import pyarrow as pa
    from pyarrow import ArrowException, csv, parquet

    try:
        if path.suffix == ".parquet":
            return parquet.read_table(path)
        names = csv.open_csv(path).schema.names
        as_text = csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
        )
        return csv.read_csv(path, convert_options=as_text)
    except (OSError, ArrowException) as problem:
        raise InputError(f"{path} cannot be read as a table of segments, Parquet or CSV: {problem}") from problem


def _read(table: object, unit: str, label: str) -> tuple[list[str], list[str | None], str | None]:
    """Return units, labels and, where the table states one, the time up to which data made them."""
    given = _table(table, unit, label)
    for needed in (unit, label, *([_AS_OF] if _AS_OF in given.column_names else [])):
        if needed not in given.column_names:
            raise unknown("column", needed, given.column_names, "the table of segments")
        if given.column_names.count(needed) > 1:
            raise InputError(f"the table of segments has several columns {needed!r}; give them different names")
    units, labels = _texts(given.column(unit), unit), _texts(given.column(label), label)
    if None in units:
        raise InputError(f"column {unit!r} of the table of segments has a row without a {unit}; leave such rows out")
    stated = sorted({str(one) for one in given.column(_AS_OF).to_pylist()}) if _AS_OF in given.column_names else []
    if len(stated) > 1:
        raise InputError(f"the table of segments has several as_of ({stated[0]}, {stated[1]}, …); keep the rows of one")
    return [str(one) for one in units], labels, stated[0] if stated else None


def _table(table: object, unit: str, label: str) -> pa.Table:
    """Return any form of segments as a table."""
    import pyarrow as pa

    try:
        if isinstance(table, Mapping):
            return pa.table({unit: pa.array(list(table)), label: pa.array(list(table.values()))})
        if hasattr(table, "__arrow_c_stream__"):
            return pa.table(table)
    except (pa.ArrowException, TypeError, ValueError) as problem:
        raise InputError(
            f"these segments cannot be read as a table, give ids and labels as text: {problem}"
        ) from problem
    raise InputError(
        f"segments must be a table with the columns {unit!r} and {label!r}, or a mapping from {unit} to label, "
        f"found {type(table).__name__}"
    )


def _texts(column: pa.ChunkedArray, name: str) -> list[str | None]:
    import pyarrow as pa

    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_floating(kind):
        raise InputError(f"column {name!r} of the table of segments holds decimal numbers; give ids and labels as text")
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        raise InputError(f"column {name!r} of the table of segments holds {kind}; give ids and labels as text")
    texts: list[str | None] = column.cast(pa.string()).to_pylist()
    return texts


def _moment(log: EventLog, as_of: str | datetime | None) -> int:
    if as_of is None:
        raise InputError(
            "segments need as_of, the time up to which the data reach that made them, for example as_of='2024-03-01'"
        )
    return calendar.instant(as_of, log.zone, "as_of")


def _place(log: EventLog, unit: str) -> tuple[Any, str | None, list[str | None]]:
    """Return the level of the new column, the column whose codes it follows (None: the users), and its names."""
    if unit == "user":
        ids: list[str | None] = list(log.ids())
        return "user", None, ids
    column = log.column(unit)
    if column.kind != "text":
        raise InputError(f"unit={unit!r} holds {column.kind}s; segments are of users or of a text column such as group")
    return column.level, unit, log.names(unit)


def _codes(
    names: list[str | None], units: list[str], labels: list[str | None], unit: str
) -> tuple[list[str | None], int]:
    """Return the label of each name of the log, and how many units of the table the log has."""
    told: dict[str, str | None] = {}
    for one, text in zip(units, labels, strict=True):
        if told.setdefault(one, text) != text:
            raise InputError(f"{unit} {one!r} has two labels, {told[one]!r} and {text!r}; give each one")
    known = set(names)
    found = sum(one in known for one in told)
    if told and not found:
        raise InputError(
            f"none of the {len(told):,} {unit}s in the table of segments is in the log, the first is {units[0]!r} and "
            f"the log's first {next((one for one in names if one is not None), '')!r}; check which column is the {unit}"
        )
    return [told.get(one) if one is not None else None for one in names], found


def refuse_hindsight(log: EventLog, columns: tuple[str, ...]) -> None:
    """Refuse to explain what happened by segments that were made of it.

    Raises:
        InputError: if a column was made of data later than the log's or view's beginning.
    """
    for name in columns:
        known_from = log.column(name).known_from
        if known_from is not None and known_from > log.start:
            made, first = (calendar.write(one, log.zone) for one in (known_from, log.start))
            raise InputError(
                f"segments {name!r} were made of data up to {made}, but this log begins {first}: they would explain "
                f"the past by its own future; ask log.between('{made}', None), or with_segments(…, hindsight=True) to "
                f"describe the past with them"
            )


def describe(log: EventLog) -> list[str]:
    """Say which segments a log has, for a recipe."""
    said = []
    for name, added in log.contents.added.items():
        told = [f"n={len(added.texts) - 1}", f"as_of={calendar.write(added.as_of, log.zone)}"]
        told += ["hindsight=True"] if log.column(name).known_from is None else []
        told += [f"unmatched={added.units - added.found:,}"] if added.units > added.found else []
        said.append(f"{name}: {', '.join(told)}")
    return said
