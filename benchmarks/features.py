"""Ten features of 4,113 groups, from one log: Dangol beside the best SQL we know for DuckDB, in one run.

    python -m benchmarks.features --work /somewhere/with/2/GB          # 20 M events, 400 k users

The features: views, orders and likes per user, the median of the users' mean session length, falls of a balance per
user, variation over hours and weekdays, balance of gender, density of friendships, recency. All answers must be equal,
to nine digits. DuckDB is asked twice: on the Parquet files, and on an in-memory table of integers that is sorted by
user and time, as Dangol's log on disk is. Wall-clock and processor time are told: on a busy machine only the second
says anything.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pandas as pd

import dangol as dg
from benchmarks.make_log import make_log
from dangol.questions.rhythm_spread import gathered
from dangol.segments.feature_rules import plan
from dangol.segments.feature_spec import read_spec
from dangol.segments.features import group_features

GROUPS: Final = 4_113
ZONE_US: Final = 9 * 3600 * 1_000_000  # Asia/Seoul, which has no daylight saving
GAP: Final = 30 * 60 * 1_000_000
SHIFT: Final = 44
FAR: Final = 1 << SHIFT
SPEC: Final = {
    "features": {
        "views": {"events": "view"},
        "orders": {"events": "order"},
        "likes": {"events": "like"},
        "minutes": {"session_minutes": "median"},
        "spent": {"drops": "points"},
        "by_hour": {"variation": "hour"},
        "by_weekday": {"variation": "weekday"},
        "mixed": {"balance": "gender", "value": "F"},
        "density": {"density": True},
        "quiet": {"recency": True},
    }
}


def main() -> None:
    """Make what is not there yet, measure, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--users", type=int, default=400_000)
    parser.add_argument("--work", type=Path, required=True, help="a folder for the files")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    prepare(args.work, args.events, args.users)
    log = dg.open_log(args.work / "log")
    edges = str(args.work / "edges.parquet")
    ours, best = timed("dangol", lambda: group_features(log, SPEC, edges=edges).table, 4)
    con = connect(args.work, log)
    raw, on_file = timed("DuckDB, Parquet", lambda: con.execute(question(per_user(RAW), CLOCK_RAW)).df(), 2)
    began = time.perf_counter()
    con.execute(f"CREATE TABLE sorted AS {SORTED}")
    print(f"DuckDB, sorting into memory: {time.perf_counter() - began:.1f} s")
    middle = con.execute("SELECT count(*) // 2 FROM users").fetchall()[0][0]
    halves = [f"SELECT key, event, points FROM sorted WHERE key {op} {middle << SHIFT}" for op in ("<", ">=")]
    both = " UNION ALL ".join(map(per_user, halves))  # one branch per thread
    prepared, in_memory = timed("DuckDB, sorted in memory", lambda: con.execute(question(both, CLOCK)).df(), 3)
    for found in (raw, prepared):
        equal(ours, found)
    print(f"all equal; processor time: {on_file / best:.1f} and {in_memory / best:.1f} times that of dangol")


def timed(name: str, call: Callable[[], pd.DataFrame], times: int) -> tuple[pd.DataFrame, float]:
    """Call several times; return the answer and the least processor time."""
    found, least = pd.DataFrame(), float("inf")
    for _ in range(times):
        wall, used = time.perf_counter(), time.process_time()
        found = call()
        used = time.process_time() - used
        print(f"{name}: {time.perf_counter() - wall:.2f} s, of processors {used:.2f} s")
        least = min(least, used)
    return found, least


def equal(ours: pd.DataFrame, other: pd.DataFrame) -> None:
    """Stop where an answer differs."""
    assert ours["group"].tolist() == other["group"].tolist()
    for name in ("users", *SPEC["features"]):
        np.testing.assert_allclose(ours[name].to_numpy(float), other[name].to_numpy(float), rtol=1e-9, err_msg=name)


# ---- the data ---------------------------------------------------------------------------------------------------


def prepare(work: Path, events: int, users: int) -> None:
    """Make the log of the other benchmarks, with a balance, groups, gender and friendships; ingest it."""
    if (work / "log").exists():
        return
    make_log(work / "plain.parquet", events=events, users=users)
    con = duckdb.connect()
    for name, sql in (("events", EVENTS), ("users", USERS), ("edges", EDGES)):
        con.execute(f"CREATE VIEW {name} AS {sql.format(work=work, users=users)}")
        con.execute(f"COPY {name} TO '{work / f'{name}.parquet'}' (FORMAT parquet)")
    options: dict[str, Any] = {"properties": ["points"], "group": "school", "on": "user", "zone": "Asia/Seoul"}
    options |= {"user": "user", "event": "event", "time": "time", "attributes": work / "users.parquet"}
    dg.ingest(work / "events.parquet", **options, out=work / "log")


EVENTS: Final = "SELECT *, (hash(user, time) % 97 + 3)::INT AS points FROM '{work}/plain.parquet'"
USERS: Final = f"""
    SELECT user,
        CASE WHEN hash(user, 1) % 250 > 0
            THEN 'school_' || lpad((hash(user, 2) % {GROUPS})::TEXT, 4, '0') END AS school,
        CASE WHEN hash(user, 3) % 20 = 0 THEN NULL WHEN hash(user, 4) % 2 = 0 THEN 'F' ELSE 'M' END AS gender
    FROM (SELECT DISTINCT user FROM '{{work}}/plain.parquet')"""
EDGES: Final = """
    WITH seats AS (
        SELECT user, school, row_number() OVER (PARTITION BY school ORDER BY hash(user, 9)) AS seat FROM users)
    SELECT a.user AS source, b.user AS target
    FROM seats AS a JOIN seats AS b ON a.school = b.school AND b.seat - a.seat BETWEEN 1 AND 3
    UNION ALL SELECT user, 'u' || lpad((hash(user, 7) % {users})::TEXT, 7, '0') FROM users"""


# ---- DuckDB -----------------------------------------------------------------------------------------------------


def connect(work: Path, log: dg.EventLog) -> duckdb.DuckDBPyConnection:
    """Name the files, number users and groups, and say how long each hour and weekday lasted."""
    con = duckdb.connect()
    con.execute(f"SET threads = {len(os.sched_getaffinity(0))}")
    con.execute("SET TimeZone = 'UTC'")
    for name in ("events", "edges"):
        con.execute(f"CREATE VIEW {name} AS FROM '{work / f'{name}.parquet'}'")
    con.execute(f"""
        CREATE TABLE users AS SELECT user, (row_number() OVER (ORDER BY user) - 1)::BIGINT AS code, school, gender,
            CASE WHEN school IS NOT NULL THEN dense_rank() OVER (ORDER BY school) END::SMALLINT AS unit
        FROM '{work / "users.parquet"}'""")
    planned = plan(log, read_spec(SPEC), None)
    for name, cells in (("hour", 24), ("weekday", 7)):
        frame = pd.DataFrame({"cell": range(cells), "lasted": gathered(planned.exposure, name)})
        con.register("frame", frame)
        con.execute(f"CREATE TABLE {name}_lasted AS FROM frame")
    con.execute("SET VARIABLE first = (SELECT min(epoch_us(time)) FROM events)")
    con.execute(f"SET VARIABLE as_of = {planned.as_of}::BIGINT")
    return con


RAW: Final = f"""
    SELECT (users.code << {SHIFT}) + epoch_us(events.time) - getvariable('first') AS key, points,
        CASE event WHEN 'view' THEN 1 WHEN 'order' THEN 2 WHEN 'like' THEN 3 ELSE 0 END::UTINYINT AS event
    FROM events JOIN users USING (user) ORDER BY key"""
SORTED: Final = f"""
    SELECT rows.*, coalesce(unit, -1)::SMALLINT AS unit,
        ((((key & {FAR - 1}) + getvariable('first') + {ZONE_US}) // 3600000000 + 72) % 168)::UTINYINT AS cell
    FROM ({RAW}) AS rows JOIN users ON users.code = key >> {SHIFT} ORDER BY key"""
CLOCK_RAW: Final = f"""
    SELECT unit, ((epoch_us(time) + {ZONE_US}) // 3600000000 + 72) % 168 AS cell, count(*) AS n
    FROM events JOIN users USING (user) WHERE unit IS NOT NULL GROUP BY ALL"""  # 1970-01-01 was a Thursday
CLOCK: Final = "SELECT unit, cell, count(*) AS n FROM sorted WHERE unit >= 0 GROUP BY ALL"


def per_user(rows: str) -> str:
    """What each user did, from rows that are sorted by user and time: a streaming lag, and one group by."""
    return f"""
        SELECT key >> {SHIFT} AS code, count(*) FILTER (event = 1) AS views, count(*) FILTER (event = 2) AS orders,
            count(*) FILTER (event = 3) AS likes, count(*) FILTER (gap > {GAP}) AS sessions,
            coalesce(sum(gap) FILTER (gap <= {GAP}), 0) AS length, max(key) & {FAR - 1} AS last,
            coalesce(sum(fall) FILTER (fall > 0 AND key >> {SHIFT} = before >> {SHIFT}), 0) AS drops
        FROM (SELECT key, event, lag(key, 1, -{FAR}) OVER () AS before, key - lag(key, 1, -{FAR}) OVER () AS gap,
                lag(points) OVER () - points AS fall FROM ({rows}))
        GROUP BY 1"""


def question(people: str, clock: str) -> str:
    """The ten features, from what each user did and how many events each unit has in each hour of the week."""
    return f"""
        WITH people AS MATERIALIZED ({people}), clock AS MATERIALIZED ({clock}),
        units AS (SELECT unit, any_value(school) AS school, count(*) AS users, sum(views) / count(*) AS views,
                sum(orders) / count(*) AS orders, sum(likes) / count(*) AS likes,
                median(length / sessions / 60e6) AS minutes, sum(drops) / count(*) AS spent,
                1 - abs(2 * count(*) FILTER (gender = 'F') / count(gender) - 1) AS mixed,
                (getvariable('as_of') - getvariable('first') - max(last)) / 86400e6 AS quiet
            FROM people JOIN users USING (code) WHERE unit IS NOT NULL GROUP BY unit HAVING count(*) >= 5),
        hours AS ({_variation("hour", "cell % 24")}), weekdays AS ({_variation("weekday", "cell // 24")}),
        pairs AS (SELECT unit, count(*) AS pairs
            FROM (SELECT DISTINCT least(a.code, b.code), greatest(a.code, b.code), a.unit
                FROM edges JOIN users AS a ON a.user = source JOIN users AS b ON b.user = target
                WHERE a.unit = b.unit AND a.code <> b.code) GROUP BY unit)
        SELECT school AS group, users, views, orders, likes, minutes, spent, by_hour, by_weekday, mixed,
            coalesce(pairs, 0) / (users * (users - 1) / 2) AS density, quiet
        FROM units JOIN hours USING (unit) JOIN weekdays USING (unit) LEFT JOIN pairs USING (unit) ORDER BY school"""


def _variation(name: str, cell: str) -> str:
    return f"""
        SELECT unit, stddev_pop(rate) / avg(rate) AS by_{name}
        FROM (SELECT units.unit, coalesce(n, 0) / lasted AS rate FROM units CROSS JOIN {name}_lasted AS cells
            LEFT JOIN (SELECT unit, {cell} AS cell, sum(n) AS n FROM clock GROUP BY ALL) AS counted
                ON counted.unit = units.unit AND counted.cell = cells.cell)
        GROUP BY unit"""


if __name__ == "__main__":
    main()
