"""A million generated events: DuckDB's SQL and ClickHouse give the same answers as Dangol.

The queries are those of the benchmarks, so that what is timed there is what is shown equal here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dangol as dg
from benchmarks.definitions import ALONE, TASKS
from benchmarks.make_log import make_log
from benchmarks.peers import chdb_sql, dangol_peer, duckdb_sql

EVENTS, USERS = 1_000_000, 20_000
ASKED = [task for task in TASKS if task not in ALONE]  # what is one query elsewhere


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("million") / "log.parquet"
    make_log(path, events=EVENTS, users=USERS, seed=3)
    return path


@pytest.fixture(scope="module")
def ours(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Callable[[], Any]]:
    folder = tmp_path_factory.mktemp("million") / "ours.log"
    log = dg.ingest(source, user="user", event="event", time="time", zone="UTC", out=folder)
    assert (log.n_events, log.n_users) == (EVENTS, USERS)
    return dict(dangol_peer.open_peer(str(folder), "log", 2).tasks)


@pytest.mark.parametrize("task", ASKED)
def test_duckdb_agrees(task: str, source: Path, ours: dict[str, Callable[[], Any]]) -> None:
    theirs = duckdb_sql.open_peer(str(source), "raw", 2).tasks[task]()
    assert theirs
    assert ours[task]() == theirs


@pytest.mark.parametrize("task", ASKED)
def test_clickhouse_agrees(task: str, source: Path, ours: dict[str, Callable[[], Any]]) -> None:
    theirs = chdb_sql.open_peer(str(source), "raw", 2).tasks[task]()
    assert theirs
    assert ours[task]() == theirs
