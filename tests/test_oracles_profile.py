"""``profile`` against its oracle and its own identities, on tables and logs that Hypothesis invents."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import assume, given
from hypothesis import strategies as st

from dangol.core.result import Result
from dangol.log.eventlog import EventLog
from dangol.segments.profile import profile
from dangol.segments.segments import Segments
from tests.oracles import Event, check, check_words, rows_of
from tests.oracles import profile as oracle
from tests.oracles.profile import Known
from tests.oracles.properties import alike
from tests.oracles.strategies import SHORT_GAPS, Small, blocks, busy, effort, logs, views
from tests.segments.making import segments_of

NUMBERS = (0.0, 0.25, 1.0, 1.0, 2.5, -3.0, 7.0, 40.0)
LABELS = ("1", "2", "3", "extreme: high x", "noise")


@dataclass(frozen=True)
class Table:
    """A table of units with their segments."""

    columns: dict[str, list[Any]]
    features: tuple[str, ...]
    labels: tuple[str, ...]

    def segments(self) -> Segments:
        frame = pd.DataFrame({"account": [f"u{place}" for place in range(len(self.labels))], **self.columns})
        return segments_of(frame, list(self.features), self.labels)

    def known(self) -> list[Known]:
        made = [one for name in self.features for one in oracle.number(name, self.columns[name], made=True)]
        others: list[Known] = []
        for name, values in self.columns.items():
            if name in ("plan", "place"):
                others += oracle.text(name, values)
            elif name not in self.features:
                others += oracle.number(name, values)
        return [*made, *sorted(others, key=lambda one: ("feature", "event", "attribute").index(one.kind))]


def least(segments: Segments) -> list[int]:
    return [10 if name == "noise" or name.startswith("extreme") else 2 for name in segments.names]


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Draw a table: one or two features, numbers with and without values, yes and no, and text."""
    if draw(st.booleans()):
        return draw(large())
    size = draw(st.integers(3, 12))
    some = st.lists(st.sampled_from(NUMBERS), min_size=size, max_size=size)
    columns: dict[str, list[Any]] = {"x": draw(some), "y": draw(some), "a": draw(some)}
    maybe = st.sampled_from((*NUMBERS, None, float("inf")))
    columns["b"] = draw(st.lists(maybe, min_size=size, max_size=size))
    columns["flag"] = draw(st.lists(st.sampled_from((0, 1)), min_size=size, max_size=size))
    columns["plan"] = draw(st.lists(st.sampled_from(("free", "paid", None)), min_size=size, max_size=size))
    columns["place"] = draw(st.lists(st.sampled_from(("p", "q", "r")), min_size=size, max_size=size))
    labels = draw(st.lists(st.sampled_from(LABELS[: draw(st.integers(1, 5))]), min_size=size, max_size=size))
    features = draw(st.sampled_from((("x",), ("x", "y"))))
    assume(all(len(set(columns[name])) > 1 for name in features))
    return Table(columns, features, tuple(labels))


@st.composite
def large(draw: st.DrawFn) -> Table:
    """Draw more units than Hypothesis can shrink, some of whose segments differ."""
    chance = random.Random(draw(st.integers(0, 10_000)))
    size = chance.randint(30, 90)
    labels = [chance.choice(LABELS[: chance.choice((2, 3, 5))]) for _ in range(size)]
    shift = [2.0 * (label == "1") for label in labels]
    columns: dict[str, list[Any]] = {
        name: [chance.choice(NUMBERS) + move * factor for move in shift]
        for name, factor in (("x", 9), ("y", 3), ("a", 2))
    }
    columns["b"] = [None if chance.random() < 0.2 else chance.choice(NUMBERS) for _ in labels]
    columns["sum"] = [x + 2 * y for x, y in zip(columns["x"], columns["y"], strict=True)]
    columns["flag"] = [int(chance.random() < 0.3 + 0.2 * move) for move in shift]
    columns["plan"] = [chance.choice(("free", "paid", None)) for _ in labels]
    columns["place"] = [chance.choice(("p", "q", "r")) for _ in labels]
    return Table(columns, chance.choice((("x",), ("x", "y"))), tuple(labels))


@given(tables())
@effort(150)
def test_tables(table: Table) -> None:
    segments = table.segments()
    result = profile(segments)
    expected = oracle.profile(table.known(), segments.codes.tolist(), segments.names, least(segments))
    check(result.table, expected)
    check_words(result)
    check(result.tables["attributes"], shares_of(table.known(), expected, segments))
    short_table(result)
    for lang in ("en", "ko"):
        assert (expected[0]["evidence"] == "made") == ("‘x’" in result.summary(lang))


def shares_of(known: Sequence[Known], expected: Sequence[dict[str, Any]], segments: Segments) -> list[dict[str, Any]]:
    """The table of attributes that follows from the main one."""
    of = {one.shown: one for one in known if one.kind == "attribute"}
    rows = []
    for row in expected:
        if row["kind"] != "attribute":
            continue
        one = of[row["feature"]]
        found = oracle.compare(one, segments.codes.tolist(), segments.names.index(row["segment"]), 2, False)
        tested = row["p"] == row["p"]
        told = {"segment": row["segment"], "feature": one.feature, "value": one.value, "n": row["n"]}
        told |= {
            "share": row["mean"],
            "share_rest": row["mean_rest"],
            "share_difference": row["mean"] - row["mean_rest"],
        }
        told |= {"share_lower": found.low if tested else None, "share_upper": found.high if tested else None}
        rows.append(told | {"p": row["p"], "q": row["q"]})
    return rows


def short_table(result: Result) -> None:
    """What is most telling: at most three rows of a segment; what holds by size, then what made it."""
    rank = {"holds": 0, "small": 1, "made": 2, "related": 3}
    whole = rows_of(result.table)
    rows = []
    for segment in dict.fromkeys(row["segment"] for row in whole):
        own = [row for row in whole if row["segment"] == segment and row["evidence"] in rank]
        own.sort(key=lambda row: (rank[row["evidence"]], -1 * abs(row["difference"] or -1e-300)))
        rows += own[:3]
    short = rows_of(result.tables["most"])
    assert [(row["segment"], row["evidence"]) for row in short] == [(row["segment"], row["evidence"]) for row in rows]
    for row, wanted in zip(short, rows, strict=True):
        assert abs(row["difference"] or 0) == abs(wanted["difference"] or 0)


@given(tables(), st.randoms(use_true_random=False))
@effort(40)
def test_order_of_rows_changes_nothing(table: Table, chance: random.Random) -> None:
    order = list(range(len(table.labels)))
    chance.shuffle(order)
    columns = {name: [values[place] for place in order] for name, values in table.columns.items()}
    names = table.segments().names
    frame = pd.DataFrame({"account": [f"u{place}" for place in order], **columns})
    shuffled = segments_of(frame, list(table.features), [table.labels[place] for place in order], names=names)
    first, second = profile(table.segments()), profile(shuffled)
    alike(second, first)
    for name in names:
        assert sorted(first.units(segment=name)) == sorted(second.units(segment=name))


# ---- with a log -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    """A log, the units in it, and their segments."""

    small: Small
    unit: str
    ids: tuple[str, ...]
    x: tuple[float, ...]
    labels: tuple[str, ...]

    def segments(self) -> Segments:
        table = pd.DataFrame({self.unit: list(self.ids), "x": list(self.x)})
        return segments_of(table, "x", self.labels, unit=self.unit)

    def unit_of(self) -> Callable[[Event], str | None]:
        return lambda event: event.user if self.unit == "user" else event.values[self.unit]


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Draw a log; its units, without some and with one that it does not have, in two or three segments."""
    if draw(st.booleans()):
        small = busy(draw(st.integers(0, 1000)), draw(st.sampled_from((8, 40))), 3)
    else:
        small = draw(logs(SHORT_GAPS))
    unit = draw(st.sampled_from(("user", "user", "country", "item")))
    values = {event.user if unit == "user" else event.values[unit] for event in small.events}
    here = sorted(value for value in values if value is not None)
    assume(here)
    kept = [one for place, one in enumerate(here) if place == 0 or draw(st.integers(0, 5))]
    ids = ["zz", *kept, "nobody"]
    chance = random.Random(draw(st.integers(0, 10_000)))
    x = [float(chance.randint(0, 9)) for _ in ids]
    assume(len(set(x)) > 1)
    return Question(small, unit, tuple(ids), tuple(x), tuple(chance.choice("123") for _ in ids))


@given(questions(), blocks())
@effort(100)
def test_logs(asked: Question, size: int) -> None:
    compared(asked, asked.small, asked.small.log(size))


@given(questions(), st.data())
@effort(40)
def test_views(asked: Question, data: st.DataObject) -> None:
    log, kept = data.draw(views(asked.small, asked.small.log(4)))
    compared(asked, kept, log)


def compared(asked: Question, small: Small, log: EventLog) -> None:
    segments, unit_of = asked.segments(), asked.unit_of()
    result = profile(segments, log, attributes=[])
    found = oracle.units(small.events, asked.ids, unit_of)
    known = [*oracle.number("x", asked.x, made=True), *oracle.rates(found, oracle.names(found))]
    expected = oracle.profile(known, segments.codes.tolist(), segments.names, least(segments))
    check(result.table, expected)
    told = oracle.events_table(found, expected, segments.codes.tolist(), segments.names)
    if told:
        check(result.tables["events"], told)
    check_words(result)
    placed = list(zip(asked.ids, found, asked.labels, strict=True))
    users = [sum(len(unit.users) for _, unit, label in placed if label == name) for name in segments.names]
    assert result.tables["segments"]["users"].tolist() == users
    for row in told:
        has = [one for one, unit, label in placed if label == row["segment"] and row["event"] in unit.events]
        assert result.units(segment=row["segment"], feature=row["event"], kind="event").tolist() == has


@given(questions(), blocks())
@effort(50)
def test_attributes_of_users(asked: Question, size: int) -> None:
    assume(asked.unit != "country")
    log, segments = asked.small.log(size), asked.segments()
    found = oracle.units(asked.small.events, asked.ids, asked.unit_of())
    country = {user: values["country"] for user, values in asked.small.people.items()}
    units = []
    for unit in found:
        counts = {value: sum(country[user] == value for user in unit.users) for value in (None, "KR", "US")}
        units.append({value: oracle.Fraction(count, len(unit.users)) for value, count in counts.items() if unit.users})
    known = oracle.shares("country", [None, "KR", "US"], units, asked.unit == "user", missing_first=True)
    assume(known)
    result = profile(segments, log, events=[asked.small.events[0].name], attributes="country")
    known = [
        *oracle.number("x", asked.x, made=True),
        *oracle.rates(found, [asked.small.events[0].name]),
        *known,
    ]
    check(result.table, oracle.profile(known, segments.codes.tolist(), segments.names, least(segments)))


@given(questions())
@effort(30)
def test_blocks_change_nothing(asked: Question) -> None:
    whole, cut = (profile(asked.segments(), asked.small.log(size)) for size in (1 << 20, 1))
    alike(cut, whole)
    assert (whole.summary(), whole.summary("ko"), whole.how) == (cut.summary(), cut.summary("ko"), cut.how)


@given(questions())
@effort(30)
def test_users_twice_change_no_rate(asked: Question) -> None:
    # every user once more: twice the users and twice the events of a group, and the same rates
    assume(asked.unit != "user")
    once, twice = (profile(asked.segments(), small.log()) for small in (asked.small, asked.small.doubled()))
    check(twice.table, rows_of(once.table))
    assert (np.array(twice.tables["segments"]["users"]) == 2 * np.array(once.tables["segments"]["users"])).all()
