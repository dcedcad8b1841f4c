"""``EventLog``: who did what when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from dangol.core import calendar
from dangol.core.errors import InputError, choice, unknown
from dangol.kernels.threads import cores

from . import conditions, segments
from .block import OPERATORS, Block, Filter, Ints, chosen, compacted
from .contents import Column, Contents
from .report import LoadReport

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow.compute as pc

Partial = TypeVar("Partial")
Answer = TypeVar("Answer")

BLOCK_EVENTS: Final = 1 << 20


@dataclass(frozen=True, repr=False)
class EventLog:
    """A behaviour log: events sorted by user, then time, then source order; or a view of one.

    It is immutable. ``where``, ``between`` and ``users`` return views, which filter each block as it is read and never
    copy the log. Made by ``dangol.ingest`` and ``dangol.open_log``.
    """

    contents: Contents
    filters: tuple[Filter, ...] = ()
    people: Ints | None = None  # positions of the users that a view keeps
    span: tuple[int, int] | None = None  # a view's half-open span of time, microseconds UTC
    block_events: int = BLOCK_EVENTS

    def __repr__(self) -> str:
        what = "view of log" if self.is_view else "log"
        first, last = (calendar.write(moment, self.zone) for moment in (self.start, self.end))
        size = f"{self.n_events:,} events of {self.n_users:,} users"
        return f"<{what} {self.path or 'in memory'}: {size}, {first} to {last} {self.zone}>"

    # ---- what it is -------------------------------------------------------------------------------------------

    @property
    def path(self) -> str | None:
        """The log's folder, or None for a log in memory."""
        return self.contents.path

    @property
    def zone(self) -> str:
        """The IANA name of the time zone in which days begin."""
        return self.contents.meta.zone

    @property
    def columns(self) -> tuple[Column, ...]:
        """Every column of events and of users."""
        return self.contents.meta.columns

    @cached_property
    def report(self) -> LoadReport:
        """How the log was loaded: rows accepted, rejected, duplicate, and what looked odd."""
        return LoadReport.from_dict(self.contents.meta.report)

    @property
    def is_view(self) -> bool:
        """Whether this is a view of a log, not the whole of it."""
        return bool(self.filters) or self.people is not None or self.span is not None

    @cached_property
    def _size(self) -> tuple[int, int]:
        if not self.is_view:
            return self.contents.meta.n_users, self.contents.meta.n_events
        sizes = self.run(_count, list, columns=())
        return sum(users for users, _ in sizes), sum(events for _, events in sizes)

    @property
    def n_users(self) -> int:
        """Users with at least one event (in the view)."""
        return self._size[0]

    @property
    def n_events(self) -> int:
        """Events (in the view)."""
        return self._size[1]

    @property
    def start(self) -> int:
        """The first event's time (of the whole log), or a view's beginning if that is later; microseconds UTC."""
        first = self.contents.meta.first
        return max(first, self.span[0]) if self.span else first

    @property
    def end(self) -> int:
        """The last event's time (of the whole log), or just before a view's end; microseconds UTC."""
        last = self.contents.meta.last
        return min(last, self.span[1] - 1) if self.span else last

    @property
    def as_of(self) -> int:
        """Up to when the log is taken to be complete: see ``Meta``; a view ends no later than its span."""
        as_of = self.contents.meta.as_of
        return min(as_of, self.span[1]) if self.span else as_of

    def describe(self) -> dict[str, Any]:
        """Say which log, and which part of it, an answer is about (for a recipe)."""
        meta = self.contents.meta
        view: list[str] = [one.describe() for one in self.filters]
        if self.span:
            first, after = (calendar.write(moment, self.zone) for moment in self.span)
            view.append(f"{first} <= time < {after}")
        if self.people is not None:
            view.append(f"{len(self.people)} named users")
        view += segments.describe(self)
        return {"path": self.path, "version": meta.version, "fingerprint": meta.fingerprint, "view": view}

    # ---- names ------------------------------------------------------------------------------------------------

    def column(self, name: object) -> Column:
        """Return a column's description, or raise the error that suggests the nearest name."""
        for column in self.columns if isinstance(name, str) else ():
            if column.name == name:
                return column
        raise unknown("column", name, [column.name for column in self.columns])

    def names(self, column: str) -> list[str | None]:
        """Return the text of each code of a text column; None stands for 'no value'."""
        if self.column(column).kind != "text":
            raise InputError(f"column {column!r} holds {self.column(column).kind}s, not names")
        texts: list[str | None] = self.contents.dictionary(column).to_pylist()
        return texts

    @cached_property
    def events(self) -> list[str]:
        """The names of the events, by code."""
        return [str(name) for name in self.names("event")]

    def code(self, column: str, name: str) -> int:
        """Return the code of a name in a text column, or raise the error that suggests the nearest name."""
        texts = self.events if column == "event" else self.names(column)
        try:
            return texts.index(name)
        except ValueError:
            kind = "event" if column == "event" else f"{column} value"
            raise unknown(kind, name, [text for text in texts if text is not None]) from None

    def ids(self, positions: Ints | None = None) -> pd.Series[str]:
        """Return the ids of the users at some positions (all of the log by default)."""
        ids = self.contents.ids()
        series: pd.Series[str] = (ids if positions is None else ids.take(positions)).to_pandas()
        return series

    # ---- views ------------------------------------------------------------------------------------------------

    def where(self, column: str | pc.Expression, op: str | None = None, value: Any = None) -> EventLog:
        """Return a view of the events, or of the users, that meet a condition.

        A condition on an event column keeps single events; one on a user column keeps whole users. Text compares by
        code point. ``None`` stands for 'no value' and may be asked for with ``==`` and ``!=``; what is missing meets no
        other condition but ``!=`` and ``not in``.

        Args:
            column: a column's name, or a whole pyarrow expression such as ``pc.field("amount") > 3``.
            op: ``==``, ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``in``, ``not in``.
            value: what to compare with; a list for ``in`` and ``not in``.

        Raises:
            InputError: for an unknown column, operator or name in a text column, a value of the wrong kind, or an
                expression that names unknown columns, or columns of both levels, or is not true or false.
        """
        if not isinstance(column, str):
            return self._with(filters=(*self.filters, conditions.matches(self, column)))
        if op is None:
            raise InputError(f"where({column!r}) needs an operator and a value, for example where({column!r}, '==', …)")
        choice("op", op, [*OPERATORS, "in", "not in"])
        if op in ("in", "not in") and (isinstance(value, str) or not np.iterable(value)):
            raise InputError(f"where({column!r}, {op!r}, {value!r}): {op!r} needs a list of values")
        if column == "user":
            return self._with(people=self._narrowed(conditions.of_ids(self, op, value)))
        return self._with(filters=(*self.filters, conditions.compare(self, self.column(column), op, value)))

    def between(self, start: str | datetime | None = None, end: str | datetime | None = None) -> EventLog:
        """Return a view of the events with ``start <= time < end``: local times of the log's zone; None leaves open."""
        meta = self.contents.meta
        low, high = self.span or (meta.first, max(meta.last + 1, meta.as_of))  # an open end keeps the log's as_of
        low = low if start is None else max(low, calendar.instant(start, self.zone, "start"))
        high = high if end is None else min(high, calendar.instant(end, self.zone, "end"))
        if high <= low or low > self.end:
            first, last = (calendar.write(moment, self.zone) for moment in (self.start, self.end))
            raise InputError(
                f"between({start!r}, {end!r}) holds no time of this log, which runs from {first} to {last}"
            )
        return self._with(span=(low, high))

    def users(self, ids: Sequence[str] | pd.Series[str]) -> EventLog:
        """Return a view of some users by id, as text; ids that the log does not have are an error."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if isinstance(ids, str) or not np.iterable(ids):
            raise InputError(f"users({ids!r}) needs a list of user ids, such as users(['ann', 'bob'])")
        known = [str(one).encode(errors="replace").decode() for one in ids]  # half a character is in no log
        wanted = pa.array(known, self.contents.ids().type)
        positions = pc.index_in(wanted, self.contents.ids())
        if positions.null_count:
            missing = wanted.filter(pc.is_null(positions))
            raise InputError(
                f"{len(missing):,} of {len(wanted):,} users are not in the log, the first is {missing[0].as_py()!r}"
            )
        return self._with(people=self._narrowed(np.unique(positions.to_numpy()).astype(np.int64)))

    def _with(self, **changes: Any) -> EventLog:
        kept = {"filters": self.filters, "people": self.people, "span": self.span, "block_events": self.block_events}
        return EventLog(self.contents, **{**kept, **changes})

    def _narrowed(self, positions: Ints) -> Ints:
        return positions if self.people is None else np.intersect1d(self.people, positions)

    def with_segments(
        self,
        table: object,
        *,
        label: str = "segment",
        unit: str | None = None,
        name: str | None = None,
        as_of: str | datetime | None = None,
        hindsight: bool = False,
    ) -> EventLog:
        """Return the log with a column of labels, to filter by (``where``) and to break down by (``by=``) everywhere.

        What explains must be older than what it explains: where the labels were made of data later than the beginning
        of the log or view that a question is asked of, the question is refused, unless ``hindsight`` is set.

        Args:
            table: anything with the Arrow C stream (pandas, polars, ``Segments``), a row per unit; or a mapping unit
                -> label.
            label: the table's column of labels; a missing label is no value.
            unit: the table's column of units: ``"user"``, or the name of a text column of the log, such as ``"group"``;
                None takes ``user`` if the table has it, else the first text column of the log that it has.
            name: the new column's name; None takes ``label``.
            as_of: local time up to which the data reach that made the labels; None takes the table's column ``as_of``.
            hindsight: allow questions about times before ``as_of``; their recipe says so.

        Conventions:
            Units without a label form the segment "(none)". Units that the log does not have are counted in the recipe.

        Raises:
            InputError: for a missing column or ``as_of``, a unit with two labels, or units of which the log has none.
        """
        return segments.with_segments(self, table, label=label, unit=unit, name=name, as_of=as_of, hindsight=hindsight)

    def append(self, source: object, **options: Any) -> EventLog:
        """Add a source, read as the log's own was, and return the next version: see ``dangol.log.ingest.append``."""
        from .ingest import append  # ingest makes logs, so it stands above this module

        return append(self, source, **options)

    # ---- asking -----------------------------------------------------------------------------------------------

    def run(
        self,
        scan: Callable[..., Partial],
        merge: Callable[[list[Partial]], Answer],
        *,
        columns: Sequence[str] = ("time", "event"),
        **params: Any,
    ) -> Answer:
        """Ask every block of whole users, in threads, and merge the partial answers in block order.

        Args:
            scan: a plain function ``scan(block, **params)``; it sees only whole users.
            merge: makes one answer of the list of partial answers.
            columns: the event and user columns that the scan reads; nothing else is read.
            **params: plain parameters handed to the scan.
        """
        segments.refuse_hindsight(self, (*columns, *(name for one in self.filters for name in one.needs)))
        bounds = self._bounds()
        if len(bounds) == 1:
            return merge([scan(self._block(*bounds[0], columns), **params)])
        with ThreadPoolExecutor(min(cores(), len(bounds))) as pool:
            jobs = [pool.submit(lambda a, b: scan(self._block(a, b, columns), **params), a, b) for a, b in bounds]
            return merge([job.result() for job in jobs])

    def blocks(self, columns: Sequence[str] = ("time", "event")) -> Iterator[Block]:
        """Yield the blocks one after another: the way to ask in another process or engine."""
        for first, after in self._bounds():
            yield self._block(first, after, columns)

    def _bounds(self) -> list[tuple[int, int]]:
        """Cut the users into runs of about ``block_events`` events."""
        offsets = self.contents.offsets
        cuts = np.searchsorted(offsets, np.arange(0, offsets[-1], self.block_events), side="left")
        cuts = np.unique(np.append(cuts, len(offsets) - 1))
        return list(zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)) or [(0, 0)]

    def _block(self, first: int, after: int, columns: Sequence[str]) -> Block:
        offsets = self.contents.offsets[first : after + 1]
        needed = dict.fromkeys(columns)
        for one in self.filters:
            needed.update(dict.fromkeys(one.needs))
        if self.span:
            needed["time"] = None
        per_user = frozenset(name for name in needed if self.column(name).level == "user")
        arrays = {
            name: self.contents.part(name, first, after)
            if name in per_user
            else self.contents.part(name, int(offsets[0]), int(offsets[-1]))
            for name in needed
        }
        block = Block(np.arange(first, after), offsets - offsets[0], arrays)
        return self._filtered(block, per_user) if self.is_view else block

    def _filtered(self, block: Block, per_user: frozenset[str]) -> Block:
        if self.people is not None:
            block = chosen(block, np.isin(block.users, self.people, assume_unique=True), per_user)
        if self.span:
            block = compacted(block, (block.time >= self.span[0]) & (block.time < self.span[1]), per_user)
        for one in self.filters:
            narrow = chosen if one.needs[0] in per_user else compacted
            block = narrow(block, one.mask(block.columns), per_user)
        return block


def _count(block: Block) -> tuple[int, int]:
    return len(block.users), int(block.offsets[-1])
