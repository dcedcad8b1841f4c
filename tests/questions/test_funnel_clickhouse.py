"""``funnel`` against ClickHouse's ``windowFunnel``: the vectors of its own tests, and chdb asked live on random logs.

The vectors are those of tests/queries/0_stateless/00632_aggregation_window_funnel (ClickHouse, Apache-2.0). Where one
event meets several conditions there, ClickHouse's default lets it count for all of them; ours counts it for one, as
``strict_once`` does. Such data are kept out of the comparisons; test_funnel.py tests our rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dangol.core.durations import SECOND
from dangol.log.contents import Column, Contents, Meta
from dangol.log.eventlog import EventLog
from dangol.questions.funnel import funnel
from tests.logs import make_log

LATE = 10**16  # an end of the log at which everybody has had the whole window
MODES: dict[str, dict[str, Any]] = {
    "": {},
    "strict_deduplication": {"repeats": "end"},
    "strict_order": {"order": "strict"},
    "strict_deduplication strict_order": {"repeats": "end", "order": "strict"},
    "strict_increase": {"ties": "increase"},
    "strict_increase strict_deduplication": {"ties": "increase", "repeats": "end"},
}


def levels(log: EventLog, steps: Sequence[Any], **options: Any) -> dict[str, int]:
    """The level of every user who entered."""
    found: dict[str, int] = {}
    answer = funnel(log, steps, **options)
    for step in range(1, len(steps) + 1):
        found |= dict.fromkeys(answer.units(step=step), step)
    return found


def chain(text: str) -> list[tuple[str, str, int]]:
    """``"a b c"``: one event a second."""
    return [("1", name, second * SECOND) for second, name in enumerate(text.split(), 1)]


# ---- the vectors of 00632 ---------------------------------------------------------------------------------------

NINE = [("1", str(1000 + one), one * SECOND) for one in range(9)]
EIGHT = [("1", str(1000 + one), (10**14 + one)) for one in range(1, 9)]
FIVE_TO_SEVEN = ["1003", "1004", "1005", "1006", "1007"]


@pytest.mark.parametrize(
    ("steps", "within", "level"),
    [
        (["1000"], "10000s", 1),
        (["1000", "1001"], "10000s", 2),
        (["1000", "1001", "1002"], "10000s", 3),
        (["1000", "1001", "1002", "1008"], "10000s", 4),
        (["1000"], "1s", 1),
        (FIVE_TO_SEVEN, "2s", 3),
        (FIVE_TO_SEVEN, "3s", 4),
        (FIVE_TO_SEVEN, "4s", 5),
    ],
)
def test_window(steps: list[str], within: str, level: int) -> None:
    assert levels(make_log(NINE, as_of=LATE), steps, within=within) == {"1": level}


@pytest.mark.parametrize("unit", ["us", "s"])  # funnel_test_u64 and funnel_test2
def test_conditions_that_several_events_meet(unit: str) -> None:
    scale = 1 if unit == "us" else SECOND
    log = make_log([(user, name, (time - 10**14) * scale) for user, name, time in EIGHT], as_of=LATE)
    up_to_7, from_2 = tuple(map(str, range(1001, 1008))), tuple(map(str, range(1002, 1009)))
    up_to_6, from_4 = tuple(map(str, range(1001, 1007))), tuple(map(str, range(1004, 1009)))
    assert levels(log, FIVE_TO_SEVEN, within=f"4{unit}") == {"1": 5}
    assert levels(log, ["1001", "1008"], within=f"10000{unit}") == {"1": 2}
    assert levels(log, ["1008", "1001"], within=f"10000{unit}") == {"1": 1}
    assert levels(log, [up_to_7, from_2, up_to_6, from_4], within=f"4{unit}") == {"1": 4}


def test_times_of_a_hundred_trillion_microseconds() -> None:
    log = make_log(EIGHT, as_of=LATE)
    assert levels(log, FIVE_TO_SEVEN, within="4us") == {"1": 5}
    assert levels(log, FIVE_TO_SEVEN, within="3us") == {"1": 4}


def test_a_repeat_ends_the_attempt_with_strict_deduplication() -> None:
    times = [(0, 1000), (10, 1001), (20, 1002), (30, 1003), (40, 1004), (50, 1005), (51, 1005), (60, 1006), (70, 1007)]
    log = make_log([("1", str(name), time * SECOND) for time, name in times], as_of=LATE)
    steps = [str(1000 + one) for one in range(7)]
    assert levels(log, steps, repeats="end") == {"1": 6}
    assert levels(log, steps) == {"1": 7}


STRICT_ORDER = ["a b c", "a d b c", "a a b b c c", "a a a a b b c c", "a a b b d c c", "c c b b a a"]


@pytest.mark.parametrize(
    ("mode", "found"),
    [
        ("", [3, 3, 3, 3, 3, 1]),
        ("strict_order", [3, 1, 3, 3, 2, 1]),
        ("strict_deduplication strict_order", [3, 1, 2, 2, 2, 1]),
    ],
)
def test_six_users(mode: str, found: list[int]) -> None:
    rows = [(str(user), name, time) for user, text in enumerate(STRICT_ORDER, 1) for _, name, time in chain(text)]
    users = dict(zip("123456", found, strict=True))
    assert levels(make_log(rows, as_of=LATE), ["a", "b", "c"], within="86400s", **MODES[mode]) == users


def test_a_later_step_too_early_is_in_the_way() -> None:
    assert levels(make_log(chain("a c b"), as_of=LATE), ["a", "b", "c"], within="10s", order="strict") == {"1": 1}


def test_a_repeat_of_an_earlier_step_ends_too() -> None:  # ClickHouse issue 27469
    assert levels(make_log(chain("a b c b d"), as_of=LATE), ["a", "b", "c", "d"], repeats="end") == {"1": 3}


def test_conditions_on_missing_values() -> None:
    """Events are named by the columns a and b of the vector: ``-b1`` has no a, and b = 'b1'."""
    rows = [("1", "a1b1", 1), ("1", "a2b2", 2), ("2", "a1-", 1), ("2", "a2-", 2), ("3", "--", 1)]
    rows += [("4", "-b1", 1), ("4", "a2-", 2), ("4", "-b3", 3)]
    log = make_log(rows, as_of=LATE)
    a1, a2, no_a = ("a1b1", "a1-"), ("a2b2", "a2-"), ("--", "-b1", "-b3")
    assert levels(log, [a1, a2]) == {"1": 2, "2": 2}
    assert levels(log, [a1, "a2b2"]) == {"1": 2, "2": 1}
    assert levels(log, ["--"]) == {"3": 1}
    assert levels(log, [no_a, "-b3"]) == {"3": 1, "4": 2}
    assert levels(log, [no_a, "-b3"], order="strict") == {"3": 1, "4": 1}


def test_times_must_increase_with_strict_increase() -> None:
    rows = [("1", str(1000 + one), time * SECOND) for one, time in enumerate([0, 1, 1, 1, 2])]
    log = make_log(rows, as_of=LATE)
    steps = [str(1000 + one) for one in range(5)]
    assert levels(log, steps) == {"1": 5}
    assert levels(log, steps, ties="increase") == {"1": 2}
    assert levels(log, ["1004"] * 3, ties="increase") == {"1": 1}
    assert levels(log, ["1004"] * 3) == {"1": 1}  # as with strict_once; ClickHouse's default says 3


@pytest.mark.parametrize("options", [{}, {"ties": "increase"}, {"repeats": "end"}])
def test_the_vectors_of_strict_once(options: dict[str, str]) -> None:
    rows = [("234", "failure", 100), ("345", "success", 200), ("345", "failure", 210), ("345", "success", 230)]
    rows += [("234", "failure", 250), ("123", "failure", 180), ("123", "failure", 220), ("123", "success", 250)]
    log = make_log([(user, name, time * SECOND) for user, name, time in rows], as_of=LATE)
    found = levels(log, ["failure", "failure", "success"], within="200s", **options)
    assert found == {"123": 3, "234": 2, "345": 1}


TEXTS = ["a b a c", "a b c b d", "a c b", "a b b a c", "b a b c", "a b a b c", "a b c a b c d"]


@pytest.mark.parametrize("steps", ["abc", "abcd"])
@pytest.mark.parametrize(
    ("text", "mode"),
    [*((text, "strict_order") for text in TEXTS), *((text, "strict_deduplication strict_order") for text in TEXTS[:5])],
)
def test_more_texts_asked_live(text: str, mode: str, steps: str) -> None:
    """The users of the allow_reentry and e-commerce vectors without that mode: their answers changed between versions.

    With repeats that end, two are left out: there ClickHouse gives up the user, and ours begins a new attempt.
    """
    log = make_log([*chain(text), *([("2", name, 1) for name in "abcd"])], as_of=LATE)
    rows = ",".join(f"({time}, '{name}')" for _, name, time in chain(text))
    modes = "".join(f", '{one}'" for one in mode.split())
    conditions = ", ".join(f"event = '{name}'" for name in steps)
    answer = ask(
        f"select windowFunnel(1000000000{modes})(ts, {conditions}) from values('ts UInt64, event String', {rows})"
    )
    assert levels(log, list(steps), within="1000s", **MODES[mode])["1"] == answer[0, 0]


# ---- asked live on random logs ----------------------------------------------------------------------------------


def ask(query: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Run a query in ClickHouse, and return its rows of integers."""
    import chdb

    text = str(chdb.query(query, "CSV").data())
    return np.array([[int(value) for value in line.split(",")] for line in text.split()], np.int64)


class Random:
    """A random log, and the same rows as a Parquet file."""

    def __init__(
        self, folder: Path, users: int, events: int, *, seed: int, names: str, span: int | None = None
    ) -> None:
        """``span``: how many instants there are; None: every event has one of its own."""
        rng = np.random.default_rng(seed)
        user = np.sort(rng.integers(0, users, users * events))
        code = rng.integers(0, len(names), len(user)).astype(np.int32)
        time = rng.permutation(len(user)) if span is None else rng.integers(0, span, len(user))
        order = np.lexsort((code, time, user))  # ClickHouse takes equal times in the order of the steps
        self.user, self.code, self.time, self.names = user, code[order], time[order].astype(np.int64), names
        self.path = folder / "log.parquet"
        table = {"u": pa.array(user), "ts": pa.array(self.time.astype(np.uint64)), "ev": pa.array(self.code)}
        pq.write_table(pa.table(table), self.path)

    def log(self) -> EventLog:
        owner, first = np.unique(self.user, return_index=True)
        texts = pa.array(list(self.names))
        events = {"time": pa.array(self.time).cast(pa.timestamp("us", "UTC"))}
        events["event"] = pa.DictionaryArray.from_arrays(pa.array(self.code), texts)
        people = {"user": pa.array(owner.astype(str), pa.large_string()), "first_row": pa.array(first)}
        columns = (Column("time", "time", "event"), Column("event", "text", "event"), Column("user", "id", "user"))
        span = int(self.time.min()), int(self.time.max())
        meta = Meta("UTC", len(self.user), len(owner), *span, LATE, columns, {})
        return EventLog(Contents(meta, pa.record_batch(events), pa.record_batch(people), lambda _: None))

    def conditions(self, steps: str) -> str:
        return ", ".join(f"ev = {self.names.index(step)}" for step in steps)

    def whole(self, steps: str, within: int, mode: str) -> dict[str, int]:
        """windowFunnel over all of a user's events."""
        modes = "".join(f", '{one}'" for one in mode.split())
        level = f"windowFunnel({within}{modes})(ts, {self.conditions(steps)})"
        found = ask(f"select u, {level} as level from file('{self.path}') group by u having level > 0")
        return {str(user): int(most) for user, most in found}

    def best(self, steps: str, within: int, mode: str) -> dict[str, int]:
        """The best of windowFunnel asked from each first step alone: one attempt at a time, which is its whole rule.

        The other events of the first step are left out: they never end an attempt.
        """
        modes = "".join(f", '{one}'" for one in mode.split())
        first, level = self.names.index(steps[0]), f"windowFunnel({within}{modes})(ts, {self.conditions(steps)})"
        file = f"file('{self.path}')"
        found = ask(
            f"select u, max(level) from (select u, since, {level} as level from {file} as every "
            f"join (select distinct u, ts as since from {file} where ev = {first}) as begun using u "
            f"where ts >= since and (ev != {first} or ts = since) group by u, since) group by u"
        )
        return {str(user): int(most) for user, most in found}


@pytest.mark.parametrize(("steps", "within"), [("abc", 15), ("abc", 100), ("abcde", 60), ("ace", 25), ("bd", 5)])
def test_default_live(tmp_path: Path, steps: str, within: int) -> None:
    made = Random(tmp_path, 2000, 12, seed=1, names="abcdef", span=80)
    ours = levels(made.log(), list(steps), within=f"{within}us")
    assert ours == made.whole(steps, within, "")
    assert set(ours.values()) == set(range(1, len(steps) + 1))


@pytest.mark.parametrize("mode", [mode for mode in MODES if "increase" not in mode])
@pytest.mark.parametrize(("steps", "within"), [("abc", 500), ("abcd", 100_000)])
def test_modes_live(tmp_path: Path, mode: str, steps: str, within: int) -> None:
    made = Random(tmp_path, 1500, 14, seed=2, names="abcde")
    ours = levels(made.log(), list(steps), within=f"{within}us", **MODES[mode])
    assert ours == made.best(steps, within, mode)
    assert set(ours.values()) == set(range(1, len(steps) + 1))


def test_strict_increase_live(tmp_path: Path) -> None:
    """ClickHouse keeps only the last of the attempts that got equally far, and so loses an older one when the same
    instant brings a step again and the next step too; users with such an instant are left out."""
    made = Random(tmp_path, 4000, 8, seed=3, names="abcd", span=16)
    log = made.log()
    keep = [user for user in log.ids() if not loses(made, int(user))]
    ours = levels(log.users(keep), ["a", "b", "c"], within="9us", ties="increase")
    theirs = made.whole("abc", 9, "strict_increase")
    assert ours == {user: theirs[user] for user in keep if user in theirs}
    loose = levels(log.users(keep), ["a", "b", "c"], within="9us")
    assert len(ours) > 1000
    assert sum(loose[user] > level for user, level in ours.items()) > 100


def loses(made: Random, user: int) -> bool:
    rows = np.flatnonzero(made.user == user)
    seen: set[int] = set()
    for time in np.unique(made.time[rows]):
        now = set(made.code[rows[made.time[rows] == time]].tolist())
        if any(code in seen and code + 1 in now for code in now):
            return True
        seen |= now
    return False


def test_strict_increase_and_deduplication_live(tmp_path: Path) -> None:
    made = Random(tmp_path, 1500, 10, seed=4, names="abcd", span=24)
    options = MODES["strict_increase strict_deduplication"]
    ours = levels(made.log(), ["a", "b", "c"], within="15us", **options)
    assert ours == made.best("abc", 15, "strict_increase strict_deduplication")
    assert levels(made.log(), ["a", "b", "c"], within="15us", repeats="end") != ours


def test_a_million_events_in_clickhouse_and_duckdb(tmp_path: Path) -> None:
    """DuckDB is asked with one running maximum per step: the latest first step from which the step can be reached."""
    import duckdb

    made = Random(tmp_path, 20_000, 50, seed=5, names="abcdefgh", span=600)
    log = made.log()
    answer = funnel(log, ["a", "b", "c", "d"], within="100us")
    theirs = np.bincount(list(made.whole("abcd", 100, "").values()), minlength=5)
    assert answer.table["users"].tolist() == theirs[::-1].cumsum()[::-1][1:].tolist()
    window = "window w as (partition by u order by place)"
    inner = f"select *, row_number() over (partition by u order by ts, ev) as place from '{made.path}'"
    inner = f"select *, max(case when ev = 0 then ts end) over w as s1 from ({inner}) {window}"
    for step in (2, 3, 4):
        fits = f"case when ev = {step - 1} and ts - s{step - 1} <= 100 then s{step - 1} end"
        inner = f"select *, max({fits}) over w as s{step} from ({inner}) {window}"
    counts = ", ".join(f"count(distinct case when s{step} is not null then u end)" for step in (1, 2, 3, 4))
    found = duckdb.connect().execute(f"select {counts} from ({inner})").fetchone()
    assert found is not None
    assert answer.table["users"].tolist() == list(found)
