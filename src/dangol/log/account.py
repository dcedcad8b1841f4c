"""The account of a load: what became of every row of every source, and the file of the rejected ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .mapping import literal
from .raw import Raw
from .reasons import reasons
from .report import FileReport, LoadReport
from .scratch import row
from .sources import Source
from .stage import Checked, Field
from .survey import Survey

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from .load import Load


@dataclass(frozen=True)
class Account:
    """Counts of rows: in, accepted, rejected, duplicate, in all and by source; rejections by reason."""

    files: tuple[FileReport, ...]
    reasons: Mapping[str, int]

    def total(self, what: str) -> int:
        """Sum one of ``rows``, ``accepted``, ``rejected``, ``duplicate`` over the sources."""
        return sum(int(getattr(one, what)) for one in self.files)

    def first_reason(self) -> str:
        """Say why no row was accepted."""
        if not self.total("rows"):
            return "it holds no rows"
        if self.total("duplicate") and not self.reasons:
            return "all are duplicates"
        worst = max(self.reasons, key=lambda reason: self.reasons[reason])
        return f"{self.reasons[worst]:,} of {self.total('rows'):,} rows were rejected ({worst})"


def account(con: duckdb.DuckDBPyConnection, sources: Sequence[Source], raw: Raw, checked: Checked) -> Account:
    """Count what became of the rows; the four counts of each source come from four different places."""
    rejected = _by_file(con, "SELECT _dg_file, count(*) FROM rejected GROUP BY 1")
    repeats = _repeats(con)
    files = []
    for number, source in enumerate(sources, start=1):
        broken = len(source.problems)
        good = raw.rows[number - 1] - rejected.get(number, 0) - repeats.get(number, 0)
        files.append(
            FileReport(
                source.name,
                source.format,
                dict(source.details),
                raw.rows[number - 1] + broken,
                good,
                rejected.get(number, 0) + broken,
                repeats.get(number, 0),
            )
        )
    told = reasons(checked.rule.name)
    found = con.execute("SELECT role, count(*) FROM rejected GROUP BY 1 ORDER BY 2 DESC, 1").fetchall()
    counts = {told[mark].en: int(count) for mark, count in found}
    for problem in (problem for source in sources for problem in source.problems):
        counts[problem.reason] = counts.get(problem.reason, 0) + 1
    return Account(tuple(files), counts)


def _by_file(con: duckdb.DuckDBPyConnection, sql: str) -> dict[int, int]:
    return {int(file): int(count) for file, count in con.execute(sql).fetchall()}


def _repeats(con: duckdb.DuckDBPyConnection) -> dict[int, int]:
    """Rows set aside as repeats; a merged event that the log held already counts all its rows."""
    tables = {row[0] for row in con.execute("SELECT table_name FROM information_schema.tables").fetchall()}
    repeats = {
        "fresh_repeats": "SELECT _dg_file, count(*) FROM fresh_repeats",
        "united_repeats": "SELECT _dg_file, sum(_dg_lines) FROM united_all "
        "JOIN united_repeats USING (_dg_file, _dg_row)",
    }
    counts: dict[int, int] = {}
    for name, sql in repeats.items():
        if name in tables:
            for file, count in _by_file(con, f"{sql} GROUP BY 1").items():
                counts[file] = counts.get(file, 0) + count
    return counts


def write_rejects(
    con: duckdb.DuckDBPyConnection, sources: Sequence[Source], checked: Checked, path: Path
) -> str | None:
    """Write every rejected row (``file, row, column, value, reason``) and return the file's name; None without any.

    The rows of a table are numbered without those that its reader set aside; here they get the record numbers of the
    file.
    """
    con.register("told", _broken(sources))
    con.execute("CREATE TABLE broken AS SELECT * FROM told")
    if not row(con, "SELECT (SELECT count(*) FROM rejected) + (SELECT count(*) FROM broken)")[0]:
        return None
    names = _case("_dg_file", ((str(i), one.name) for i, one in enumerate(sources, start=1)))
    told = reasons(checked.rule.name)
    columns = _case("role", ((literal(mark), one.column) for mark, one in told.items()))
    texts = _case("role", ((literal(mark), one.en) for mark, one in told.items()))
    con.execute(f"""
        COPY (
            SELECT {names} AS file, row, column_name AS "column", value, reason
            FROM (
                SELECT
                    _dg_file,
                    _dg_row + (
                        SELECT count(*) FROM broken AS b
                        WHERE b._dg_file = r._dg_file AND b.number - b.before <= r._dg_row
                    ) AS row,
                    {columns} AS column_name,
                    value,
                    {texts} AS reason
                FROM rejected AS r
                UNION ALL
                SELECT _dg_file, number, column_name, value, reason FROM broken
            )
            ORDER BY _dg_file, row
        ) TO {literal(str(path))} (HEADER, DELIMITER ',')
    """)
    return path.name


def _case(what: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Write the SQL that turns each value (SQL, too) into a text."""
    return f"CASE {what} " + " ".join(f"WHEN {value} THEN {literal(text)}" for value, text in pairs) + " END"


def _broken(sources: Sequence[Source]) -> pa.Table:
    """The rows that readers set aside, with how many came before each in its file."""
    import pyarrow as pa

    kinds = {
        "_dg_file": pa.int32(),
        "number": pa.int64(),
        "before": pa.int64(),
        "column_name": pa.string(),
        "value": pa.string(),
        "reason": pa.string(),
    }
    rows = [
        (file, one.row, before, one.column, one.value, one.reason)
        for file, source in enumerate(sources, start=1)
        for before, one in enumerate(source.problems)
    ]
    columns = list(zip(*rows, strict=True)) or [()] * len(kinds)
    return pa.table({name: pa.array(values, kind) for (name, kind), values in zip(kinds.items(), columns, strict=True)})


def load_report(
    said: Account, found: Survey, checked: Checked, load: Load, odd: Mapping[str, int], more: Mapping[str, Any]
) -> LoadReport:
    """Put the account, the survey and the rest together."""
    return LoadReport(
        rows_in=said.total("rows"),
        accepted=said.total("accepted"),
        rejected=said.total("rejected"),
        duplicate=said.total("duplicate"),
        reasons=dict(said.reasons),
        files=said.files,
        time_rule=checked.rule.name,
        zone=load.zone,
        zone_assumed=load.zone_assumed,
        local_times=odd["local"],
        skipped_times=odd["skipped"],
        doubled_times=odd["doubled"],
        future=found.future,
        ties=found.ties,
        days=found.days,
        bots=tuple(found.bots),
        n_bots=found.n_bots,
        **more,
    )


def renamed(fields: Sequence[Field], mapping: Any) -> dict[str, str]:
    """Properties that had to give way to a role of the same name."""
    roles = set(mapping.roles())
    return {one.source: one.name for one in fields if one.name not in roles and one.name != one.source}
