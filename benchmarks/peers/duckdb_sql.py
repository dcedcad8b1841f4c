"""DuckDB: the fastest SQL we found for each task, with the alternatives that lost.

Two ideas carry most of it. (1) ``lag``, ``lead`` and ``last_value(... IGNORE NULLS)`` over an *unpartitioned,
unordered* window run in DuckDB's streaming window operator: one pass over rows that arrive sorted, no hash
partitioning and no sort (the usual ``PARTITION BY user ORDER BY time`` took 2 to 9 times the CPU). (2) User code and
time share one integer, ``user << 44 | microseconds since the start``: rows of different users are then further apart
than any gap or window, so no test for the same user is needed. The streaming operator is single-threaded; cutting the
users into one UNION ALL branch per thread makes it parallel.

Tried and left, sessions on the raw file at 20 M: window functions 2.9 s; sort by (user text, time) 7 s; sorted lists
per user, unnested, 2.5 s; ASOF joins for the funnel are twice as slow as running ``last_value``.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import duckdb

from benchmarks.definitions import DAY, GAP, HOUR, MONDAY, STEPS, WEEK, WITHIN, Answer, Peer, answered, quintiles

HOW: Final = {
    ("raw", "sessions"): "users coded by a join, one sort by (user code << 44 | time), streaming lag/lead",
    (
        "raw",
        "funnel",
    ): "the three events only, sort as above, streaming last_value IGNORE NULLS per step, max level per user",
    ("raw", "retention"): "bit_or of week bits per user, masks counted, bits unpacked",
    ("raw", "flows"): "sort as above, streaming lag, median() and bit_count(bitstring_agg(user)) per edge",
    ("raw", "daily"): "bit_or of day bits per user, bytes of masks counted, bits unpacked; events by a second scan",
    ("raw", "lifecycle"): "bit_or of week bits per user, masks counted, bits of each week and the one before compared",
    ("raw", "rhythm"): "group by user and hour of the week, then by hour",
    ("raw", "rfm"): "rows with an amount, group by user, quantile_cont",
    ("raw", "sales"): "rows with an amount, group by user and month, then by month; first months joined",
    ("prepared", "sessions"): "sorted table of integers, streaming lag/lead, one UNION ALL branch per thread",
    ("prepared", "funnel"): "streaming last_value IGNORE NULLS per step, one branch per thread, max level per user",
    ("prepared", "retention"): "streaming lag keeps one row per user and week, bit_or per user, one branch per thread",
    ("prepared", "flows"): "streaming lag, median() and bit_count(bitstring_agg(user)) per edge, one branch per thread",
    ("prepared", "daily"): "streaming lag flags a user's first row of each day, one branch per thread",
    ("prepared", "lifecycle"): "streaming lag keeps one row per user and week, then as on the file",
    ("prepared", "rhythm"): "bit_count(bitstring_agg(user)) per hour of the week",
    ("prepared", "rfm"): "the table of purchases, group by user, quantile_cont",
    ("prepared", "sales"): "the table of purchases, streaming lag flags a user's first order of each month",
}
PREPARED_FORM: Final = (
    "in-memory tables sorted by user, time: key BIGINT (user << 44 + time), time BIGINT, event UTINYINT; and of the "
    "rows with an amount code INT, time BIGINT, amount BIGINT"
)

SHIFT: Final = 44  # 2**44 microseconds = 203 days; DuckDB raises an error where user << 44 does not fit
FAR: Final = 1 << SHIFT


def open_peer(path: str, league: str, threads: int) -> Peer:
    """Open the file; in the league ``prepared`` also load, code and sort it."""
    db = duckdb.connect()
    db.execute(f"SET threads = {threads}")
    db.execute("SET TimeZone = 'UTC'")
    db.read_parquet(path).create_view("log")
    asked = _Prepared(db, threads) if league == "prepared" else _Raw(db)
    return Peer(answered(asked), f"DuckDB {duckdb.__version__}")


def _rows(db: duckdb.DuckDBPyConnection, sql: str) -> Answer:
    return [list(row) for row in db.execute(sql).fetchall()]


def _row(db: duckdb.DuckDBPyConnection, sql: str) -> Answer:
    row: Answer = _rows(db, sql)[0]
    return row


def _n_users(db: duckdb.DuckDBPyConnection) -> int:
    return int(db.execute("SELECT count(*) FROM users").fetchall()[0][0])


# ---- what both leagues share: SQL over a relation sorted by key -----------------------------------------------------


def _sessions(rows: str) -> str:
    return f"""
        SELECT count(*) FILTER (gap > {GAP}) sessions, count(*) FILTER (gap > {GAP} AND next > {GAP}) bounces,
            sum(gap) FILTER (gap <= {GAP}) duration
        FROM (SELECT gap, lead(gap, 1, {FAR}) OVER () next
            FROM (SELECT key - lag(key, 1, -{FAR}) OVER () gap FROM ({rows})))"""


def _funnel(rows: str) -> str:
    """Count levels. ``began``: the last view so far; ``carted``: the last view as of the last cart so far.

    The latest start is the best one, and it only grows, so one value per step is enough. Steps are numbered 0, 1, 2.
    """
    return f"""
        SELECT count(*) FILTER (level >= 1) one, count(*) FILTER (level >= 2) two, count(*) FILTER (level >= 3) three
        FROM (SELECT max(CASE WHEN step = 0 THEN 1 WHEN step = 1 AND key - began <= {WITHIN} THEN 2
                WHEN step = 2 AND key - carted <= {WITHIN} THEN 3 END) level
            FROM (SELECT key, step, began,
                    last_value(CASE WHEN step = 1 THEN began END IGNORE NULLS) OVER (ROWS UNBOUNDED PRECEDING) carted
                FROM (SELECT key, step,
                        last_value(CASE WHEN step = 0 THEN key END IGNORE NULLS) OVER (ROWS UNBOUNDED PRECEDING) began
                    FROM ({rows})))
            GROUP BY key >> {SHIFT})"""


def _triangle(masks: str, first: str) -> str:
    """Unpack users' masks of weeks, whose lowest bit is the week ``first``, into the retention triangle."""
    return f"""
        WITH masks AS ({masks}), counted AS (SELECT mask, count(*) n FROM masks GROUP BY 1),
        unpacked AS (SELECT n, mask, bit_count((mask & (-mask)) - 1) cohort, unnest(range(62)) AS week FROM counted)
        SELECT strftime(DATE '1970-01-01' + (7 * (cohort + first) - 3)::INT, '%Y-%m-%d') c, (week - cohort)::INT k,
            sum(n)::BIGINT FROM unpacked, (SELECT {first} first)
        WHERE (mask >> week) & 1 = 1 GROUP BY 1, 2 ORDER BY 1, 2"""


def _lifecycle(masks: str, first: str) -> str:
    """Compare the bits of each week and the one before it in users' masks, whose lowest bit is the week ``first``."""
    return f"""
        WITH masks AS ({masks}), counted AS (SELECT mask, count(*) n FROM masks GROUP BY 1),
        unpacked AS (SELECT week, n, (mask >> week) & 1 = 1 here, ((mask << 1) >> week) & 1 = 1 before,
                mask & ((1::BIGINT << week) - 1) = 0 fresh
            FROM counted, range((SELECT length(bin(max(mask))) FROM counted)) weeks(week))
        SELECT strftime(DATE '1970-01-01' + (7 * (week + first) - 3)::INT, '%Y-%m-%d') monday,
            {_sum("here")}, {_sum("here AND fresh")}, {_sum("here AND before")},
            {_sum("here AND NOT before AND NOT fresh")}, {_sum("before AND NOT here")}
        FROM unpacked, (SELECT {first} first) GROUP BY 1 ORDER BY 1"""


def _sum(condition: str) -> str:
    return f"coalesce(sum(n) FILTER ({condition}), 0)::BIGINT"


def _rfm(orders: str) -> str:
    """Cut and count ``orders``: a row per user with days since the last (r), number (f) and amounts (m)."""
    measures = ("r", "f", "m")
    cuts = ", ".join(
        f"list_transform(quantile_cont({one}, [0.2, 0.4, 0.6, 0.8]), lambda x: round(5 * x)::BIGINT) c{one}"
        for one in measures
    )
    above = ", ".join(f"count(*) FILTER (5 * {one} > c{one}[{at}])" for one in measures for at in (1, 2, 3, 4))
    return f"""
        WITH orders AS MATERIALIZED ({orders}), cuts AS (SELECT {cuts} FROM orders)
        SELECT count(*), any_value(cr || cf || cm), [{above}] FROM orders, cuts"""


def _pairs(rows: str) -> str:
    """Consecutive events of a user; ``edge`` = source * 256 + target fits two bytes."""
    return f"""
        SELECT key >> {SHIFT} user_code, (before * 256 + event)::USMALLINT edge, gap
        FROM (SELECT key, event, lag(event) OVER () before, lag(key) OVER () >> {SHIFT} = key >> {SHIFT} same,
                key - lag(key) OVER () gap FROM ({rows}))
        WHERE same"""


def _flows(pairs: str, n_users: int) -> str:
    return f"""
        WITH edges AS (
            SELECT edge, count(*) n, bit_count(bitstring_agg(user_code, 0, {n_users - 1})) people,
                median(gap) middle
            FROM ({pairs}) GROUP BY 1)
        SELECT s.event, t.event, n, people, middle FROM edges
        JOIN names s ON s.code = edge // 256 JOIN names t ON t.code = edge % 256 ORDER BY 1, 2"""


USERS: Final = """CREATE OR REPLACE TEMP TABLE users AS
    SELECT user, row_number() OVER () - 1 code FROM (SELECT DISTINCT user FROM log)"""
NAMES: Final = """CREATE OR REPLACE TEMP TABLE names AS
    SELECT event, (row_number() OVER (ORDER BY event) - 1)::UTINYINT code FROM (SELECT DISTINCT event FROM log)"""
KEY: Final = f"(code << {SHIFT}) + epoch_us(time) - (SELECT epoch_us(min(time)) FROM log)"


LAST_DAY: Final = f"(SELECT epoch_us(max(time)) // {DAY} FROM log)"
CELL: Final = f"((time + {MONDAY}) // {HOUR} % 168)::UTINYINT"
MONTH: Final = "date_trunc('month', make_timestamp(time))"


class _Raw:
    """Every question asks the file; codes for users and events are part of the question."""

    def __init__(self, db: duckdb.DuckDBPyConnection) -> None:
        self.db = db

    def sessions(self) -> Answer:
        self.db.execute(USERS)
        rows = f"SELECT {KEY} key FROM log JOIN users USING (user) ORDER BY key"
        return _row(self.db, _sessions(rows))

    def funnel(self) -> Answer:
        self.db.execute(USERS)
        step = "CASE event WHEN '{}' THEN 0 WHEN '{}' THEN 1 ELSE 2 END".format(*STEPS[:2])
        rows = f"SELECT {KEY} key, {step} step FROM log JOIN users USING (user) WHERE event IN {STEPS} ORDER BY key"
        return _row(self.db, _funnel(rows))

    def retention(self) -> Answer:
        return _rows(self.db, _triangle(WEEKS_RAW, FIRST_WEEK))

    def flows(self) -> Answer:
        self.db.execute(USERS)
        self.db.execute(NAMES)
        rows = f"""SELECT {KEY.replace("code", "users.code")} key, names.code event
            FROM log JOIN users USING (user) JOIN names ON names.event = log.event ORDER BY key"""
        return _rows(self.db, _flows(_pairs(rows), _n_users(self.db)))

    def daily(self) -> Answer:
        return _rows(self.db, DAILY_RAW)

    def lifecycle(self) -> Answer:
        return _rows(self.db, _lifecycle(WEEKS_RAW, FIRST_WEEK))

    def rhythm(self) -> Answer:
        cell = CELL.replace("time", "epoch_us(time)")
        return _rows(
            self.db,
            f"""SELECT cell, sum(n)::BIGINT, count(*)
            FROM (SELECT user, {cell} cell, count(*) n FROM log GROUP BY ALL) GROUP BY 1 ORDER BY 1""",
        )

    def rfm(self) -> Answer:
        orders = f"""
            SELECT {LAST_DAY} + 1 - max(time) FILTER (amount > 0) // {DAY} r, count(*) FILTER (amount > 0) f,
                sum(amount)::BIGINT m FROM {PURCHASES} GROUP BY user HAVING f > 0"""
        return quintiles(*_row(self.db, _rfm(orders)))

    def sales(self) -> Answer:
        return _rows(
            self.db,
            f"""
            WITH bought AS (SELECT user, {MONTH} AS month, sum(amount) amount, count(*) FILTER (amount > 0) n
                FROM {PURCHASES} GROUP BY ALL),
            months AS (SELECT month, sum(amount)::BIGINT amount, sum(n)::BIGINT orders, count(*) FILTER (n > 0) buyers
                FROM bought GROUP BY 1),
            fresh AS (SELECT month, count(*) fresh
                FROM (SELECT min(month) AS month FROM bought WHERE n > 0 GROUP BY user) GROUP BY 1)
            SELECT strftime(month, '%Y-%m-%d'), amount, orders, buyers, coalesce(fresh, 0)
            FROM months LEFT JOIN fresh USING (month) WHERE orders > 0 ORDER BY 1""",
        )


FIRST_WEEK: Final = f"(SELECT (epoch_us(min(time)) + {MONDAY}) // {WEEK} FROM log)"
WEEKS_RAW: Final = f"""
    SELECT bit_or(1::BIGINT << ((epoch_us(time) + {MONDAY}) // {WEEK} - {FIRST_WEEK})) mask FROM log GROUP BY user"""
PURCHASES: Final = "(SELECT user, epoch_us(time) AS time, amount FROM log WHERE amount IS NOT NULL)"

# A mask of 128 days per user, in one group by; then how often each byte of the masks has each value, which is small.
DAILY_RAW: Final = f"""
    WITH start AS (SELECT epoch_us(min(time)) // {DAY} first FROM log),
    masks AS MATERIALIZED (
        SELECT bit_or(1::HUGEINT << (epoch_us(time) // {DAY} - first)::INT) mask FROM log, start GROUP BY user),
    events AS (SELECT (epoch_us(time) // {DAY} - first)::UTINYINT AS day, count(*) n FROM log, start GROUP BY 1),
    bytes AS (SELECT byte, ((mask >> (8 * byte)) & 255)::UTINYINT value, count(*) n
        FROM (SELECT mask, unnest(range(16)) byte FROM masks) GROUP BY ALL),
    active AS (SELECT byte * 8 + bit AS day, sum(n)::BIGINT n FROM bytes, range(8) r(bit)
        WHERE (value >> bit) & 1 = 1 GROUP BY 1),
    fresh AS (SELECT bit_count(low - 1) AS day, n
        FROM (SELECT mask & (-mask) low, count(*) n FROM masks GROUP BY 1))
    SELECT strftime(DATE '1970-01-01' + (day + first)::INT, '%Y-%m-%d'), events.n, active.n, coalesce(fresh.n, 0)
    FROM events JOIN active USING (day) LEFT JOIN fresh USING (day), start ORDER BY 1"""


class _Prepared:
    """A table of integers in memory, sorted by user and time."""

    def __init__(self, db: duckdb.DuckDBPyConnection, threads: int) -> None:
        self.db = db
        db.execute(USERS)
        db.execute(NAMES)
        db.execute(f"""CREATE TABLE sorted AS SELECT {KEY.replace("code", "users.code")} key, epoch_us(time) time,
            names.code event FROM log JOIN users USING (user) JOIN names ON names.event = log.event ORDER BY key""")
        db.execute("""CREATE TABLE purchases AS SELECT code::INT code, epoch_us(time) time, amount
            FROM log JOIN users USING (user) WHERE amount IS NOT NULL ORDER BY code, log.time""")
        self.step = dict(db.execute("SELECT event, code FROM names").fetchall())
        start, end = db.execute("SELECT min(time), max(time) FROM sorted").fetchall()[0]
        self.day, self.week, self.last_day = start // DAY, (start + MONDAY) // WEEK, end // DAY
        self.n_users = _n_users(db)
        cuts = [self.n_users * part // threads << SHIFT for part in range(threads + 1)]
        self.parts = [f"key >= {low} AND key < {high}" for low, high in pairwise(cuts)]

    def _branches(self, select: str) -> str:
        """Write ``select`` once for each part of the users; its ``{part}`` is the condition that chooses them."""
        return "(" + ") UNION ALL (".join(select.replace("{part}", part) for part in self.parts) + ")"

    def sessions(self) -> Answer:
        parts = self._branches(_sessions("SELECT key FROM sorted WHERE {part}"))
        return _row(
            self.db, f"SELECT sum(sessions)::BIGINT, sum(bounces)::BIGINT, sum(duration)::BIGINT FROM ({parts})"
        )

    def funnel(self) -> Answer:
        view, cart, order = (self.step[name] for name in STEPS)
        step = f"CASE event WHEN {view} THEN 0 WHEN {cart} THEN 1 ELSE 2 END"
        rows = f"SELECT key, {step} step FROM sorted WHERE {{part}} AND event IN ({view}, {cart}, {order})"
        parts = self._branches(_funnel(rows))
        return _row(self.db, f"SELECT sum(one)::BIGINT, sum(two)::BIGINT, sum(three)::BIGINT FROM ({parts})")

    def _weeks(self) -> str:
        return self._branches(f"""
            SELECT bit_or(1::BIGINT << (code & 63)) mask
            FROM (SELECT code, lag(code, 1, -1) OVER () before
                FROM (SELECT (key >> {SHIFT}) * 64 + ((time + {MONDAY}) // {WEEK} - {self.week}) code
                    FROM sorted WHERE {{part}}))
            WHERE code <> before GROUP BY code >> 6""")

    def retention(self) -> Answer:
        return _rows(self.db, _triangle(self._weeks(), str(self.week)))

    def flows(self) -> Answer:
        pairs = self._branches(_pairs("SELECT key, event FROM sorted WHERE {part}"))
        return _rows(self.db, _flows(pairs, self.n_users))

    def daily(self) -> Answer:
        parts = self._branches(f"""
            SELECT code & 1023 AS day, count(*) n, count(*) FILTER (code <> before) people,
                count(*) FILTER (code >> 10 <> before >> 10) fresh
            FROM (SELECT code, lag(code, 1, -1024) OVER () before
                FROM (SELECT (key >> {SHIFT}) * 1024 + (time // {DAY} - {self.day}) code FROM sorted WHERE {{part}}))
            GROUP BY 1""")
        return _rows(
            self.db,
            f"""
            SELECT strftime(DATE '1970-01-01' + (day + {self.day})::INT, '%Y-%m-%d') name, sum(n)::BIGINT,
                sum(people)::BIGINT, sum(fresh)::BIGINT FROM ({parts}) GROUP BY 1 ORDER BY 1""",
        )

    def lifecycle(self) -> Answer:
        return _rows(self.db, _lifecycle(self._weeks(), str(self.week)))

    def rhythm(self) -> Answer:
        users = f"bit_count(bitstring_agg(key >> {SHIFT}, 0, {self.n_users - 1}))"
        return _rows(self.db, f"SELECT {CELL} cell, count(*), {users} FROM sorted GROUP BY 1 ORDER BY 1")

    def rfm(self) -> Answer:
        orders = f"""
            SELECT {self.last_day + 1} - max(time) FILTER (amount > 0) // {DAY} r, count(*) FILTER (amount > 0) f,
                sum(amount)::BIGINT m FROM purchases GROUP BY code HAVING f > 0"""
        return quintiles(*_row(self.db, _rfm(orders)))

    def sales(self) -> Answer:
        return _rows(
            self.db,
            f"""
            WITH flagged AS (SELECT code, month, amount, lag(code, 1, -1) OVER () code_before,
                    lag(month) OVER () month_before
                FROM (SELECT code, amount, {MONTH} AS month FROM purchases WHERE amount > 0)),
            sold AS (SELECT month, sum(amount) amount, count(*) orders,
                    count(*) FILTER (code <> code_before OR month <> month_before) buyers,
                    count(*) FILTER (code <> code_before) fresh FROM flagged GROUP BY 1),
            refunds AS (SELECT {MONTH} AS month, sum(amount) refunded FROM purchases WHERE amount < 0 GROUP BY 1)
            SELECT strftime(month, '%Y-%m-%d'), (amount + coalesce(refunded, 0))::BIGINT, orders, buyers, fresh
            FROM sold LEFT JOIN refunds USING (month) ORDER BY 1""",
        )
