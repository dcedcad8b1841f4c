"""``flows``, the slow way: every unit is walked from event to event."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from . import SECOND, Event, Row, histories, label, median, rate, wilson
from .sessions import split


@dataclass(frozen=True)
class Asked:
    """The options of flows."""

    unit: str = "user"
    gap: str = "30m"
    anchor: str | None = None
    direction: str = "after"
    steps: int = 5
    top: int = 8
    by: str | None = None
    attribution: str = "first"
    compare: tuple[str, str] | None = None


@dataclass(frozen=True)
class Unit:
    """A user's whole history, or one session."""

    user: str
    segment: str
    events: tuple[Event, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(event.name for event in self.events)


def units(events: Sequence[Event], asked: Asked) -> list[Unit]:
    """Cut a log into units; a user is in one segment."""
    found = []
    for user, history in histories(events).items():
        decides = history[0 if asked.attribution == "first" else -1]
        segment = label(decides.values[asked.by]) if asked.by else ""
        parts = [history] if asked.unit == "user" else split(history, "UTC", gap=asked.gap)
        found += [Unit(user, segment, tuple(part)) for part in parts]
    return found


def by_segment(found: Sequence[Unit], asked: Asked) -> list[tuple[Row, list[Unit]]]:
    """The units of each segment, with the cell that names it."""
    if not asked.by:
        return [({}, list(found))]
    names = sorted({unit.segment for unit in found})
    return [({"segment": name}, [unit for unit in found if unit.segment == name]) for name in names]


def edges(found: Sequence[Unit], asked: Asked) -> list[Row]:
    """Every move, most frequent first, then by name."""
    rows = []
    for head, own in by_segment(found, asked):
        moves = [(unit.user, a, b) for unit in own for a, b in pairwise(unit.events)]
        leaving = Counter(event.name for unit in own for event in unit.events)
        some = []
        for (source, target), count in Counter((a.name, b.name) for _, a, b in moves).items():
            same = [(user, b.time - a.time) for user, a, b in moves if (a.name, b.name) == (source, target)]
            row = {"source": source, "target": target, "count": count, "users": len({user for user, _ in same})}
            row |= {"median_s": median([time for _, time in same]) / SECOND, "rate": rate(count, leaving[source])}
            some.append(head | row)
        rows += sorted(some, key=lambda row: (-row["count"], row["source"], row["target"]))
    return rows


def ends(found: Sequence[Unit], asked: Asked, position: int) -> list[Row]:
    """The first (position 0) or last (-1) events of units."""
    rows = []
    for head, own in by_segment(found, asked):
        for name, count in Counter(unit.names[position] for unit in own).items():
            users = {unit.user for unit in own if unit.names[position] == name}
            rows.append(head | {"event": name, "count": count, "users": len(users), "rate": rate(count, len(own))})
    return rows


def variants(found: Sequence[Unit], asked: Asked) -> list[Row]:
    """Every sequence of events."""
    rows = []
    for head, own in by_segment(found, asked):
        for names, count in Counter(unit.names for unit in own).items():
            users = {unit.user for unit in own if unit.names == names}
            row = {"variant": " → ".join(names), "count": count, "users": len(users), "rate": rate(count, len(own))}
            rows.append(head | row | {"events": len(names)})
    return rows


def segments(found: Sequence[Unit], asked: Asked) -> list[Row]:
    """The size of each segment."""
    rows = []
    for head, own in by_segment(found, asked):
        row: Row = head | {"users": len({unit.user for unit in own})}
        if asked.unit == "session":
            row["sessions"] = len(own)
        rows.append(row | {"moves": sum(len(unit.events) - 1 for unit in own)})
    return rows


# ---- paths --------------------------------------------------------------------------------------------------------


def special(word: str, names: set[str]) -> str:
    """A word for what is no event; in brackets where an event is called so."""
    return f"({word})" if word in names else word


def path(unit: Unit, asked: Asked, names: set[str]) -> list[str] | None:
    """What a unit does at step 0 (the anchor), 1, 2, …, its exit included; None without the anchor."""
    after = asked.direction == "after"
    nothing = special("exit" if after else "entry", names)
    if asked.anchor is None:
        begin = special("start" if after else "end", names)
        following = unit.names if after else unit.names[::-1]
    elif asked.anchor in unit.names:
        begin, row = asked.anchor, unit.names.index(asked.anchor)
        following = unit.names[row + 1 :] if after else unit.names[:row][::-1]
    else:
        return None
    return [begin, *(following[: asked.steps] + (nothing,) * asked.steps)[: asked.steps]]


def walked(own: Sequence[Unit], asked: Asked, names: set[str]) -> list[tuple[Unit, list[str]]]:
    """The units that have the anchor, and their paths."""
    paths = [(unit, path(unit, asked, names)) for unit in own]
    return [(unit, one) for unit, one in paths if one is not None]


def steps(found: Sequence[Unit], asked: Asked, names: set[str]) -> list[Row]:
    """The share of units that do an event at a step; the last row are those without a further event."""
    nothing = special("exit" if asked.direction == "after" else "entry", names)
    rows = []
    seen = {name for _, one in walked(found, asked, names) for name in one[1:]} - {nothing}
    for head, own in by_segment(found, asked):  # all segments have the same rows
        paths = [one for _, one in walked(own, asked, names)]
        for name in [*sorted(seen), nothing] if paths else []:
            row: Row = head | {"event": name}
            for step in range(1, asked.steps + 1):
                row[str(step)] = rate(sum(one[step] == name for one in paths), len(paths))
            rows.append(row)
    return rows


def grouped(paths: Sequence[list[str]], asked: Asked, names: set[str]) -> list[dict[str, str]]:
    """What each event is called at each step: itself if it is one of the most frequent there, else "other"."""
    nothing = special("exit" if asked.direction == "after" else "entry", names)
    called = []
    for step in range(asked.steps + 1):
        counts = Counter(one[step] for one in paths if one[step] != nothing)
        named = sorted(counts, key=lambda name: (-counts[name], name))[: asked.top]
        called.append(
            {name: name if name in named or name == nothing else special("other", names) for name in [*counts, nothing]}
        )
    return called


def links(found: Sequence[Unit], asked: Asked, names: set[str]) -> list[tuple[Unit, int, str, str]]:
    """Every unit's way through the Sankey: step, source, target. All segments have the same nodes."""
    paths = walked(found, asked, names)
    called = grouped([one for _, one in paths], asked, names)
    ways = []
    for unit, one in paths:
        for step in range(1, asked.steps + 1):
            near, far = called[step - 1][one[step - 1]], called[step][one[step]]
            ways.append((unit, step, near, far) if asked.direction == "after" else (unit, step, far, near))
    return ways


def sankey(found: Sequence[Unit], asked: Asked, names: set[str]) -> list[Row]:
    """How many units take each link."""
    ways = links(found, asked, names)
    counts = Counter((unit.segment, step, source, target) for unit, step, source, target in ways)
    return [
        ({"segment": segment} if asked.by else {}) | {"step": step, "source": source, "target": target, "count": count}
        for (segment, step, source, target), count in counts.items()
    ]


# ---- differences --------------------------------------------------------------------------------------------------


def differences(found: Sequence[Unit], asked: Asked) -> list[Row]:
    """Every move that at least five users of two segments make, and how sure it is that their shares differ."""
    assert asked.compare is not None
    members = [{unit.user for unit in found if unit.segment == name} for name in asked.compare]
    moves = {(a.name, b.name) for unit in found for a, b in pairwise(unit.events)}
    rows: list[Row] = []
    for source, target in sorted(moves):
        doing = {unit.user for unit in found if (source, target) in pairwise(unit.names)}
        counts = [len(doing & own) for own in members]
        if sum(counts) >= 5:
            rows.append({"source": source, "target": target} | _difference(counts, [len(own) for own in members]))
    return _with_q(rows)


def _difference(counts: Sequence[int], n: Sequence[int]) -> Row:
    a, b = (rate(count, total) for count, total in zip(counts, n, strict=True))
    (low_a, high_a), (low_b, high_b) = (wilson(count, total) for count, total in zip(counts, n, strict=True))
    pooled = rate(sum(counts), sum(n))
    error = math.sqrt(pooled * (1 - pooled) * (1 / n[0] + 1 / n[1])) if all(n) else 0.0
    return {
        "users_a": counts[0],
        "rate_a": a,
        "users_b": counts[1],
        "rate_b": b,
        "difference": a - b,
        "lower": a - b - math.hypot(a - low_a, high_b - b),
        "upper": a - b + math.hypot(high_a - a, b - low_b),
        "p": math.erfc(abs(a - b) / error / math.sqrt(2)) if error else math.nan,
    }


def _with_q(rows: Sequence[Row]) -> list[Row]:
    """Benjamini and Hochberg: the least of p·m/rank over all that are no more certain."""
    tested = sorted(row["p"] for row in rows if not math.isnan(row["p"]))
    family = len(tested)
    found = []
    for row in rows:
        beyond = [p * family / rank for rank, p in enumerate(tested, 1) if p >= row["p"]]
        found.append(row | {"q": min([1.0, *beyond]) if beyond else math.nan})
    return found
