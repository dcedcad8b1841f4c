"""One load, step by step, in the order in which rows pass: read, check, arrange, sort, survey, write, commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from dataclasses import replace as changed
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dangol.core import calendar
from dangol.core.durations import DAY, HOUR
from dangol.core.errors import InputError

from .account import account, load_report, renamed, write_rejects
from .arrange import check_attributes, lone_attributes, merge_lines, set_repeats_aside
from .columns import described, people, user_batch, write_events
from .contents import Contents, Meta
from .earlier import bring_attributes, bring_events, kinds_of
from .eventlog import EventLog
from .mapping import Mapping
from .progress import Progress
from .raw import Raw, load_raw
from .scratch import row
from .sources import Source, open_sources
from .stage import Field, check, to_utc
from .store import commit, next_version, write_table
from .survey import Survey, survey

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Reading:
    """How the files are to be read; None detects and states."""

    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    sheet: str | int | None = None

    def open(self, source: object) -> list[Source]:
        """Open the sources that ``source`` names."""
        return open_sources(
            source, encoding=self.encoding, delimiter=self.delimiter, header=self.header, sheet=self.sheet
        )


@dataclass(frozen=True)
class Load:
    """Everything that decides how rows become events; kept in ``log.json`` so that ``append`` does the same."""

    mapping: Mapping
    reading: Reading
    zone: str
    zone_assumed: bool
    time_format: str | None
    duplicates: str
    memory: str

    def to_dict(self, on: str | None) -> dict[str, Any]:
        """Plain data, with the key of the attributes."""
        return {**asdict(self), "on": on}

    @classmethod
    def from_dict(cls, values: Any) -> tuple[Load, str | None]:
        """What ``to_dict`` wrote, and the key of the attributes."""
        kept = {name: value for name, value in values.items() if name != "on"}
        kept["mapping"], kept["reading"] = Mapping.from_dict(values["mapping"]), Reading(**values["reading"])
        return cls(**kept), values["on"]


@dataclass(frozen=True)
class Given:
    """What one load is given: the source, the second table and its key, and the moment of loading."""

    source: object
    attributes: object
    on: str | None
    now: int | None


def load_into(
    folder: Path,
    scratch: Path,
    con: duckdb.DuckDBPyConnection,
    bar: Progress,
    load: Load,
    given: Given,
    old: EventLog | None,
) -> None:
    """Load a source into ``folder``, as its first version or, with ``old``, as the next."""
    sources = load.reading.open(given.source)
    raw = load_raw(con, sources, bar)
    if not sum(raw.rows):
        raise _nothing_to_load(sources)
    user_fields, group_outside, unusable = _attributes(con, raw, load, given, bar, old)
    mapping = changed(load.mapping, group=None) if group_outside else load.mapping
    whole = len(sources) > 1 or load.duplicates == "drop"
    checked = check(con, raw, mapping, load.time_format, kinds_of(old, "event"), whole=whole)
    odd_times = to_utc(con, load.zone)
    events, fields, dropped = _arranged(con, checked.fields, mapping, load, len(sources), old)
    n_users = people(con, events)
    said = account(con, sources, raw, checked)
    if not n_users:
        raise InputError(f"no row of {sources[0].name} became an event: {said.first_reason()}")
    batch, counts = write_events(con, events, fields, scratch, n_users, bar)
    users = user_batch(con, counts, user_fields)
    columns = described(fields, user_fields)
    version = next_version(folder)
    first, last = (int(value) for value in row(con, f"SELECT min(time), max(time) FROM {events}"))
    meta = Meta(load.zone, len(batch), n_users, first, last, last + 1, columns, load.to_dict(given.on), {}, version)
    found = survey(EventLog(Contents(meta, batch, users, lambda _: None)), given.now)
    names = {role: f"{role}-{version}.arrow" for role in ("events", "users")}
    files = {
        role: {"name": names[role], **write_table(scratch / names[role], one)}
        for role, one in (("events", batch), ("users", users))
    }
    rejects = write_rejects(con, sources, checked, scratch / f"rejects-{version}.csv")
    more = {
        "events": len(batch),
        "users": n_users,
        "dropped_properties": dropped,
        "rejects_file": rejects,
        "renamed": renamed([*fields, *user_fields], mapping),
        "attributes": lone_attributes(con, unusable) if user_fields else None,
    }
    report = load_report(said, found, checked, load, odd_times, more)
    meta = changed(meta, as_of=_as_of(last, found, load.zone), report=report.to_dict())
    earlier = [one.name for one in folder.glob("rejects-*.csv")] if old else []
    commit(folder, scratch, meta, files, [rejects] if rejects else [], earlier)


def _nothing_to_load(sources: Sequence[Source]) -> InputError:
    """Build the error for sources without a single row that can be read."""
    problems = [problem for source in sources for problem in source.problems]
    why = f"its {len(problems):,} rows are all broken: {problems[0].reason}" if problems else "it holds no rows"
    return InputError(f"{sources[0].name}: {why}")


def _as_of(last: int, found: Survey, zone: str) -> int:
    """The end of the log: the last event rounded up to the hour, or to the day if the times are dates."""
    table = calendar.offsets(zone, last - DAY, last + 2 * DAY)
    local = int(calendar.to_local(np.array([last], np.int64), table)[0])
    if not found.dates_only:
        return last + HOUR - local % HOUR  # by the clock of the last event, even if it is turned back within the hour
    return int(calendar.to_utc(np.array([(local // DAY + 1) * DAY]), table)[0])


def _attributes(
    con: duckdb.DuckDBPyConnection, raw: Raw, load: Load, given: Given, bar: Progress, old: EventLog | None
) -> tuple[tuple[Field, ...], bool, int]:
    """Stage the second table; tell whether the group is a column of it, and how many of its rows name nobody."""
    group = load.mapping.group
    outside = group is not None and group not in raw.columns and given.on is not None
    fields: tuple[Field, ...] = ()
    unusable = 0
    if given.attributes is not None and given.on is not None:
        sources = load.reading.open(given.attributes)
        second = load_raw(con, sources, bar, "raw_attributes")
        outside = outside and group in second.columns
        taken, before = [*raw.columns, *kinds_of(old, "event")], kinds_of(old, "user")
        fields = check_attributes(con, second, given.on, group if outside else None, taken, before)
        given_rows = sum(second.rows) + sum(len(one.problems) for one in sources)
        unusable = given_rows - int(row(con, "SELECT count(*) FROM attributes")[0])
    if old is not None:
        fields = bring_attributes(con, old, fields)
    return fields, outside, unusable


def _arranged(
    con: duckdb.DuckDBPyConnection,
    fields: Sequence[Field],
    mapping: Mapping,
    load: Load,
    n_files: int,
    old: EventLog | None,
) -> tuple[str, tuple[Field, ...], tuple[str, ...]]:
    """Set repeats aside, merge lines, and join the events of the version before; return the view of all events."""
    by_id, drop = mapping.event_id is not None, load.duplicates == "drop"
    keys = [f"_dg_key {key}" for key in mapping.collapse]
    content = ["time", *(one.name for one in fields), *keys, "_dg_rest"]
    view, kept = "instants", tuple(fields)
    dropped: tuple[str, ...] = ()
    if by_id or drop or n_files > 1:
        set_repeats_aside(con, view, content, by_id=by_id, drop=drop, name="fresh")
        view = "fresh"
    if mapping.collapse:
        merged = merge_lines(con, view, kept, mapping.collapse, "merged", summed=mapping.amount is not None)
        view, kept, dropped = "merged", merged.fields, merged.dropped
    if old is not None:
        view, kept = bring_events(con, old, view, kept)
        held = kinds_of(old, "event")  # a column that is new cannot tell an event from the one that the log holds
        by_id = by_id and "event_id" in held
        set_repeats_aside(con, view, ["time", "user", *held], by_id=by_id, drop=False, name="united")
        view = "united"
    return view, kept, dropped
