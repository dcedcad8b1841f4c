"""``Contents``: what a log holds, whether in memory or mapped from disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["text", "number", "time", "id"]
Level = Literal["event", "user"]


@dataclass(frozen=True)
class Column:
    """One column of events or of users.

    Its kind: ``text`` is dictionary codes, ``number`` int64 or float64 (NaN = none), ``time`` microseconds UTC, ``id``
    plain text (event ids). A column made of what the log tells (segments) may only explain what comes at or after
    ``known_from``, microseconds UTC; None: it may always be used.
    """

    name: str
    kind: Kind
    level: Level
    known_from: int | None = None


@dataclass(frozen=True)
class Added:
    """A text column that is not stored: labels of users, or of the values of another text column.

    ``codes`` has a code for each user (``source`` None), or for each code of ``source``; ``texts`` the label of each
    code, None at 0. Of ``units`` in the table that told the labels, ``found`` are in the log; ``as_of`` is the time up
    to which data made them.
    """

    source: str | None
    codes: npt.NDArray[np.int32]
    texts: tuple[str | None, ...]
    found: int
    units: int
    as_of: int


@dataclass(frozen=True)
class Meta:
    """What ``log.json`` says about a log besides checksums.

    ``as_of`` is the instant up to which the log is taken to be complete: the last event, rounded up to the next full
    hour, or to the next local midnight where every time is a midnight (dates only).
    """

    zone: str
    n_events: int
    n_users: int
    first: int
    last: int
    as_of: int
    columns: tuple[Column, ...]
    load: Mapping[str, Any]
    report: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1
    fingerprint: str = ""


@dataclass(frozen=True)
class Contents:
    """The arrays of a log. ``check(column)`` raises if a column on disk is not as it was written."""

    meta: Meta
    events: pa.RecordBatch
    people: pa.RecordBatch
    check: Callable[[str], None]
    path: str | None = None
    added: Mapping[str, Added] = field(default_factory=dict)

    @cached_property
    def offsets(self) -> npt.NDArray[np.int64]:
        """The first row of each user, and the number of rows."""
        self.check("first_row")
        first: npt.NDArray[np.int64] = self.people.column("first_row").to_numpy()
        return np.append(first, self.meta.n_events)

    def array(self, name: str) -> npt.NDArray[Any]:
        """Return a column as numpy, without copying: codes for text (0 for 'no value', where some have none)."""
        import pyarrow as pa

        self.check(name)
        column = self._arrow(name)
        if isinstance(column, pa.DictionaryArray):  # the codes themselves, whatever the validity bits say
            codes = np.frombuffer(column.indices.buffers()[1], np.int32)
            return codes[column.offset : column.offset + len(column)]
        if pa.types.is_timestamp(column.type):
            column = column.view(pa.int64())
        values: npt.NDArray[Any] = column.to_numpy()
        return values

    def part(self, name: str, first: int, after: int) -> npt.NDArray[Any]:
        """Return a part of a column (rows of an event column, users of a user column), not copying what is stored."""
        if name not in self.added:
            return self.array(name)[first:after]
        added = self.added[name]
        codes = added.codes
        return codes[first:after] if added.source is None else codes[self.array(added.source)[first:after]]

    def no_rows(self, name: str) -> npt.NDArray[Any]:
        """Return an empty array of the type that ``part`` gives, without reading the column."""
        import pyarrow as pa

        if name in self.added:
            return np.empty(0, np.int32)
        kind = self._arrow(name).type
        if pa.types.is_dictionary(kind):
            return np.empty(0, np.int32)
        return np.empty(0, np.int64 if pa.types.is_timestamp(kind) else kind.to_pandas_dtype())

    def dictionary(self, name: str) -> pa.Array:
        """Return the text of each code of a text column; null stands for 'no value'.

        On disk 'no value' is an Arrow null whose code is 0 and whose place in the dictionary is an empty text.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        if name in self.added:
            return pa.array(self.added[name].texts, pa.string())
        self.check(name)
        texts = self._arrow(name).dictionary
        return pc.replace_with_mask(texts, pc.fill_null(pc.equal(texts, ""), True), pc.cast(None, texts.type))

    def ids(self) -> pa.Array:
        """Return every user's id, by position."""
        self.check("user")
        return self.people.column("user")

    def _arrow(self, name: str) -> Any:
        batch = self.events if name in self.events.schema.names else self.people
        return batch.column(name)
