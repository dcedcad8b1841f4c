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
    plain text (event ids).
    """

    name: str
    kind: Kind
    level: Level


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

    def no_rows(self, name: str) -> npt.NDArray[Any]:
        """Return an empty array of the type that ``array`` gives, without reading the column."""
        import pyarrow as pa

        kind = self._arrow(name).type
        if pa.types.is_dictionary(kind):
            return np.empty(0, np.int32)
        return np.empty(0, np.int64 if pa.types.is_timestamp(kind) else kind.to_pandas_dtype())

    def dictionary(self, name: str) -> pa.Array:
        """Return the text of each code of a text column; null stands for 'no value'.

        On disk 'no value' is an Arrow null whose code is 0 and whose place in the dictionary is an empty text.
        """
        import pyarrow.compute as pc

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
