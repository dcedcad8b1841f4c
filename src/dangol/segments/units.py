"""``Units``: what is clustered, rows of a table with an id and features, checked before anything is computed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import numpy.typing as npt

from dangol.core.errors import InputError, choice, unknown
from dangol.core.result import Result
from dangol.log.segments import read_table

from .nouns import counted

if TYPE_CHECKING:
    import pyarrow as pa

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Missing = Literal["refuse", "drop"]

AS_OF: Final = "as_of"
LARGEST: Final = 1e30  # beyond it, and below its inverse, squares and sums of distances are no longer numbers
_USUAL: Final = ("user", "session", "group")  # names of the id column, where none is given
_TAKEN: Final = (AS_OF, "segment", "x", "y", "silhouette")  # columns of the tables that have the ids beside them


@dataclass(frozen=True, eq=False)
class Units:
    """Units with their features.

    Attributes:
        unit: the name of the id column.
        ids: every unit's id, distinct, in the table's order.
        features: the names of the features.
        values: a row per unit and a column per feature, finite, as given; text as codes from 0.
        categorical: which features are text.
        table: all columns of the table, rows as in ``ids``.
        as_of: the time up to which the data reach that made the table, where it is known.
        excluded: how many units were left out, by reason.
    """

    unit: str
    ids: pa.Array
    features: tuple[str, ...]
    values: Floats = field(repr=False)
    categorical: Flags = field(repr=False)
    table: pa.Table = field(repr=False)
    as_of: str | None
    excluded: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def described(self) -> str:
        """Which units these are, in a word, for a recipe."""
        return f"{self.unit} x {len(self):,}"

    def number(self, name: str) -> Floats:
        """Return any column of the table as numbers, NaN where it is missing.

        Raises:
            InputError: for a column that is not there or holds text.
        """
        return _number(_column(self.table, name), name)

    def taken(self, rows: npt.NDArray[np.int64]) -> Units:
        """Return some of the units, in this order."""
        return replace(self, ids=self.ids.take(rows), values=self.values[rows], table=self.table.take(rows))


def read_units(
    table: object,
    features: str | Sequence[str],
    *,
    unit: str | None = None,
    missing: Missing = "refuse",
    as_of: str | None = None,
    categories: bool = False,
) -> Units:
    """Read the units of a table and check that they can be clustered.

    Args:
        table: anything with the Arrow C stream (pandas, polars), a ``Result``, or the path of a Parquet or CSV file.
        features: the columns to cluster on; in one text, parted by commas.
        unit: the column of ids; None takes user, session or group, whichever is there, else the first text column.
        missing: what to do with units that lack a feature: ``"refuse"``, or ``"drop"`` and count.
        as_of: local time up to which the data reach; None takes the table's column ``as_of``, if it has one.
        categories: whether text may be a feature.

    Raises:
        InputError: for a table without such columns or with an id twice or missing, a feature that is constant,
            infinite, missing somewhere or (without ``categories``) text, and for fewer than two units.
    """
    choice("missing", missing, ("refuse", "drop"))
    wanted = _names(features)
    given = open_table(table)
    unit = _unit(given, unit, wanted)
    stated = _moment(as_of) if as_of is not None else _stated(given)
    ids = _ids(given, unit)
    read = [_feature(given, name, categories) for name in wanted]
    kept, excluded = _complete(read, wanted, ids, unit, missing)
    values = np.column_stack([column[kept] for column, _ in read])
    if len(values) < 2:
        have = counted(len(values), unit)[0]
        raise InputError(f"the table has {have} with all features; clustering needs two at least")
    _refuse_odd(values, wanted, ids.take(kept), unit)
    text = np.array([is_text for _, is_text in read], np.bool_)
    return Units(unit, ids.take(kept), wanted, values, text, given.take(kept), stated, excluded)


def open_table(table: object) -> pa.Table:
    """Return any form of a table of units as Arrow.

    Raises:
        InputError: for what is no table.
    """
    import pyarrow as pa

    if isinstance(table, Result):
        return pa.Table.from_pandas(table.table, preserve_index=False)
    if isinstance(table, str | Path):
        return _plain(_opened(Path(table)))
    if not hasattr(table, "__arrow_c_stream__"):
        raise InputError(f"a table of units must be a data frame, a file or a result, found {type(table).__name__}")
    try:
        read = pa.table(table)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as problem:
        why = "; ".join(map(str, problem.args)) if isinstance(problem, pa.ArrowException) else problem
        raise InputError(f"this table of units cannot be read: {why}") from problem
    return _plain(read.drop_columns([name for name in read.column_names if name.startswith("__index_level_")]))


def _opened(path: Path) -> pa.Table:
    try:
        there = path.is_file() or path.is_dir()  # what is neither, such as a pipe, can be read only once
    except (OSError, ValueError):  # a name that is too long, or can be none
        there = False
    if not there:
        raise InputError(f"{str(path)[:200]} is not there; give a Parquet or CSV file with a row per unit")
    return read_table(path)


def _plain(table: pa.Table) -> pa.Table:
    """Return a table with its texts as plain strings: Arrow cannot take rows of the views that Polars hands over.

    Raises:
        InputError: if two columns have one name.
    """
    import pyarrow as pa

    twice, times = Counter(table.column_names).most_common(1)[0] if table.num_columns else ("", 1)
    if times > 1:
        raise InputError(f"the table of units has several columns {twice!r}; give them different names")
    for place, column in enumerate(table.schema):
        coded = pa.types.is_dictionary(column.type)
        if pa.types.is_string_view(column.type.value_type if coded else column.type):
            chunks = [_strings(chunk) for chunk in table.column(place).chunks]
            table = table.set_column(place, column.name, pa.chunked_array(chunks, pa.string()))
    return table


def _strings(texts: pa.Array) -> pa.Array:
    import pyarrow as pa

    if pa.types.is_dictionary(texts.type):
        return texts.dictionary.cast(pa.string()).take(texts.indices)
    return texts.cast(pa.string())


# ---- columns ----------------------------------------------------------------------------------------------------


def _names(features: str | Sequence[str]) -> tuple[str, ...]:
    given: Any = features  # whatever the annotation says; a set has no order
    odd = not np.iterable(given) or isinstance(given, Mapping | Set)
    names = [part.strip() for part in given.split(",")] if isinstance(given, str) else [] if odd else list(given)
    if not names or not all(isinstance(name, str) and name for name in names):
        raise InputError(f"features={features!r} must be names of columns, such as ['votes', 'minutes']")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"features names {twice!r} twice; each counts once")
    if AS_OF in names:
        raise InputError(f"column {AS_OF!r} says up to when the data reach, so it is no feature; rename it")
    return tuple(names)


def _column(table: pa.Table, name: str) -> pa.Array:
    import pyarrow as pa

    place = table.schema.get_field_index(name)  # a look-up: a table may have thousands of columns
    if place < 0:
        raise unknown("column", name, table.column_names, "the table of units")
    whole = table.column(place).combine_chunks()
    whole = whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole
    return whole.cast(whole.type.value_type) if pa.types.is_dictionary(whole.type) else whole


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type holds text."""
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _unit(table: pa.Table, unit: str | None, features: tuple[str, ...]) -> str:
    if unit is not None:
        if not isinstance(unit, str):
            raise InputError(f"unit={unit!r} must be the name of the column of ids")
        _column(table, unit)
        return _free(unit, features)
    text = [column.name for column in table.schema if is_text(column.type)]
    usual = [name for name in _USUAL if name in table.column_names]
    found: str | None = next((name for name in (*usual, *text) if name not in features), None)
    if found is None:
        raise InputError("the table has no text column that could be the ids of the units; name it, unit='account'")
    return _free(found, features)


def _free(unit: str, features: tuple[str, ...]) -> str:
    """Return the name of the column of ids if no other column of the answer has it."""
    if unit in features:
        raise InputError(f"{unit!r} is the column of ids, and they tell every unit apart; take it out of features")
    if unit in _TAKEN:
        raise InputError(f"the column of ids cannot be called {unit!r}, as another of the answer is; rename it")
    return unit


def _ids(table: pa.Table, unit: str) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    column = _column(table, unit)
    if not len(column):
        raise InputError(f"the table of units has no rows; clustering needs two {unit}s at least")
    if not (is_text(column.type) or pa.types.is_null(column.type) or _is_id(column.type)):
        raise InputError(f"column {unit!r} holds {column.type}, which cannot be ids; give ids as text")
    ids: pa.Array = column.cast(pa.string())
    ids = pc.if_else(pc.equal(ids, ""), None, ids)
    if ids.null_count:
        row = pc.index(ids.is_null(), True).as_py()
        raise InputError(f"row {row + 1:,} of the table has no {unit}; leave out the {ids.null_count:,} rows without")
    counts = pc.value_counts(ids)
    if len(counts) < len(ids):
        most = int(np.argmax(counts.field("counts").to_numpy()))
        name, times = counts[most]["values"].as_py(), counts[most]["counts"].as_py()
        raise InputError(
            f"{unit} {name!r} stands in {times:,} rows of the table, {len(ids) - len(counts):,} rows too many in all; "
            "give one row per unit"
        )
    return ids


def _is_id(kind: pa.DataType) -> bool:
    """Whether values of this type, none of them text, stay what they are when they are written as text."""
    import pyarrow as pa

    kinds = (pa.types.is_integer, pa.types.is_boolean, pa.types.is_decimal, pa.types.is_date, pa.types.is_timestamp)
    return any(one(kind) for one in kinds)


def _feature(table: pa.Table, name: str, categories: bool) -> tuple[Floats, bool]:
    """Return a feature as numbers, and whether it is text (then its codes; a missing one is NaN as well)."""
    import pyarrow.compute as pc

    column = _column(table, name)
    if categories and is_text(column.type):
        told = pc.if_else(pc.equal(column, ""), None, column)
        try:
            return _number(column, name), False  # a CSV holds numbers as text
        except InputError:
            codes = told.dictionary_encode().indices
            return codes.cast("double").to_numpy(zero_copy_only=False), True
    return _number(column, name), False


def _number(column: pa.Array, name: str) -> Floats:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if is_text(kind):
        trimmed = pc.utf8_trim_whitespace(column.cast(pa.string()))
        column = pc.if_else(pc.equal(trimmed, ""), None, trimmed)
    elif not (
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind) or kind == pa.bool_()
    ):
        raise InputError(f"column {name!r} holds {kind}, not numbers; choose another feature")
    try:
        numbers = column.cast(pa.int8()) if kind == pa.bool_() else column
        values: Floats = numbers.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        return values
    except pa.ArrowInvalid:
        texts = column.drop_null().to_pylist()
        first = next((one for one in texts if not _reads_as_number(one)), texts[0])
        raise InputError(
            f"column {name!r} holds text, such as {first!r}; a feature is a number (text is one with metric='gower')"
        ) from None


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text and text.isascii()


def _complete(
    read: list[tuple[Floats, bool]], names: tuple[str, ...], ids: pa.Array, unit: str, missing: Missing
) -> tuple[npt.NDArray[np.int64], dict[str, int]]:
    """Return the rows that have every feature, and how many lack each."""
    lacking = {name: np.isnan(column) for name, (column, _) in zip(names, read, strict=True)}
    counts = {f"no {name}": int(gone.sum()) for name, gone in lacking.items() if gone.any()}
    none = np.logical_or.reduce(list(lacking.values()))
    if counts and missing == "refuse":
        first = ids[int(np.argmax(none))].as_py()
        told = ", ".join(f"{name} of {int(gone.sum()):,}" for name, gone in lacking.items() if gone.any())
        raise InputError(
            f"{int(none.sum()):,} of {len(ids):,} units lack a feature ({told}), the first is {unit} {first!r}; leave "
            "them out with missing='drop', or choose other features"
        )
    return np.flatnonzero(~none), counts


def _refuse_odd(values: Floats, names: tuple[str, ...], ids: pa.Array, unit: str) -> None:
    endless = ~np.isfinite(values)
    if endless.any():
        row, place = (int(one[0]) for one in np.nonzero(endless))
        raise InputError(
            f"feature {names[place]!r} of {unit} {ids[row].as_py()!r} is infinite, as {int(endless.sum()):,} values "
            "are; was it divided by zero? Make it missing, or leave the units out"
        )
    huge = np.abs(values) > LARGEST
    if huge.any():
        row, place = (int(one[0]) for one in np.nonzero(huge))
        raise InputError(
            f"feature {names[place]!r} of {unit} {ids[row].as_py()!r} is {values[row, place]:g}, and distances can be "
            f"computed of numbers up to {LARGEST:g}; is it a mistake? Divide the feature, or leave the unit out"
        )
    least, most = values.min(axis=0), values.max(axis=0)
    still = np.flatnonzero(least == most)
    if len(still):
        raise InputError(
            f"feature {names[still[0]]!r} is {values[0, still[0]] + 0.0:g} for all {len(values):,} units, so it tells "
            "none apart; leave it out"
        )
    close = np.flatnonzero(most - least < 1 / LARGEST)
    if len(close):
        raise InputError(
            f"feature {names[close[0]]!r} differs by {(most - least)[close[0]]:g} between units at most, too little to "
            "compute distances of; multiply it, or leave it out"
        )


def _stated(table: pa.Table) -> str | None:
    if AS_OF not in table.column_names:
        return None
    stated: list[Any] = sorted(map(str, _column(table, AS_OF).unique().drop_null().to_pylist()))
    if len(stated) > 1:
        raise InputError(f"the table of units has several as_of ({stated[0]}, {stated[1]}, …); keep the rows of one")
    return _moment(stated[0]) if stated else None


def _moment(as_of: Any) -> str:
    """Return a time as text, once it is sure that it is one."""
    try:
        if isinstance(as_of, str | date | np.datetime64):
            datetime.fromisoformat(str(as_of))
            return str(as_of)
    except ValueError:
        pass
    raise InputError(f"as_of={as_of!r} is not a date or time; write for example '2011-12-01'")
