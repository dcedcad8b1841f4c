"""``flows`` against process logs with published numbers, and a log as large as METHODS.md's receipt log."""

from __future__ import annotations

import random
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest

from dangol.core.result import Result
from dangol.log.eventlog import EventLog
from dangol.questions.flows import flows
from tests.logs import make_log

Rows = list[tuple[str, str, int]]


def parse(rows: Rows) -> tuple[dict[tuple[str, str], list[tuple[str, int]]], Counter[tuple[str, ...]]]:
    """The slow parser: (case, time between) of each move, and how many cases each variant has."""
    cases: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    for place, (case, name, time) in enumerate(rows):
        cases[case].append((time, place, name))  # equal times: the order of the file decides
    moves: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    variants: Counter[tuple[str, ...]] = Counter()
    for case, events in cases.items():
        events.sort()
        variants[tuple(name for *_, name in events)] += 1
        for (before, _, source), (after, _, target) in pairwise(events):
            moves[source, target].append((case, after - before))
    return moves, variants


class Process(NamedTuple):
    rows: Rows
    log: EventLog
    result: Result


def process(rows: Rows, block_events: int = 1 << 20) -> Process:
    log = make_log(rows, block_events=block_events)
    return Process(rows, log, flows(log))


def read(path: Path) -> Rows:
    table = pd.read_csv(path, dtype=str, usecols=["case:concept:name", "concept:name", "time:timestamp"])
    times = pd.to_datetime(table["time:timestamp"], utc=True, format="ISO8601").dt.tz_localize(None)
    micros = times.astype("datetime64[us]").astype("int64").tolist()
    return list(zip(table["case:concept:name"], table["concept:name"], micros, strict=True))


def receipt_like() -> Rows:
    """1,434 cases, 8,577 events, 27 activities, as METHODS.md section 5 says of the receipt log; many equal times."""
    chance = random.Random(1434)
    lengths = [2] * 1434
    for _ in range(8577 - 2 * 1434):
        lengths[int(1434 * chance.random() ** 2)] += 1
    names = [f"T{number:02d} 확인" for number in range(27)]
    rows: Rows = []
    for case, length in enumerate(lengths):
        now, place = 1_300_000_000_000_000 + case * 3_600_000_000, 0
        for step in range(length):
            rows.append((f"case-{case}", names[place], now))
            place = chance.choice((place, (place + 1) % 27, (place + 1) % 27, chance.randrange(27))) if step else 1
            now += chance.choice((0, 0, 1, 60_000_000, chance.randrange(86_400_000_000)))
    return rows


@pytest.fixture(scope="module")
def running(shared_data: Path) -> Process:
    return process(read(shared_data / "process_logs" / "running-example.csv"))


@pytest.fixture(scope="module")
def bpic2012(shared_data: Path) -> Process:
    return process(read(shared_data / "process_logs" / "bpic2012.csv.gz"), block_events=10_000)


@pytest.fixture(scope="module")
def helpdesk(shared_data: Path) -> Process:
    return process(read(shared_data / "process_logs" / "helpdesk.csv.gz"))


@pytest.fixture(scope="module")
def incidents(shared_data: Path) -> Process:
    return process(read(shared_data / "process_logs" / "bpic2013_incidents.csv.gz"))


@pytest.fixture(scope="module")
def receipt() -> Process:
    return process(receipt_like(), block_events=500)


def size(found: Process) -> tuple[int, int, int]:
    return found.log.n_users, found.log.n_events, len(found.log.events)


def counts(result: Result) -> dict[tuple[str, str], int]:
    table = result.table
    return {(a, b): n for a, b, n in zip(table["source"], table["target"], table["count"], strict=True)}


# ---- published numbers: ../shared/data/README.md, METHODS.md section 5 --------------------------------------------


def test_running_example_equals_its_published_graph(running: Process, shared_data: Path) -> None:
    assert size(running) == (6, 42, 8)
    lines = iter((shared_data / "process_logs" / "running-example.dfg").read_text().splitlines())
    names = [next(lines) for _ in range(int(next(lines)))]

    def listed(part: Iterator[str]) -> dict[str, int]:
        entries = [next(part).split("x") for _ in range(int(next(part)))]
        return {names[int(code)]: int(number) for code, number in entries}

    starts, ends = listed(lines), listed(lines)
    edges = {}
    for line in lines:
        move, number = line.split("x")
        source, target = move.split(">")
        edges[names[int(source)], names[int(target)]] = int(number)
    assert (len(edges), sum(edges.values())) == (16, 36)
    assert counts(running.result) == edges
    assert edges["check ticket", "decide"] == 6
    for name, published in (("starts", starts), ("ends", ends)):
        table = running.result.tables[name]
        assert dict(zip(table["event"], table["count"], strict=True)) == published


def test_bpic2012_as_published(bpic2012: Process) -> None:
    assert size(bpic2012) == (13_087, 262_200, 24)
    assert counts(bpic2012.result)["W_Completeren aanvraag", "W_Completeren aanvraag"] == 38_004
    assert len(bpic2012.result.tables["variants"]) == 4_366
    assert bpic2012.result.tables["variants"]["count"].sum() == 13_087


def test_helpdesk_as_published(helpdesk: Process) -> None:
    assert size(helpdesk) == (4_580, 21_348, 14)
    assert len(helpdesk.result.tables["variants"]) == 226


def test_incidents_as_published(incidents: Process) -> None:
    assert size(incidents) == (7_554, 65_533, 4)
    assert incidents.result.table["count"].sum() == 65_533 - 7_554


def test_receipt_like_log_is_as_large_as_the_receipt_log(receipt: Process) -> None:
    assert size(receipt) == (1_434, 8_577, 27)
    assert receipt.result.table["count"].sum() == 7_143


# ---- the slow parser agrees ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["running", "bpic2012", "helpdesk", "incidents", "receipt"])
def test_every_edge_and_variant_equals_the_slow_parser(name: str, request: pytest.FixtureRequest) -> None:
    found: Process = request.getfixturevalue(name)
    moves, variants = parse(found.rows)
    table = found.result.table.set_index(["source", "target"])
    assert set(table.index) == set(moves)
    for move, times in moves.items():
        row = table.loc[move]
        assert (row["count"], row["users"]) == (len(times), len({case for case, _ in times}))
        assert row["median_s"] == statistics.median(time for _, time in times) / 1e6
    written = found.result.tables["variants"]
    assert dict(zip(written["variant"], written["count"], strict=True)) == {
        " → ".join(names): number for names, number in variants.items()
    }
    assert written["events"].tolist() == [text.count(" → ") + 1 for text in written["variant"]]
    assert written["count"].is_monotonic_decreasing


@pytest.mark.parametrize("name", ["running", "bpic2012", "helpdesk", "receipt"])
@pytest.mark.parametrize("options", [{}, {"unit": "session", "gap": "1h"}])
def test_what_flows_in_flows_out(name: str, options: dict[str, str], request: pytest.FixtureRequest) -> None:
    found: Process = request.getfixturevalue(name)
    result = flows(found.log, **options, steps=7, top=3)  # type: ignore[arg-type]
    edges, starts, ends = (result.tables[table] for table in ("edges", "starts", "ends"))
    into = edges.groupby("target")["count"].sum().add(starts.set_index("event")["count"], fill_value=0)
    out = edges.groupby("source")["count"].sum().add(ends.set_index("event")["count"], fill_value=0)
    assert into.to_dict() == out.to_dict() == Counter(event for _, event, _ in found.rows)
    units = int(starts["count"].sum())
    assert edges["count"].sum() == found.log.n_events - units
    assert result.tables["variants"]["count"].sum() == ends["count"].sum() == units
    levels = result.tables["sankey"].groupby("step")["count"].sum()
    assert levels.to_dict() == dict.fromkeys(range(1, 8), units)
    assert result.tables["steps"].drop(columns="event").sum().tolist() == pytest.approx([1.0] * 7)
    leaving = edges.groupby("source")["rate"].sum() + (ends.set_index("event")["count"] / out).fillna(0)
    assert leaving.dropna().tolist() == pytest.approx([1.0] * len(leaving.dropna()))
