"""Write a run's results as docs/benchmarks.md; also ``python -m benchmarks.table result.json > docs/benchmarks.md``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.definitions import ALONE, LEAGUES, ORDERED, REGULARS

NAMES: Final = {
    "duckdb_sql": "DuckDB",
    "chdb_sql": "ClickHouse (chdb)",
    "polars_frames": "polars",
    "pandas_frames": "pandas",
    "retentioneering_peer": "retentioneering",
}

HEAD: Final = """# Benchmarks

<!-- Written by `make bench`; do not edit. -->

The same questions, one file, one run. Every tool runs in a process of its own, one after another, with all cores; each
peer is written as its own experts would, in the fastest formulation we found (at the end of this page;
`benchmarks/peers/` says what was tried and lost). The file is a generated log in order of time
(`benchmarks/make_log.py`): users' activity is log-normal, comes in sessions, and fades over 90 days; orders and refunds
carry an amount. All answers of a task are compared for equality.

**Two leagues.** *Raw*: the tool asks the Parquet file, which is in the page cache, and keeps nothing between calls.
*Prepared*: the tool has loaded, coded and sorted the data in memory in its best form before. Dangol's time is the
same in both: its question is asked of the log that it ingested once, mapped from disk; what preparing takes, for it
and for each peer, is stated below. Times are the median of the repeats after a first call; times of one machine under
one load, so ratios carry over better than seconds.
"""


REGULARS_HEAD: Final = """## Who comes back, and what they pay

Answered on the same file and in the same way. Purchases are few among the events, and the peers' prepared form has a
table of them alone; Dangol looks for them among all events. It counts more than the tasks ask for: with `rhythm`
intervals by resampling users, a test, and the decomposition of the daily series, which cost the same at any number of
events; with `sales` the parts of every change; with `rfm` tiers.
"""


def main() -> None:
    """Render one result file."""
    print(render(json.loads(Path(sys.argv[1]).read_text())), end="")


def render(found: dict[str, Any]) -> str:
    """Write the page."""
    parts = [
        HEAD,
        _where(found),
        *_compared(found, ORDERED),
        _preparing(found),
        _small(found),
        _ingest(found),
        _start(found),
        *_regulars(found),
        _report(found),
        _generators(found),
        _how(found),
        _problems(found),
    ]
    return "\n".join(part for part in parts if part)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _seconds(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f} s" if value >= 100 else f"{value:.1f} s" if value >= 10 else f"{value:.3g} s"


def _full(found: dict[str, Any], league: str) -> list[dict[str, Any]]:
    """The runs of a league on the whole file."""
    return [run for run in found["runs"] if run["league"] == league and run["events"] == found["events"]]


def _median(run: dict[str, Any], task: str) -> float | None:
    median: float | None = run.get("tasks", {}).get(task, {}).get("median_s")
    return median


def _best(found: dict[str, Any], league: str, task: str) -> tuple[float, str] | None:
    """The fastest peer that answers the task as it is defined."""
    times = [
        (run["tasks"][task]["median_s"], NAMES[run["peer"]])
        for run in _full(found, league)
        if _median(run, task) is not None and None not in _leaves(run["tasks"][task]["answer"])
    ]
    return min(times, default=None)


def _leaves(answer: Any) -> list[Any]:
    return [leaf for part in answer for leaf in _leaves(part)] if isinstance(answer, list) else [answer]


def _where(found: dict[str, Any]) -> str:
    machine = found["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    memory = f", {machine['memory_gb']:.0f} GB" if machine["memory_gb"] else ""
    return (
        f"**This run.** {found['date']}; {found['events']:,} events, {found['users']:,} users, Parquet of "
        f"{found['file_mb']:,.0f} MB; {machine['cpu']}, {machine['threads']} cores{memory}, {machine['system']}, "
        f"Python {machine['python']}; {versions}. Load average before the run: {found['load']:.1f}"
        f"{' (other programs were running)' if found['load'] > 0.3 else ''}.\n"
    )


def _compared(found: dict[str, Any], tasks: Sequence[str], level: str = "##") -> list[str]:
    """Write the tables that hold Dangol and its peers against each other; ``level`` is that of their headings."""
    against = _against(found, tasks, level) if found["dangol"] and "tasks" in found["dangol"] else ""
    return [against, *(_league(found, league, tasks, level) for league in LEAGUES), _processor(found, tasks, level)]


def _regulars(found: dict[str, Any]) -> list[str]:
    parts = [part for part in (*_compared(found, REGULARS, "###"), _alone(found)) if part]
    return [REGULARS_HEAD, *parts] if parts else []


def _asked(runs: Sequence[dict[str, Any]], tasks: Sequence[str]) -> bool:
    return any(task in run.get("tasks", {}) for run in runs for task in tasks)


def _against(found: dict[str, Any], tasks: Sequence[str], level: str) -> str:
    dangol, floor = found["dangol"], found["dangol"]["floor"]["median_s"]
    rows = []
    for task in tasks:
        if (ours := _median(dangol, task)) is None:
            continue
        row = [task, _seconds(ours), _seconds(dangol["tasks"][task]["call"]["median_s"]), f"{ours / floor:.1f}×"]
        for league in LEAGUES:
            best = _best(found, league, task)
            row += ["–", "–"] if best is None else [f"{_seconds(best[0])} {best[1]}", f"**{best[0] / ours:.1f}×**"]
        rows.append([*row, f"{dangol['tasks'][task]['anonymous_mb']:,.0f} MB"])
    if not rows:
        return ""
    head = [
        "question",
        "Dangol",
        "call alone",
        "of a plain sum",
        "best raw",
        "ratio",
        "best prepared",
        "ratio",
        "memory",
    ]
    return (
        f"{level} Dangol and the best peer of each league\n\n"
        + _table(head, rows)
        + "\n*Dangol*: the call and the table with the answer. *Call alone*: the result with its sentences; tables are "
        "made when they are looked at. *Of a plain sum*: Dangol's time as a multiple of what summing the time and the "
        f"event of all rows takes in as many threads ({_seconds(floor)}), the least any answer can cost. *Ratio*: the "
        "best peer's time by Dangol's; below 1 the peer is faster. *Memory*: peak beside the mapped file, the program "
        "itself included.\n"
    )


def _league(found: dict[str, Any], league: str, tasks: Sequence[str], level: str) -> str:
    runs = _full(found, league)
    if not _asked(runs, tasks):
        return ""
    rows = []
    for run in runs:
        cells = [_cell(run.get("tasks", {}).get(task, {})) for task in tasks]
        rows.append([f"{NAMES[run['peer']]}", *cells])
    return f"{level} League {league}\n\nTime, and peak memory of the process.\n\n" + _table(["", *tasks], rows)


def _cell(measured: dict[str, Any]) -> str:
    if "median_s" not in measured:
        return "failed" if measured else "–"
    mark = "" if None not in _leaves(measured["answer"]) else " ¹"
    return f"{_seconds(measured['median_s'])}{mark}, {measured['peak_mb'] / 1e3:.1f} GB"


def _processor(found: dict[str, Any], tasks: Sequence[str], level: str) -> str:
    """Write the processor time, which other programs on the machine change less than time."""
    runs = [*([found["dangol"]] if found["dangol"] else []), *(run for name in LEAGUES for run in _full(found, name))]
    if not _asked(runs, tasks):
        return ""
    rows = []
    for run in runs:
        cells = [_seconds(run.get("tasks", {}).get(task, {}).get("cpu_s")) for task in tasks]
        rows.append([f"{NAMES.get(run['peer'], 'Dangol')}, {run['league']}", *cells])
    head = f"{level} Processor time\n\nAll threads together, least of the repeats.\n\n"
    return head + _table(["", *tasks], rows)


def _preparing(found: dict[str, Any]) -> str:
    rows = [
        [NAMES[run["peer"]], _seconds(run["open_s"]), f"{run['open_peak_mb'] / 1e3:.1f} GB", run["form"]]
        for run in _full(found, "prepared")
        if "open_s" in run
    ]
    if ingested := found.get("ingest", {}).get("parquet"):
        size = (
            f"the log on disk ({ingested['log_mb']:,.0f} MB), sorted by user, time, checked and summed; kept for good"
        )
        rows.append(["Dangol (ingest)", _seconds(ingested["seconds"]), f"{ingested['peak_mb'] / 1e3:.1f} GB", size])
    return "## Preparing\n\n" + _table(["", "time", "peak memory", "held form"], rows) if rows else ""


def _small(found: dict[str, Any]) -> str:
    runs = [run for run in found["runs"] if run["events"] != found["events"]]
    if not runs:
        return ""
    rows = [
        [f"{NAMES[run['peer']]}, {run['league']}", *(_cell(run.get("tasks", {}).get(task, {})) for task in ORDERED)]
        for run in runs
    ]
    notes = next((run["notes"] for run in runs if run.get("notes")), "")
    return (
        f"## At {runs[0]['events']:,} events\n\nretentioneering is measured on a smaller log of the same kind, beside "
        "DuckDB on that log; it builds its event stream from pandas and asks DuckDB.\n\n"
        + _table(["", *ORDERED], rows)
        + (f"\n¹ {notes}.\n" if notes else "")
    )


def _ingest(found: dict[str, Any]) -> str:
    ingested = found.get("ingest") or {}
    rows = [
        [
            {"parquet": "Parquet", "csv": "CSV"}[kind],
            f"{one['file_mb']:,.0f} MB",
            _seconds(one["seconds"]),
            f"{one['rows_per_s'] / 1e6:.2f} M",
            f"{one['peak_mb']:,.0f} MB",
            one["memory"],
        ]
        for kind, one in ingested.items()
    ]
    head = ["from", "file", "time", "events/s", "peak memory", "limit for sorting"]
    return "## Ingest\n\n" + _table(head, rows) if rows else ""


def _start(found: dict[str, Any]) -> str:
    if "start" not in found:
        return ""
    starts = found["start"]
    bare = starts["python"]["best_s"]
    rows = [["`import dangol`, less Python's own start", _seconds(max(0.0, starts["import"]["best_s"] - bare))]]
    rows += [[f"first question in a fresh process: {task}", _seconds(starts[task]["best_s"])] for task in ORDERED]
    return (
        "## Start\n\nBest of three fresh processes, kernels compiled before; the log's checksums are verified within."
        "\n\n" + _table(["", "time"], rows)
    )


def _alone(found: dict[str, Any]) -> str:
    dangol = found["dangol"] or {}
    rows = []
    for task in ALONE:
        if (ours := _median(dangol, task)) is None:
            continue
        measured = dangol["tasks"][task]
        row = [task, _seconds(ours), _seconds(measured["call"]["median_s"]), _seconds(measured["cpu_s"])]
        rows.append([*row, f"{ours / dangol['floor']['median_s']:.1f}×", f"{measured['anonymous_mb']:,.0f} MB"])
    head = ["question", "Dangol", "call alone", "processor time", "of a plain sum", "memory"]
    return (
        "### What no peer has as one query\n\n`repurchase` follows every purchase to the next, or to the log's end, "
        "for nine numbers of days, with intervals by buyer; `drivers` holds a grid of behaviours against an outcome, "
        "among equally active users. So Dangol stands beside the plain sum alone.\n\n" + _table(head, rows)
        if rows
        else ""
    )


def _report(found: dict[str, Any]) -> str:
    if not (one := found.get("report")):
        return ""
    row = [f"{one['events']:,}", f"{one['users']:,}", str(len(one["questions"])), f"{one['page_mb']:.1f} MB"]
    row += [_seconds(one["seconds"]), f"{one['peak_mb']:,.0f} MB"]
    return (
        "## The whole report\n\n`dg.report(log)` in a fresh process, kernels compiled before; nothing was asked of the "
        f"log before. It chose {', '.join(one['questions'])}. *Memory*: peak of the process, the mapped file included."
        "\n\n" + _table(["events", "users", "questions", "page", "time", "memory"], [row])
    )


def _generators(found: dict[str, Any]) -> str:
    rows = [
        [
            f"`{one['generator']}`",
            f"{one['events']:,}",
            ", ".join(f"{name} {rows:,}" for name, rows in one["rows"].items()),
            _seconds(one["seconds"]),
            f"{one['events'] / one['seconds'] / 1e6:.2f} M",
            f"{one['table_mb']:,.0f} MB",
            f"{one['peak_mb']:,.0f} MB",
        ]
        for one in found.get("generators", [])
    ]
    head = ["`dangol.datasets.`", "events", "beside them", "time", "events/s", "tables", "peak memory"]
    return (
        "## Generators\n\nOne call at the default size in a fresh process, truth included. *Tables*: what the sample "
        "holds; *peak memory*: of the process, that and the program included.\n\n" + _table(head, rows)
        if rows
        else ""
    )


def _how(found: dict[str, Any]) -> str:
    lines = ["## How each tool was asked\n"]
    runs = [*found["runs"], *([found["dangol"]] if found["dangol"] else [])]
    said = set()
    for run in runs:
        title = f"**{NAMES.get(run['peer'], 'Dangol')}, {run['league']}**"
        if title in said or "how" not in run:
            continue
        said.add(title)
        form = f"; holds: {run['form']}" if run["league"] != "raw" else ""
        lines.append(f"- {title} ({run['version']}){form}")
        lines += [f"  - {task}: {how}" for task, how in run["how"].items()]
    return "\n".join(lines) + "\n"


def _problems(found: dict[str, Any]) -> str:
    lines = [f"- answers differ: {one}" for one in found["differences"]]
    for run in [*found["runs"], *([found["dangol"]] if found["dangol"] else [])]:
        name = f"{NAMES.get(run['peer'], 'Dangol')}, {run['league']}"
        lines += [f"- {name}: {run['problem']}"] if "problem" in run else []
        tasks = run.get("tasks", {}).items()
        lines += [f"- {name}, {task}: {measured['problem']}" for task, measured in tasks if "problem" in measured]
    if lines:
        return "## What went wrong\n\n" + "\n".join(lines) + "\n"
    return (
        "All answers to the same question on the same file were equal.\n" if found["runs"] and found["dangol"] else ""
    )


if __name__ == "__main__":
    main()
