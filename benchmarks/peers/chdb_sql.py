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

from benchmarks.definitions import DAY, GAP, HOUR, MONDAY, STEPS, WEEK, WITHIN, Answer, Peer, answered, quintiles

HOW: Final = {
    ("raw", "sessions"): "arraySort(groupArray(time)) per user, arrayDifference, ARRAY JOIN, countIf",
    ("raw", "funnel"): "the three events only, time and step in one sorted array per user, arrayFill per step",
    ("raw", "retention"): "groupBitOr of week bits per user, masks counted, bits unpacked",
    ("raw", "flows"): "time and event code in one sorted array per user, ARRAY JOIN of pairs, quantileExactInclusive",
    ("raw", "daily"): "groupBitOr of day bits (UInt128) per user, bits unpacked; events by a second scan",
    (
        "raw",
        "lifecycle",
    ): "groupBitOr of week bits per user, masks counted, bits of each week and the one before compared",
    ("raw", "rhythm"): "groupUniqArray of hours of the week per user, ARRAY JOIN; events by a second scan",
    ("raw", "rfm"): "rows with an amount, group by user, groupArray beside quantilesExactInclusive, ARRAY JOIN",
    ("raw", "sales"): "rows with an amount, group by user and month, months in an array per user, ARRAY JOIN",
    ("prepared", "sessions"): "arrays per user, arrayDifference, ARRAY JOIN, countIf",
    ("prepared", "funnel"): "arrays per user, arrayFilter to the three events, arrayFill per step, arrayExists",
    ("prepared", "retention"): "arrays per user, arrayCompact of weeks, ARRAY JOIN",
    ("prepared", "flows"): "arrays per user, ARRAY JOIN of pairs with quantileExactInclusive, arrayDistinct for users",
    ("prepared", "daily"): "arrays per user, ARRAY JOIN of days beside the day before",
    ("prepared", "lifecycle"): "arrays per user, arrayCompact of weeks, their bits added up, then as on the file",
    ("prepared", "rhythm"): "arrays per user, ARRAY JOIN of hours of the week, of them arrayDistinct for users",
    ("prepared", "rfm"): "arrays of purchases per user, groupArray beside quantilesExactInclusive, ARRAY JOIN",
    ("prepared", "sales"): "arrays of purchases per user, ARRAY JOIN of months beside the month of the order before",
}
PREPARED_FORM: Final = (
    "Memory table of one row per user, sorted arrays: times Array(Int64), events Array(UInt8); and of the rows with an "
    "amount paid_times Array(Int64), paid Array(Int64)"
)

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


def _lifecycle(masks: str, first: str, last: str) -> str:
    """Compare the bits of each week and the one before it in users' masks, whose lowest bit is the week ``first``."""
    return f"""
        WITH {first} AS first
        SELECT toString(toDate(7 * (first + week) - 3)), sumIf(n, here), sumIf(n, here AND fresh),
            sumIf(n, here AND before), sumIf(n, here AND NOT before AND NOT fresh), sumIf(n, before AND NOT here)
        FROM (
            SELECT n, week, bitTest(mask, week) here, week > 0 AND bitTest(mask, week - (week > 0)) before,
                bitAnd(mask, bitShiftLeft(1::UInt64, week) - 1) = 0 fresh
            FROM (SELECT mask, count() n FROM ({masks}) GROUP BY mask)
            ARRAY JOIN range(toUInt64(1 + {last} - first)) AS week)
        GROUP BY week ORDER BY week"""


def _rfm(orders: str) -> str:
    """Cut and count ``orders``: a row per user with days since the last (r), number (f) and amounts (m).

    One row holds all users and the cuts, since a second look at ``orders`` would compute it again.
    """
    measures = ("r", "f", "m")
    cuts = ", ".join(
        f"arrayMap(x -> toInt64(round(5 * x)), quantilesExactInclusive(0.2, 0.4, 0.6, 0.8)({one})) c{one}"
        for one in measures
    )
    above = ", ".join(f"countIf(5 * {one} > c{one}[{at}])" for one in measures for at in (1, 2, 3, 4))
    return f"""
        SELECT count(), arrayConcat(any(cr), any(cf), any(cm)), [{above}]
        FROM (SELECT groupArray(r) rs, groupArray(f) fs, groupArray(m) ms, {cuts} FROM ({orders}))
        ARRAY JOIN rs AS r, fs AS f, ms AS m"""


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

    def lifecycle(self) -> Answer:
        return _rows(self.db, _lifecycle(WEEKS_RAW, FIRST_WEEK, LAST_WEEK))

    def rhythm(self) -> Answer:
        return _rows(self.db, RHYTHM_RAW)

    def rfm(self) -> Answer:
        return quintiles(*_row(self.db, _rfm(ORDERS_RAW)))

    def sales(self) -> Answer:
        return _rows(self.db, SALES_RAW)


FIRST_WEEK: Final = f"(SELECT intDiv(min({TIME}) + {MONDAY}, {WEEK}) FROM log)"
LAST_WEEK: Final = FIRST_WEEK.replace("min", "max")
WEEKS_RAW: Final = f"""
    SELECT groupBitOr(bitShiftLeft(1::UInt64, intDiv({TIME} + {MONDAY}, {WEEK}) - {FIRST_WEEK})) mask
    FROM log GROUP BY user"""

RETENTION_RAW: Final = f"""
    WITH {FIRST_WEEK} AS first
    SELECT toString(toDate(7 * (first + cohort) - 3)), toInt32(week) - cohort AS k, sum(n) FROM (
        SELECT n, mask, toInt32(bitCount(bitXor(mask, mask - 1)) - 1) AS cohort FROM (
            SELECT mask, count() n FROM (
                {WEEKS_RAW}) GROUP BY mask))
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

CELL: Final = f"toUInt8(intDiv(t + {MONDAY}, {HOUR}) % 168)"
CELL_RAW: Final = CELL.replace("(t +", f"({TIME} +")
RHYTHM_RAW: Final = f"""
    SELECT cell, events, people FROM (SELECT {CELL_RAW} cell, count() events FROM log GROUP BY cell) e
    JOIN (SELECT arrayJoin(cells) cell, count() people
        FROM (SELECT groupUniqArray({CELL_RAW}) cells FROM log GROUP BY user) GROUP BY cell) p
    USING cell ORDER BY cell"""

PAID: Final = "assumeNotNull(amount)"
ORDERS_RAW: Final = f"""
    SELECT (SELECT intDiv(max({TIME}), {DAY}) FROM log) + 1 - intDiv(maxIf({TIME}, {PAID} > 0), {DAY}) r,
        toInt64(countIf({PAID} > 0)) f, sum({PAID}) m FROM log WHERE amount IS NOT NULL GROUP BY user HAVING f > 0"""

MONTH: Final = "toStartOfMonth(fromUnixTimestamp64Micro(t, 'UTC'))"
SALES_RAW: Final = f"""
    SELECT toString(month), sum(money), sum(n) orders, countIf(n > 0), countIf(n > 0 AND month = first)
    FROM (
        SELECT groupArray((month, money, n)) months, minIf(month, n > 0) first
        FROM (
            SELECT user, toStartOfMonth(assumeNotNull(time), 'UTC') AS month, sum({PAID}) money, countIf({PAID} > 0) n
            FROM log WHERE amount IS NOT NULL GROUP BY user, month)
        GROUP BY user)
    ARRAY JOIN months.1 AS month, months.2 AS money, months.3 AS n
    GROUP BY month HAVING orders > 0 ORDER BY month"""


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
                arrayMap(k -> toUInt8(bitAnd(k, 255)), keys) events, purchases.1 AS paid_times, purchases.2 AS paid
            FROM (
                SELECT user,
                    arraySort(groupArray({TIME} * 256 + transform({EVENT}, names, arrayEnumerate(names), 0) - 1)) keys,
                    arraySort(groupArrayIf(({TIME}, {PAID}), amount IS NOT NULL)) purchases
                FROM log GROUP BY user)""")
        self.last_day = _row(db, f"SELECT intDiv(max({TIME}), {DAY}) FROM log")[0]
        self.first_week, self.last_week = _row(db, f"SELECT {FIRST_WEEK}, {LAST_WEEK}")
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

    def lifecycle(self) -> Answer:
        weeks = f"arrayCompact(arrayMap(t -> toUInt16(intDiv(t + {MONDAY}, {WEEK}) - {self.first_week}), times))"
        masks = f"SELECT arraySum(week -> bitShiftLeft(1::UInt64, week), {weeks}) mask FROM timelines"
        return _rows(self.db, _lifecycle(masks, str(self.first_week), str(self.last_week)))

    def rhythm(self) -> Answer:
        return _rows(
            self.db,
            f"""
            WITH arrayMap(t -> {CELL}, times) AS cells
            SELECT cell, events, people
            FROM (SELECT cell, count() events FROM timelines ARRAY JOIN cells AS cell GROUP BY cell) e
            JOIN (SELECT cell, count() people FROM timelines ARRAY JOIN arrayDistinct(cells) AS cell GROUP BY cell) p
            USING cell ORDER BY cell""",
        )

    def rfm(self) -> Answer:
        orders = f"""
            SELECT {self.last_day + 1} - intDiv(arrayLast((t, a) -> a > 0, paid_times, paid), {DAY}) r,
                toInt64(arrayCount(a -> a > 0, paid)) f, arraySum(paid) m FROM timelines WHERE f > 0"""
        return quintiles(*_row(self.db, _rfm(orders)))

    def sales(self) -> Answer:
        return _rows(
            self.db,
            f"""
            WITH '1970-01-01'::Date AS never
            SELECT toString(month), sum(a), countIf(a > 0) orders, countIf(a > 0 AND month <> before),
                countIf(a > 0 AND before = never)
            FROM (
                SELECT paid, arrayMap(t -> {MONTH}, paid_times) AS months,
                    arrayMap((month, a) -> if(a > 0, month, never), months, paid) AS ordered
                FROM timelines WHERE notEmpty(paid))
            ARRAY JOIN paid AS a, months AS month,
                arrayPushFront(arrayPopBack(arrayFill(month -> month <> never, ordered)), never) AS before
            GROUP BY month HAVING orders > 0 ORDER BY month""",
        )
