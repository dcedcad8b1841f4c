"""``with_segments``: labels of users, or of groups, as a column of the log that every question can use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

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
    unit: str | None = None,
    name: str | None = None,
    as_of: str | datetime | None = None,
    hindsight: bool = False,
) -> EventLog:
    """Return the log with one more column: ``EventLog.with_segments`` tells what each argument is."""
    name = label if name is None else name
    unit = _unit(log, table) if unit is None else unit
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
    texts = sorted(set(labels.drop_null().unique().to_pylist()))
    codes, found = _codes(names, units, labels, texts, unit)
    column = Column(name, "text", level, None if hindsight else moment)
    added = Added(source, codes, (None, *texts), found, len(units), moment)
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
        if path.suffix.lower() == ".parquet":
            return parquet.read_table(path)
        names = csv.open_csv(path).schema.names
        as_text = csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
        )
        return csv.read_csv(path, convert_options=as_text)
    except (OSError, ArrowException, UnicodeDecodeError) as problem:  # names of columns are decoded by Python
        raise InputError(f"{path} cannot be read as a table of segments, Parquet or CSV: {problem}") from problem


def _unit(log: EventLog, table: object) -> str:
    """Return the column of units of a table that does not say: the user, else the first text column of the log."""
    import pyarrow as pa

    if not hasattr(table, "__arrow_c_stream__") or isinstance(table, Mapping):
        return "user"
    try:
        names = pa.RecordBatchReader.from_stream(table).schema.names
    except (pa.ArrowException, TypeError, ValueError, OverflowError):  # what reads the table says why
        return "user"
    texts = [column.name for column in log.columns if column.kind == "text" and column.name != "event"]
    return next((one for one in ("user", *texts) if one in names), "user")


def _read(table: object, unit: str, label: str) -> tuple[pa.Array, pa.Array, str | None]:
    """Return units, labels and, where the table states one, the time up to which data made them."""
    given = _table(table, unit, label)
    for needed in (unit, label, *([_AS_OF] if _AS_OF in given.column_names else [])):
        if needed not in given.column_names:
            raise unknown("column", needed, given.column_names, "the table of segments")
        if given.column_names.count(needed) > 1:
            raise InputError(f"the table of segments has several columns {needed!r}; give them different names")
    units, labels = _texts(given.column(unit), unit), _texts(given.column(label), label)
    if units.null_count:
        raise InputError(f"column {unit!r} of the table of segments has a row without a {unit}; leave such rows out")
    stated = sorted(map(str, given.column(_AS_OF).unique().to_pylist())) if _AS_OF in given.column_names else []
    if len(stated) > 1:
        raise InputError(f"the table of segments has several as_of ({stated[0]}, {stated[1]}, …); keep the rows of one")
    return units, labels, stated[0] if stated else None


def _table(table: object, unit: str, label: str) -> pa.Table:
    """Return any form of segments as a table."""
    import pyarrow as pa

    try:
        if isinstance(table, Mapping):
            return pa.table({unit: pa.array(list(table)), label: pa.array(list(table.values()))})
        if hasattr(table, "__arrow_c_stream__"):
            return pa.table(table)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as problem:
        raise InputError(
            f"these segments cannot be read as a table, give ids and labels as text: {problem}"
        ) from problem
    raise InputError(
        f"segments must be a table with the columns {unit!r} and {label!r}, or a mapping from {unit} to label, "
        f"found {type(table).__name__}"
    )


def _texts(column: pa.ChunkedArray, name: str) -> pa.Array:
    import pyarrow as pa

    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_floating(kind):
        raise InputError(f"column {name!r} of the table of segments holds decimal numbers; give ids and labels as text")
    odd = (pa.types.is_nested, pa.types.is_binary, pa.types.is_large_binary, pa.types.is_duration)
    if isinstance(kind, pa.BaseExtensionType) or any(one(kind) for one in odd):
        raise InputError(f"column {name!r} of the table of segments holds {kind}; give ids and labels as text")
    if pa.types.is_dictionary(column.type):  # one of views, as Polars makes them, cannot be cast as a whole
        texts = [one.dictionary.cast(pa.string()).take(one.indices) for one in column.chunks]
        column = pa.chunked_array(texts, pa.string())
    whole = column.cast(pa.string()).combine_chunks()
    return whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole


def _moment(log: EventLog, as_of: str | datetime | None) -> int:
    if as_of is None:
        raise InputError(
            "segments need as_of, the time up to which the data reach that made them, for example as_of='2024-03-01'"
        )
    return calendar.instant(as_of, log.zone, "as_of")


def _place(log: EventLog, unit: str) -> tuple[Any, str | None, pa.Array]:
    """Return the level of the new column, the column whose codes it follows (None: the users), and its names."""
    if unit == "user":
        return "user", None, log.contents.ids()
    column = log.column(unit)
    if column.kind != "text":
        raise InputError(f"unit={unit!r} holds {column.kind}s; segments are of users or of a text column such as group")
    return column.level, unit, log.contents.dictionary(unit)


def _codes(
    names: pa.Array, units: pa.Array, labels: pa.Array, texts: list[str], unit: str
) -> tuple[npt.NDArray[np.int32], int]:
    """Return the code of each name's label (0: none, else its place in ``texts`` from 1), and how many names have one.

    Units are matched as whole columns: a log may have millions.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    label = pc.fill_null(pc.index_in(labels, pa.array(texts, pa.string())), -1).to_numpy() + 1
    coded = units.dictionary_encode()
    place = coded.indices.to_numpy()
    told = label[np.unique(place, return_index=True)[1]]  # the first label of each unit
    if (differs := label != told[place]).any():
        row = int(np.argmax(differs))
        both = [None if code == 0 else texts[code - 1] for code in (told[place[row]], label[row])]
        raise InputError(f"{unit} {units[row].as_py()!r} has two labels, {both[0]!r} and {both[1]!r}; give each one")
    match = pc.fill_null(pc.index_in(names.cast(pa.string()), coded.dictionary), -1).to_numpy()
    found = int((match >= 0).sum())
    if len(units) and not found:
        known = names.drop_null()
        first = known[0].as_py() if len(known) else ""
        raise InputError(
            f"none of the {len(told):,} {unit}s in the table of segments is in the log, the first is "
            f"{units[0].as_py()!r} and the log's first {first!r}; check which column is the {unit}"
        )
    return np.where(match >= 0, np.append(told, 0)[match], 0).astype(np.int32), found


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
