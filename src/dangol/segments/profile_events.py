"""What the users of units did, and who they are, read from a log in compiled passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from dangol.core import calendar
from dangol.core.errors import InputError, unknown
from dangol.core.proportions import share
from dangol.kernels import unit_events as kernels
from dangol.log.block import Block
from dangol.log.eventlog import EventLog

from .profile_tests import Variable
from .segments import Segments
from .units import Units

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

MOST_EVENTS: Final = 30
MOST_VALUES: Final = 20  # of an attribute
NONE: Final = "(none)"


class Place(NamedTuple):
    """Where a log has its units: the unit of each user, or of each code of a column; -1: none."""

    code: Codes
    column: str | None
    per_user: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """What a scan reads besides events."""
        return () if self.column is None else (self.column,)


class Part(NamedTuple):
    """Some units, and what was counted of each."""

    units: Ints
    counts: tuple[Codes, ...]


@dataclass(frozen=True, eq=False)
class Activity:
    """What units did: by unit its active users, and by unit and event the events and the users with any.

    ``others`` is how many event names were left out, ``start`` and ``end`` are local times of the log, or those between
    which it was asked for (``between``, the end not included), ``later`` says that it begins when the segments had been
    made, ``view`` is what else a view of the log was narrowed to.
    """

    names: tuple[str, ...]
    users: Codes
    events: Codes
    having: Codes
    others: int
    start: str
    end: str
    later: bool
    zone: str
    between: bool
    view: tuple[str, ...]
    described: dict[str, Any]

    @cached_property
    def rates(self) -> Floats:
        """Events per active user; NaN for a unit without one."""
        return share(self.events, self.users[:, None])

    @property
    def absent(self) -> int:
        """How many units have no active user."""
        return int((self.users == 0).sum())

    def variables(self) -> list[Variable]:
        """Return the events as variables."""
        return [Variable(name, "event", self.rates[:, place]) for place, name in enumerate(self.names)]


def read_activity(segments: Segments, log: EventLog, events: Sequence[str] | None) -> Activity:
    """Count the events of units: those asked for, or the most frequent.

    Raises:
        InputError: for an unknown event, a unit that the log does not have, or units of which it has none.
    """
    place = located(segments.units, log)
    slot, names, others = _slots(log, place, events)
    shape = (len(segments.units), len(names))
    merge = partial(_merged, shapes=[shape[:1], shape, shape])
    columns = ("event", *place.columns)
    users, counts, having = log.run(_scan, merge, columns=columns, place=place, slot=slot, slots=len(names))
    first, last = (calendar.write(moment, log.zone) for moment in log.span or (log.start, log.end))
    made = segments.units.as_of
    later = made is not None and calendar.instant(made, log.zone, "as_of") <= log.start
    between, told = bool(log.span), log.describe()
    return Activity(names, users, counts, having, others, first, last, later, log.zone, between, _view(log), told)


def _view(log: EventLog) -> tuple[str, ...]:
    """Say what a view is narrowed to, besides its span of time."""
    told = [one.describe() for one in log.filters]
    told = [one.removesuffix("None") + NONE if one.endswith(" None") else one for one in told]  # texts are in quotes
    return (*told, *([] if log.people is None else [f"{len(log.people):,} named users"]))


def located(units: Units, log: EventLog) -> Place:
    """Find the units in a log.

    Raises:
        InputError: for a unit that is neither the user nor a text column, or units of which the log has none.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if units.unit == "user":
        names, column, per_user = log.contents.ids(), None, True
    else:
        found = next((one for one in log.columns if one.name == units.unit), None)
        if found is None or found.kind != "text":
            texts = ["user", *(one.name for one in log.columns if one.kind == "text" and one.name != "event")]
            raise unknown("unit", units.unit, texts, "the log, as the user or a text column")
        names, column, per_user = log.contents.dictionary(units.unit), units.unit, found.level == "user"
    code = pc.fill_null(pc.index_in(names.cast(pa.string()), units.ids), -1).to_numpy().astype(np.int32)
    if not (code >= 0).any():
        known = names.drop_null()
        first = known[0].as_py() if len(known) else ""
        raise InputError(
            f"none of the {len(units):,} {units.unit}s in the segments is in the log, the first is "
            f"{units.ids[0].as_py()!r} and the log's first {first!r}; give the log that the features were made of"
        )
    return Place(code, column, per_user)


def _slots(log: EventLog, place: Place, events: Sequence[str] | None) -> tuple[Codes, tuple[str, ...], int]:
    """Return the slot of each event's name (-1: left out), the names by slot, and how many frequent ones have none."""
    slot = np.full(len(log.events), -1, np.int32)
    if events is not None:
        asked = list(dict.fromkeys([events] if isinstance(events, str) else events))
        if not asked:
            raise InputError("events=[] names no event; leave it out for the most frequent ones")
        chosen, others = np.array([log.code("event", name) for name in asked], np.int64), 0
    else:
        counts = log.run(_scan_names, _added, columns=("event", *place.columns), place=place, names=len(slot))
        order = np.argsort(-counts, kind="stable")
        some = order[counts[order] > 0]
        chosen, others = some[:MOST_EVENTS], max(len(some) - MOST_EVENTS, 0)
    slot[chosen] = np.arange(len(chosen))
    return slot, tuple(log.events[code] for code in chosen), others


def units_of(block: Block, place: Place) -> Codes:
    """Return the unit of each user of a block, or of each row."""
    return place.code[block.users if place.column is None else block.columns[place.column]]


def _scan_names(block: Block, *, place: Place, names: int) -> Ints:
    return kernels.frequencies(block.offsets, block.event, units_of(block, place), place.per_user, names)


def _added(parts: Sequence[Ints]) -> Ints:
    total: Ints = np.sum(parts, axis=0, dtype=np.int64)
    return total


def _scan(block: Block, *, place: Place, slot: Codes, slots: int) -> Part:
    known, units = _here(units_of(block, place))
    return Part(known, kernels.counts(block.offsets, block.event, units, place.per_user, len(known), slot, slots))


def _here(units: Codes) -> tuple[Ints, Codes]:
    """Return the units that a block has, and their places among these: a block of a large log has few of them."""
    known, places = np.unique(units, return_inverse=True)
    none = int(len(known) > 0 and known[0] < 0)
    return known[none:].astype(np.int64), (places - none).astype(np.int32)


def _merged(parts: Sequence[Part], *, shapes: Sequence[tuple[int, ...]]) -> list[Codes]:
    totals = [np.zeros(shape, np.int32) for shape in shapes]
    for part in parts:
        for total, counts in zip(totals, part.counts, strict=True):
            total[part.units] += counts
    return totals


# ---- who the users are ------------------------------------------------------------------------------------------


def user_attribute(segments: Segments, log: EventLog, name: str) -> list[Variable]:
    """Return a text column of a log's users as variables, one for each value.

    For units that are users, 1 or 0; for other units, the share of their active users.

    Raises:
        InputError: for a column that is no text of users, or has too many values or only one.
    """
    column = log.column(name)
    if column.level != "user" or column.kind != "text":
        what = f"{column.kind}s of {column.level}s"
        raise InputError(
            f"attribute {name!r} holds {what}; an attribute is a text column of users or of the units' table"
        )
    place = located(segments.units, log)
    texts = log.names(name)
    shape = (len(segments.units), len(texts))
    columns, merge = ("event", name, *place.columns), partial(_merged, shapes=[shape])
    (counts,) = log.run(_scan_values, merge, columns=columns, place=place, attribute=name, size=len(texts))
    shares = share(counts, counts.sum(axis=1)[:, None])
    return split(name, texts, shares, yes_no=place.column is None)


def _scan_values(block: Block, *, place: Place, attribute: str, size: int) -> Part:
    known, units = _here(units_of(block, place))
    of_user = block.columns[attribute]
    return Part(known, (kernels.values(block.offsets, of_user, units, place.per_user, len(known), size),))


def split(
    name: str, texts: Sequence[str | None], shares: Floats, *, yes_no: bool, made: bool = False
) -> list[Variable]:
    """Return the values of an attribute as variables, those that nobody has left out; of two, the rarer one alone.

    Raises:
        InputError: for more than ``MOST_VALUES`` values, or fewer than two.
    """
    present = [place for place in range(len(texts)) if np.nansum(shares[:, place]) > 0]
    if not 2 <= len(present) <= MOST_VALUES:
        raise InputError(
            f"attribute {name!r} has {len(present):,} different values; an attribute has 2 to {MOST_VALUES}"
        )
    if len(present) == 2:
        present = [min(present, key=lambda place: (np.nansum(shares[:, place]), -place))]
    return [
        Variable(
            name, "attribute", shares[:, place], yes_no, made, value=NONE if texts[place] is None else texts[place]
        )
        for place in present
    ]
