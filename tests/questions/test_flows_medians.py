"""``flows``: the exact median on every way it is found, and alphabets of thousands of names."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pytest

from dangol.log.contents import Column, Contents, Meta
from dangol.log.eventlog import EventLog
from dangol.questions import flows_moves
from dangol.questions.flows import flows

Ints = npt.NDArray[np.int64]
BEGIN = 1_700_000_000_000_000


def log_of(user: Ints, event: Ints, time: Ints, names: int, block_events: int = 1 << 20) -> EventLog:
    """A log of arrays that are sorted by user and time already."""
    first = np.flatnonzero(np.r_[True, np.diff(user) > 0])
    texts = pa.array([f"page {code}" for code in range(names)])
    events = pa.record_batch(
        {
            "time": pa.array(time).cast(pa.timestamp("us", "UTC")),
            "event": pa.DictionaryArray.from_arrays(pa.array(event.astype(np.int32)), texts),
        }
    )
    people = pa.record_batch(
        {"user": pa.array([f"u{place:06d}" for place in range(len(first))], pa.large_string()), "first_row": first}
    )
    columns = (Column("time", "time", "event"), Column("event", "text", "event"), Column("user", "id", "user"))
    last = int(time.max())
    meta = Meta("UTC", len(time), len(first), int(time.min()), last, last + 1, columns, {})
    return EventLog(Contents(meta, events, people, lambda _: None), block_events=block_events)


def expected(user: Ints, event: Ints, time: Ints, gap: int = 1 << 62) -> pd.DataFrame:
    """The edges by pandas alone."""
    table = pd.DataFrame({"user": user, "source": event, "time": time})
    table["target"] = table.groupby("user")["source"].shift(-1)
    table["length"] = table.groupby("user")["time"].shift(-1) - table["time"]
    table = table[table["length"] <= gap].astype({"target": "int64"})
    grouped = table.groupby(["source", "target"])
    return pd.DataFrame(
        {"count": grouped.size(), "users": grouped["user"].nunique(), "median_s": grouped["length"].median() / 1e6}
    )


def found(log: EventLog, **options: str) -> pd.DataFrame:
    table = flows(log, **options).table  # type: ignore[arg-type]
    code = {f"page {number}": number for number in range(len(log.events))}
    table = table.assign(**{end: table[end].map(code).astype("int64") for end in ("source", "target")})
    return table.set_index(["source", "target"]).sort_index()[["count", "users", "median_s"]]


# How long moves take: everything that could mislead a search for the middle.
LENGTHS: dict[str, Callable[[np.random.Generator, int], Ints]] = {
    "wide": lambda chance, n: np.exp(chance.uniform(0, 31, n)).astype(np.int64),
    "all at once": lambda chance, n: np.zeros(n, np.int64),
    "one length": lambda chance, n: np.full(n, 5_000_000),
    "two lengths": lambda chance, n: chance.choice([1_000_000, 86_400_000_000], n),
    "two neighbours": lambda chance, n: chance.choice([3_599_999_999, 3_600_000_000], n),
    "heartbeat": lambda chance, n: 30_000_000 + chance.integers(-50_000, 50_000, n),
    "whole seconds": lambda chance, n: chance.integers(0, 4000, n) * 1_000_000,
    "microseconds": lambda chance, n: chance.integers(0, 3, n),
}

# The ways: all times at once; a histogram first; a table instead of numbers; spans narrowed; portions.
WAYS: dict[str, dict[str, int]] = {
    "at once": {},
    "histogram": {"_FEW": 0},
    "coarse histogram": {"_FEW": 0, "_CELLS": 4096},
    "coarse histogram, narrowed": {"_FEW": 0, "_CELLS": 4096, "_COLLECTED": 300},
    "narrowed": {"_FEW": 0, "_CELLS": 256, "_COLLECTED": 300},
    "table": {"_DENSE": 0},
    "table, narrowed": {"_DENSE": 0, "_CELLS": 512, "_COLLECTED": 200},
    "table, narrowed by bits": {"_DENSE": 0, "_CELLS": 64, "_COLLECTED": 10, "_NARROWED": 3},
    "table, portions": {"_DENSE": 0, "_NARROWED": 1, "_COLLECTED": 2000},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("unit", ["user", "session"])
def test_the_median_is_exact_on_every_way(way: str, length: str, unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in WAYS[way].items():
        monkeypatch.setattr(flows_moves, name, value)
    chance = np.random.default_rng(len(way) * 100 + len(length))
    size = 6000
    user = np.sort(chance.integers(0, 150, size))
    event = chance.choice(5, size, p=[0.5, 0.3, 0.1, 0.09, 0.01])
    time = BEGIN + LENGTHS[length](chance, size).cumsum() // (1 if length != "wide" else 100)
    log = log_of(user, event, time, 5, block_events=700)
    gap = {"user": 1 << 62, "session": 1_800_000_000}[unit]
    pd.testing.assert_frame_equal(
        found(log, unit=unit), expected(user, event, time, gap), check_dtype=False, check_exact=True
    )


def test_the_middle_of_an_even_number_lies_between_two_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    # 500 moves of a second and 500 of a day: the middle is half of their sum, 43,200.5 s, by hand
    monkeypatch.setattr(flows_moves, "_FEW", 0)
    monkeypatch.setattr(flows_moves, "_COLLECTED", 10)
    user = np.repeat(np.arange(1000), 2)
    length = np.where(np.arange(1000) % 2, 1_000_000, 86_400_000_000)
    time = np.repeat(BEGIN + np.arange(1000), 2)
    time[1::2] += length
    result = flows(log_of(user, np.tile([0, 1], 1000), time, 2, block_events=64))
    assert result.table["median_s"].tolist() == [43_200.5]


@pytest.mark.parametrize("block_events", [1 << 20, 5000])
def test_thousands_of_names(block_events: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows_moves, "_COLLECTED", 20_000)
    chance = np.random.default_rng(7)
    size, names = 120_000, 5000
    user = np.sort(chance.integers(0, 4000, size))
    event = np.minimum(chance.zipf(1.3, size), names) - 1
    time = BEGIN + chance.integers(0, 3_600_000_000, size).cumsum()
    log = log_of(user, event, time, names, block_events)
    pd.testing.assert_frame_equal(found(log), expected(user, event, time), check_dtype=False, check_exact=True)
    result = flows(log, top=5)
    number = dict(zip(result.tables["variants"]["events"], result.tables["variants"]["count"], strict=False))
    assert sum(result.tables["variants"]["count"]) == len(np.unique(user)), number
    assert result.tables["sankey"].groupby("step")["count"].sum().tolist() == [len(np.unique(user))] * 5
    assert set(result.tables["sankey"]["target"]) <= {*log.events, "other", "exit"}


def test_variants_beyond_the_written_ones_are_counted_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    from dangol.questions import flows_paths

    monkeypatch.setattr(flows_paths, "_WRITTEN", 3)
    user = np.repeat(np.arange(40), 3)
    event = np.array([[code % 2, code % 3, code % 5] for code in range(40)]).ravel()
    time = BEGIN + np.arange(120)
    variants = flows(log_of(user, event, time, 5, block_events=9)).tables["variants"]
    sequences = [tuple(event[place : place + 3]) for place in range(0, 120, 3)]
    assert len(variants) == len(set(sequences)) == 30
    assert variants["count"].sum() == 40
    assert variants["variant"].notna().tolist() == [True] * 3 + [False] * 27
    # most frequent first, then the first in the log: codes 0 to 9 come twice (again after 30), 0, 1 and 2 lead
    assert variants["variant"].head(3).tolist() == [
        " → ".join(f"page {number}" for number in sequences[place]) for place in range(3)
    ]
