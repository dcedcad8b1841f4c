"""ClickHouse in the process (chdb): the fastest formulation we found for each task, with the alternatives that lost.

ClickHouse is at its best with one array of times per user: ``arraySort(groupArray(t))`` and array functions, not
window functions (five times slower). Raw: the arrays are built from the file. Prepared: they are held, sorted, in a
Memory table of one row per user; sessions on a MergeTree ORDER BY (user, time) took three times as long,
``optimize_aggregation_in_order`` changed nothing, and ``runningDifference`` and ``neighbor`` are fast and wrong (they
restart at every block).

``windowFunnel`` is what everybody writes; carrying the last view forward with ``arrayFill`` is exact for distinct
steps and took three quarters of its time on the file and half of it on prepared data.
"""

from __future__ import annotations

import json
from typing import Any, Final

import chdb
from chdb import session

from benchmarks.definitions import DAY, GAP, MONDAY, STEPS, WEEK, WITHIN, Answer, Peer

HOW: Final = {
    ("raw", "sessions"): "arraySort(groupArray(time)) per user, arrayDifference, ARRAY JOIN, countIf",
    ("raw", "funnel"): "the three events only, time and step in one sorted array per user, arrayFill per step",
    ("raw", "retention"): "groupBitOr of week bits per user, masks counted, bits unpacked",
    ("raw", "flows"): "time and event code in one sorted array per user, ARRAY JOIN of pairs, quantileExactInclusive",
    ("raw", "daily"): "groupBitOr of day bits (UInt128) per user, bits unpacked; events by a second scan",
    ("prepared", "sessions"): "arrays per user, arrayDifference, ARRAY JOIN, countIf",
    ("prepared", "funnel"): "arrays per user, arrayFilter to the three events, arrayFill per step, arrayExists",
    ("prepared", "retention"): "arrays per user, arrayCompact of weeks, ARRAY JOIN",
    ("prepared", "flows"): "arrays per user, ARRAY JOIN of pairs with quantileExactInclusive, arrayDistinct for users",
    ("prepared", "daily"): "arrays per user, ARRAY JOIN of days beside the day before",
}
PREPARED_FORM: Final = "Memory table of one row per user, sorted arrays: times Array(Int64), events Array(UInt8)"

TIME: Final = "toUnixTimestamp64Micro(assumeNotNull(time))"
FAR: Final = f"toInt64({GAP} + 1)"
EVENT: Final = "assumeNotNull(event)"


def open_peer(path: str, league: str, threads: int) -> Peer:
    """Open the file; in the league ``prepared`` also load, code and sort it."""
    db = session.Session()
    db.query(f"SET max_threads = {threads}")
    quoted = path.replace("\\", "\\\\").replace("'", "\\'")
    db.query(f"CREATE VIEW log AS SELECT * FROM file('{quoted}', Parquet)")
    asked = _Prepared(db) if league == "prepared" else _Raw(db)
    return Peer(answered(asked), f"chdb {chdb.__version__} (ClickHouse {_rows(db, 'SELECT version()')[0][0]})")


def _rows(db: Any, sql: str) -> Answer:
    text = str(db.query(sql + " SETTINGS output_format_json_quote_64bit_integers = 0", "JSONCompactEachRow"))
    return [json.loads(line) for line in text.splitlines() if line]


def _row(db: Any, sql: str) -> Answer:
    row: Answer = _rows(db, sql)[0]
    return row


# ---- what both leagues share ----------------------------------------------------------------------------------------


def _sessions(arrays: str) -> str:
    """``arrays`` has ``times``, sorted; a user's first gap counts from 1970 and so is always a new session."""
    return f"""
        SELECT countIf(gap > {GAP}), countIf(gap > {GAP} AND next > {GAP}), sumIf(gap, gap <= {GAP}) FROM (
            SELECT arrayPopFront(arrayDifference(arrayPushFront(times, toInt64(0)))) gaps,
                arrayPushBack(arrayPopFront(gaps), {FAR}) nexts FROM {arrays})
        ARRAY JOIN gaps AS gap, nexts AS next"""


def _funnel(arrays: str, view: int, cart: int, order: int) -> str:
    """``began``: time of the last view so far; ``carted``: the last view as of the last cart so far; 0 where none.

    The latest start is the best one, and it only grows, so one value per step is enough.
    """
    return f"""
        SELECT countIf(has(events, {view})), countIf(two), countIf(three) FROM (
            SELECT events,
                arrayMap((t, e) -> if(e = {view}, t, toInt64(0)), times, events) AS views,
                arrayFill((x, e) -> e = {view}, views, events) AS began,
                arrayMap((x, e) -> if(e = {cart}, x, toInt64(0)), began, events) AS carts,
                arrayFill((x, e) -> e = {cart}, carts, events) AS carted,
                arrayExists((t, e, x) -> e = {cart} AND t - x <= {WITHIN}, times, events, began) AS two,
                arrayExists((t, e, x) -> e = {order} AND t - x <= {WITHIN}, times, events, carted) AS three
            FROM {arrays})"""


class _Raw:
    """Every question asks the file."""

    def __init__(self, db: Any) -> None:
        self.db = db

    def sessions(self) -> Answer:
        return _row(self.db, _sessions(f"(SELECT arraySort(groupArray({TIME})) times FROM log GROUP BY user)"))

    def funnel(self) -> Answer:
        arrays = f"""(
            SELECT arraySort(groupArray(key)) keys, arrayMap(k -> bitShiftRight(k, 2), keys) times,
                arrayMap(k -> toUInt8(bitAnd(k, 3)), keys) events
            FROM (SELECT user, {TIME} * 4 + step AS key, transform({EVENT}, {list(STEPS)}, [1, 2, 3], 0)::UInt8 AS step
                FROM log WHERE step > 0) GROUP BY user)"""
        return _row(self.db, _funnel(arrays, 1, 2, 3))

    def retention(self) -> Answer:
        return _rows(self.db, RETENTION_RAW)

    def flows(self) -> Answer:
        return _rows(self.db, FLOWS_RAW)

    def daily(self) -> Answer:
        return _rows(self.db, DAILY_RAW)


RETENTION_RAW: Final = f"""
    WITH (SELECT intDiv(min({TIME}) + {MONDAY}, {WEEK}) FROM log) AS first
    SELECT toString(toDate(7 * (first + cohort) - 3)), toInt32(week) - cohort AS k, sum(n) FROM (
        SELECT n, mask, toInt32(bitCount(bitXor(mask, mask - 1)) - 1) AS cohort FROM (
            SELECT mask, count() n FROM (
                SELECT groupBitOr(bitShiftLeft(1::UInt64, intDiv({TIME} + {MONDAY}, {WEEK}) - first)) mask
                FROM log GROUP BY user) GROUP BY mask))
    ARRAY JOIN range(64) AS week WHERE bitTest(mask, week) GROUP BY cohort, week ORDER BY cohort, week"""

# Sorting one array of time * 256 + code is faster than sorting an array of pairs; arrayEnumerateUniq marks with 1 the
# first time that a user takes an edge, so that counting users needs no set.
FLOWS_RAW: Final = f"""
    WITH (SELECT arraySort(groupUniqArray({EVENT})) FROM log) AS names
    SELECT names[intDiv(edge, 256)] source, names[edge % 256] target, count(), countIf(nth = 1),
        quantileExactInclusive(0.5)(bitShiftRight(b, 8) - bitShiftRight(a, 8))
    FROM (
        SELECT arraySort(groupArray({TIME} * 256 + transform({EVENT}, names, arrayEnumerate(names), 0))) keys,
            arrayMap((a, b) -> toUInt16(bitAnd(a, 255) * 256 + bitAnd(b, 255)), arrayPopBack(keys), arrayPopFront(keys))
                AS edges
        FROM log GROUP BY user)
    ARRAY JOIN arrayPopBack(keys) AS a, arrayPopFront(keys) AS b, edges AS edge, arrayEnumerateUniq(edges) AS nth
    GROUP BY edge ORDER BY source, target"""

DAILY_RAW: Final = f"""
    WITH (SELECT intDiv(min({TIME}), {DAY}) FROM log) AS first,
    masks AS (
        SELECT groupBitOr(bitShiftLeft(1::UInt128, toUInt8(intDiv({TIME}, {DAY}) - first))) mask FROM log GROUP BY user)
    SELECT toString(toDate(first + day)), events, people, fresh
    FROM (SELECT intDiv({TIME}, {DAY}) - first AS day, count() events FROM log GROUP BY day) e
    JOIN (
        SELECT day, count() people, countIf(day = days[1]) fresh FROM (
            SELECT arrayConcat(bitPositionsToArray(toUInt64(mask)),
                arrayMap(x -> x + 64, bitPositionsToArray(toUInt64(bitShiftRight(mask, 64))))) days FROM masks)
        ARRAY JOIN days AS day GROUP BY day) p
    USING day ORDER BY day"""


class _Prepared:
    """One row per user with sorted arrays of integers, in memory."""

    def __init__(self, db: Any) -> None:
        self.db = db
        db.query(f"""CREATE TABLE names ENGINE = Memory AS
            SELECT event, toUInt8(rowNumberInAllBlocks()) code
            FROM (SELECT {EVENT} event FROM log GROUP BY event ORDER BY event)""")
        db.query(f"""CREATE TABLE timelines ENGINE = Memory AS
            WITH (SELECT groupArray(event) FROM (SELECT event FROM names ORDER BY code)) AS names
            SELECT user, arrayMap(k -> bitShiftRight(k, 8), keys) times,
                arrayMap(k -> toUInt8(bitAnd(k, 255)), keys) events
            FROM (
                SELECT user,
                    arraySort(groupArray({TIME} * 256 + transform({EVENT}, names, arrayEnumerate(names), 0) - 1)) keys
                FROM log GROUP BY user)""")
        self.code = dict(_rows(db, "SELECT event, code FROM names"))

    def sessions(self) -> Answer:
        return _row(self.db, _sessions("timelines"))

    def funnel(self) -> Answer:
        view, cart, order = (self.code[name] for name in STEPS)
        one = f"e = {view} OR e = {cart} OR e = {order}"
        arrays = f"""(SELECT arrayFilter((t, e) -> {one}, l.times, l.events) times,
            arrayFilter(e -> {one}, l.events) events FROM timelines l)"""
        return _row(self.db, _funnel(arrays, view, cart, order))

    def retention(self) -> Answer:
        return _rows(
            self.db,
            f"""
            SELECT toString(toDate(7 * cohort - 3)), week - cohort AS k, count() FROM (
                SELECT arrayCompact(arrayMap(t -> toUInt16(intDiv(t + {MONDAY}, {WEEK})), times)) weeks,
                    weeks[1] AS cohort, arrayJoin(weeks) AS week FROM timelines)
            GROUP BY cohort, week ORDER BY cohort, week""",
        )

    def flows(self) -> Answer:
        return _rows(
            self.db,
            """
            WITH (SELECT groupArray(event) FROM (SELECT event FROM names ORDER BY code)) AS names,
            pairs AS (
                SELECT toUInt16(a * 256 + b) edge, count() n, quantileExactInclusive(0.5)(y - x) middle FROM timelines
                ARRAY JOIN arrayPopBack(times) AS x, arrayPopFront(times) AS y,
                    arrayPopBack(events) AS a, arrayPopFront(events) AS b GROUP BY edge),
            people AS (
                SELECT edge, count() people FROM timelines
                ARRAY JOIN arrayDistinct(arrayMap((a, b) -> toUInt16(a * 256 + b), arrayPopBack(events),
                    arrayPopFront(events))) AS edge GROUP BY edge)
            SELECT names[1 + intDiv(edge, 256)] source, names[1 + edge % 256] target, n, people, middle
            FROM pairs JOIN people USING edge ORDER BY source, target""",
        )

    def daily(self) -> Answer:
        return _rows(
            self.db,
            f"""
            SELECT toString(toDate(day)), count(), countIf(day <> before), countIf(before = 0)
            FROM (SELECT arrayMap(t -> toUInt16(intDiv(t, {DAY})), times) days FROM timelines)
            ARRAY JOIN days AS day, arrayPushFront(arrayPopBack(days), 0) AS before GROUP BY day ORDER BY day""",
        )
