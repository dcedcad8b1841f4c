"""``drivers``, the slow way: every cell of the grid asks every user, and every test adds up fractions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from . import HOUR, NONE, Event, Row, histories, length, rate, wilson

DAYS = (1, 2, 3, 5, 7, 14, 30)
DAY = 24 * HOUR
Z = 1.959963984540054


@dataclass(frozen=True)
class Asked:
    """The options of drivers."""

    outcome: str | None = None
    segment: tuple[str, str] | None = None
    within: str = "7d"
    horizon: str = "14d"
    counts: tuple[int, ...] = (1, 2, 3, 5, 10)
    days: tuple[int, ...] | None = None
    behaviours: tuple[str, ...] | None = None
    start: str | None = None
    least: int = 25
    rate: float = 0.05


@dataclass(frozen=True)
class User:
    """A user looked at: the window's events and whether the outcome came."""

    name: str
    entry: int
    window: tuple[Event, ...]
    outcome: bool

    def count(self, behaviour: str | None, days: int) -> int:
        """How often the user did something (None: anything) in the first days."""
        until = self.entry + days * DAY
        return sum(behaviour in (None, event.name) and event.time < until for event in self.window)


def users(events: Sequence[Event], as_of: int, asked: Asked) -> list[User]:
    """Everybody whose window and horizon are over."""
    within = length(asked.within)
    horizon = 0 if asked.segment else length(asked.horizon)
    found = []
    for name, history in histories(event for event in events if event.time < as_of).items():
        row = next((row for row, event in enumerate(history) if asked.start in (None, event.name)), None)
        if row is None or history[row].time + within + horizon > as_of:
            continue
        entry = history[row].time
        window = tuple(event for event in history[row:] if event.time < entry + within)
        later = [event for event in history if entry + within <= event.time < entry + within + horizon]
        if asked.segment:
            value = history[row].values[asked.segment[0]]
            outcome = (NONE if value is None else value) == asked.segment[1]
        else:
            outcome = any(asked.outcome in (None, event.name) for event in later)
        found.append(User(name, entry, window, outcome))
    return found


def groups(found: Sequence[User], days: int) -> list[int]:
    """Each user's group of those who are as active in the first days: how many of a hundred do less."""
    sizes = [user.count(None, days) for user in found]
    return [100 * sum(other < size for other in sizes) // len(sizes) for size in sizes]


def behaviours(found: Sequence[User], asked: Asked) -> list[str]:
    """The events to look at: those that most users have in the window."""
    left_out = {asked.outcome, asked.start}
    if asked.behaviours is not None:
        return [name for name in asked.behaviours if name not in left_out]
    common = Counter(name for user in found for name in {event.name for event in user.window})
    return sorted((name for name in common if name not in left_out), key=lambda name: (-common[name], name))[:50]


Table = tuple[int, int, int, int]  # exposed with and without the outcome, others with and without


def fourfold(found: Sequence[User], exposed: Sequence[bool]) -> Table:
    cells = Counter(zip(exposed, [user.outcome for user in found], strict=True))
    return cells[True, True], cells[True, False], cells[False, True], cells[False, False]


def exact(strata: Sequence[Table]) -> float:
    """The chance of so many or so few exposed with the outcome, all margins given: twice the smaller tail. With one
    stratum, Fisher's exact test."""
    ways = {0: 1}
    for a, b, c, d in strata:
        low, high = span((a, b, c, d))
        more: dict[int, int] = {}
        for before, count in ways.items():
            for k in range(low, high + 1):
                here = count * math.comb(a + c, k) * math.comb(b + d, a + b - k)
                more[before + k] = more.get(before + k, 0) + here
        ways = more
    found = sum(table[0] for table in strata)
    below, above = (sum(count for k, count in ways.items() if sign * k <= sign * found) for sign in (1, -1))
    return float(min(Fraction(2 * min(below, above), sum(ways.values())), 1))


def span(table: Table) -> tuple[int, int]:
    """The least and the most exposed with the outcome that the margins allow."""
    a, b, c, d = table
    return max(0, a - d), min(a + b, a + c)


def newcombe(table: Table) -> tuple[float, float]:
    a, b, c, d = table
    p, other = a / (a + b), c / (c + d)
    (low, high), (other_low, other_high) = wilson(a, a + b), wilson(c, c + d)
    return (
        p - other - math.hypot(p - low, other_high - other),
        p - other + math.hypot(high - p, other - other_low),
    )


def crowded(strata: Sequence[Table]) -> bool:
    """Mantel and Fleiss's criterion: whether the sum can lie at least 5 to both sides of what is expected."""
    expected = sum((Fraction((a + b) * (a + c), a + b + c + d) for a, b, c, d in strata), Fraction(0))
    low, high = (sum(span(table)[side] for table in strata) for side in (0, 1))
    return min(expected - low, high - expected) >= 5


def adjusted(strata: Sequence[Table]) -> tuple[Fraction, float, float, float]:
    """Over strata: Cochran, Mantel and Haenszel's statistic; their risk difference with Sato's interval."""
    surplus, variance, weights, sums, p, q = (Fraction(0) for _ in range(6))
    for a, b, c, d in strata:
        exposed, others, n = a + b, c + d, a + b + c + d
        if n > 1:
            surplus += a - Fraction(exposed * (a + c), n)
            variance += Fraction(exposed * others * (a + c) * (b + d), n * n * (n - 1))
        if exposed and others:
            weight = Fraction(exposed * others, n)
            weights += weight
            sums += weight * (Fraction(a, exposed) - Fraction(c, others))
            p += (exposed**2 * c - others**2 * a + Fraction(exposed * others * (others - exposed), 2)) / Fraction(n * n)
            q += Fraction(a * d + c * b, 2 * n)
    statistic = surplus**2 / variance if variance else Fraction(0)
    if not weights:
        return statistic, math.nan, math.nan, math.nan
    difference = sums / weights
    half = Z * math.sqrt(max(float((difference * p + q) / weights**2), 0.0))
    middle = float(difference)
    return statistic, middle, max(middle - half, -1.0), min(middle + half, 1.0)


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """The smallest rate of false discoveries at which each test is called."""
    at = [(one, one * len(p) / sum(other <= one for other in p)) for one in p]  # the rate if called up to each
    return [min(1.0, *(called for one, called in at if one >= value)) for value in p]


def grid(found: Sequence[User], asked: Asked) -> list[Row]:
    """All tested cells."""
    cells = []
    days = asked.days or [one for one in DAYS if one * DAY <= length(asked.within)]
    base = rate(sum(user.outcome for user in found), len(found))
    for event in behaviours(found, asked):
        for count in asked.counts:
            for day in days:
                exposed = [user.count(event, day) >= count for user in found]
                if min(sum(exposed), len(found) - sum(exposed)) >= asked.least:
                    cells.append(_cell(found, exposed, base, {"event": event, "count": count, "days": day}))
    for name, p in (("q", "p"), ("adjusted_q", "adjusted_p")):
        for cell, value in zip(cells, benjamini_hochberg([cell[p] for cell in cells]), strict=True):
            cell[name] = value
    for cell in cells:
        same = cell["difference"] * cell["adjusted_difference"] > 0
        there = cell["adjusted_q"] <= asked.rate and same
        cell["evidence"] = ("holds" if there else "activity") if cell["q"] <= asked.rate else "none"
    return cells


def _cell(found: Sequence[User], exposed: Sequence[bool], base: float, name: Row) -> Row:
    table = fourfold(found, exposed)
    a, b, c, d = table
    strata = []
    group_of = groups(found, name["days"])
    for group in sorted(set(group_of)):
        places = [place for place, one in enumerate(group_of) if one == group]
        strata.append(fourfold([found[place] for place in places], [exposed[place] for place in places]))
    statistic, difference, low, high = adjusted(strata)
    lower, upper = wilson(a, a + b)
    difference_lower, difference_upper = newcombe(table)
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    row: Row = {**name, "n": a + b, "users": a, "rate": a / (a + b), "lower": lower, "upper": upper}
    row |= {"other_rate": c / (c + d), "difference": a / (a + b) - c / (c + d)}
    row |= {"difference_lower": difference_lower, "difference_upper": difference_upper}
    row |= {"lift": a / (a + b) / base if base else math.nan, "recall": rate(a, a + c)}
    row |= {"phi": (a * d - b * c) / math.sqrt(margins) if margins else math.nan, "p": exact([table])}
    row |= {"adjusted_difference": difference, "adjusted_lower": low, "adjusted_upper": high}
    row["adjusted_p"] = math.erfc(math.sqrt(float(statistic) / 2)) if crowded(strata) else exact(strata)
    return row


def best(cells: Sequence[Row]) -> list[Row]:
    """Each behaviour's cell that says most."""
    names = dict.fromkeys(cell["event"] for cell in cells)
    return [min((cell for cell in cells if cell["event"] == name), key=_says_most) for name in names]


def _says_most(cell: Row) -> tuple[Any, ...]:
    return (cell["adjusted_p"], -cell["n"], cell["count"], cell["days"])


def who(
    found: Sequence[User], cell: tuple[str, int, int] | None, exposed: bool | None, outcome: bool | None
) -> list[str]:
    """The users on one side of a cell; without a cell all."""
    return sorted(
        user.name
        for user in found
        if (cell is None or exposed is None or (user.count(cell[0], cell[2]) >= cell[1]) == exposed)
        and outcome in (None, user.outcome)
    )
