"""Measure Dangol beside other tools on one file, in one run, and check that all answers are equal.

    make bench                                                    # 20 M events, 400 k users; writes docs/benchmarks.md
    python -m benchmarks.run --events 2000000 --peers duckdb_sql,polars_frames --tasks sessions --only peers,dangol
    python -m benchmarks.run --tasks regulars --only peers,dangol,report,generators      # without the first five tasks

Every tool runs in processes of its own, one after another. Two leagues:

raw
    asks the Parquet file; nothing is kept from one call to the next but the system's page cache
prepared
    the tool has loaded, coded and sorted the data in its best form before; what that took is reported beside

The report is made of a log of its own size (``--report-events``), and the generators of Dangol draw at their own.
retentioneering is asked at a smaller size (``--retentioneering-events``) and may live in another environment: the
variable RETENTIONEERING_PYTHON names its interpreter; without it the running one is tried. Results are kept as JSON
beside the generated files in benchmarks/results/, which git ignores. The documentation is written by whole runs
alone, or where ``--docs`` asks.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from benchmarks import ingest, once, table
from benchmarks.definitions import ALONE, LEAGUES, ORDERED, REGULARS, TASKS, Answer

ROOT: Final = Path(__file__).resolve().parent.parent
RESULTS: Final = ROOT / "benchmarks" / "results"
DOCS: Final = ROOT / "docs" / "benchmarks.md"
PEERS: Final = ("duckdb_sql", "chdb_sql", "polars_frames", "pandas_frames", "retentioneering_peer")
PARTS: Final = ("dangol", "peers", "ingest", "start", "report", "generators")
GROUPS: Final = {"ordered": ORDERED, "regulars": (*REGULARS, *ALONE)}  # what --tasks takes beside single tasks
EVENTS: Final = 20_000_000
MOST_USERS: Final = {"polars_frames": 1 << 19}  # its keys would wrap round without a word; the others raise errors


def main() -> int:
    """Run what was asked for; 1 if answers differ."""
    args = _arguments()
    RESULTS.mkdir(parents=True, exist_ok=True)
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    bench = Bench(args, threads)
    found: dict[str, Any] = {
        "machine": _machine(threads),
        "date": args.date,
        "events": args.events,
        "users": args.users,
    }
    found |= {"file_mb": bench.file.stat().st_size / 1e6, "seed": args.seed, "load": os.getloadavg()[0], "dangol": None}
    if {"dangol", "ingest", "start"} & set(args.only):
        found["ingest"] = bench.ingest()
    found["runs"] = bench.peers() if "peers" in args.only else []
    if "dangol" in args.only:
        found["dangol"] = bench.worker("dangol_peer", "log", str(bench.log), sys.executable)
    if "start" in args.only:
        found["start"] = ingest.starts(bench.log, bench.env)
    if "report" in args.only:
        found["report"] = bench.report()
    if "generators" in args.only:
        found["generators"] = once.generators(bench.env, args.limit)
    found["differences"] = differences(found)
    _write(found, args)
    return int(bool(found["differences"]))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--users", type=int, help="default: one for every 50 events")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--file", type=Path, help="a file that make_log wrote, instead of a new one")
    parser.add_argument("--peers", type=_list, default=list(PEERS), help=f"of {','.join(PEERS)}")
    parser.add_argument("--tasks", type=_list, default=list(TASKS), help=f"of {','.join([*TASKS, *GROUPS])}")
    parser.add_argument("--leagues", type=_list, default=list(LEAGUES), help=f"of {','.join(LEAGUES)}")
    parser.add_argument("--only", type=_list, default=list(PARTS), help=f"parts of the run, of {','.join(PARTS)}")
    parser.add_argument("--repeats", type=int, default=3, help="timed calls after the first")
    parser.add_argument("--limit", type=float, default=3600, help="seconds for one tool in one league")
    parser.add_argument("--retentioneering-events", type=int, default=2_000_000)
    parser.add_argument("--report-events", type=int, default=5_000_000)
    parser.add_argument("--memory", default="2GB", help="Dangol's memory for sorting while it ingests")
    parser.add_argument("--date", default=datetime.now(UTC).strftime("%Y-%m-%d"), help="written into the documentation")
    parser.add_argument(
        "--docs", type=Path, help=f"where to write the table; whole runs write {DOCS.relative_to(ROOT)}"
    )
    args = parser.parse_args()
    args.tasks = [task for name in args.tasks for task in GROUPS.get(name, (name,))]
    given = {"peers": PEERS, "tasks": TASKS, "leagues": LEAGUES, "only": PARTS}
    for option, allowed in given.items():
        if strange := set(getattr(args, option)) - set(allowed):
            parser.error(f"--{option}: {', '.join(sorted(strange))} is not one of {', '.join(allowed)}")
    args.users = args.users or max(1, args.events // 50)
    whole = args.events >= EVENTS and all(
        len(getattr(args, option)) == len(allowed) for option, allowed in given.items()
    )
    args.docs = args.docs or (DOCS if whole else None)
    return args


def _list(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


class Bench:
    """The files of one run, and the processes that measure on them."""

    def __init__(self, args: argparse.Namespace, threads: int) -> None:
        self.args, self.threads = args, threads
        self.env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
            "POLARS_MAX_THREADS": str(threads),
            "RETENTIONEERING_NO_TRACK": "1",
        }
        self.file = args.file or self._made(args.events, args.users)
        self.log = RESULTS / f"{self.file.stem}.log"

    def _made(self, events: int, users: int) -> Path:
        path = RESULTS / f"events-{events}-{users}-{self.args.seed}.parquet"
        if not path.exists():
            part = path.with_suffix(".part")
            options = [
                "--events",
                str(events),
                "--users",
                str(users),
                "--seed",
                str(self.args.seed),
                "--out",
                str(part),
            ]
            self._run([sys.executable, "-m", "benchmarks.make_log", *options])
            part.rename(path)
        return path

    def _run(self, command: list[str]) -> None:
        subprocess.run(command, cwd=ROOT, env=self.env, check=True, timeout=self.args.limit)

    def worker(self, peer: str, league: str, file: str, python: str, tasks: Sequence[str] = ()) -> dict[str, Any]:
        """Measure one tool in one league in a process of its own; without ``tasks`` on all that the run is about."""
        if self.args.users > MOST_USERS.get(peer, self.args.users):
            return {"peer": peer, "league": league, "problem": f"written for at most {MOST_USERS[peer]:,} users"}
        out = RESULTS / f"{peer}-{league}.json"
        out.unlink(missing_ok=True)
        options = ["--peer", peer, "--league", league, "--file", file, "--tasks", ",".join(tasks or self.args.tasks)]
        options += ["--repeats", str(self.args.repeats), "--threads", str(self.threads), "--out", str(out)]
        try:
            self._run([python, "-m", "benchmarks.worker", *options])
            found: dict[str, Any] = json.loads(out.read_text())
        except (subprocess.SubprocessError, OSError) as problem:  # killed for memory, or out of time
            found = {"peer": peer, "league": league, "problem": f"{type(problem).__name__}: {problem}"[:500]}
        return found

    def peers(self) -> list[dict[str, Any]]:
        """Measure every peer in every league; retentioneering on its own file, with DuckDB's answers to compare."""
        runs = []
        offered = [task for task in self.args.tasks if task in ORDERED]  # by retentioneering, and not all of them
        for peer in self.args.peers:
            own = peer == "retentioneering_peer"
            if own and not offered:
                continue
            small = own and self.args.retentioneering_events < self.args.events
            events = self.args.retentioneering_events if small else self.args.events
            file = self._made(events, max(1, events // 50)) if small else self.file
            python = os.environ.get("RETENTIONEERING_PYTHON", sys.executable) if own else sys.executable
            leagues = [("prepared", "duckdb_sql", sys.executable)] if small else []
            for league, name, interpreter in [*leagues, *((league, peer, python) for league in self.args.leagues)]:
                tasks = offered if own else ()
                runs.append(self.worker(name, league, str(file), interpreter, tasks) | {"events": events})
        return runs

    def report(self) -> dict[str, Any]:
        """Report on a log of its own size."""
        if self.args.report_events == self.args.events and self.log.exists():
            return once.report(self.log, self.env, self.args.limit)
        file = self._made(self.args.report_events, max(1, self.args.report_events // 50))
        log = RESULTS / "report.log"
        self._ingested(file, log)
        found = once.report(log, self.env, self.args.limit)
        shutil.rmtree(log)
        return found

    def ingest(self) -> dict[str, Any]:
        """Make the log: from Parquet, which is kept for the questions, and if asked from CSV, which is not."""
        found = {"parquet": self._ingested(self.file, self.log)}
        if "ingest" in self.args.only:
            csv, log = self.file.with_suffix(".csv"), RESULTS / "from-csv.log"
            if self.args.file:
                csv = RESULTS / csv.name
            ingest.write_csv(self.file, csv)
            found["csv"] = self._ingested(csv, log)
            csv.unlink()
            shutil.rmtree(log)
        return found

    def _ingested(self, file: Path, log: Path) -> dict[str, Any]:
        out = RESULTS / "ingest.json"
        options = ["--file", str(file), "--log", str(log), "--memory", self.args.memory, "--out", str(out)]
        self._run([sys.executable, "-m", "benchmarks.ingest", *options])
        found: dict[str, Any] = json.loads(out.read_text())
        print(f"ingest {file.suffix[1:]}: {found['rows_per_s'] / 1e6:.2f} M rows/s, peak {found['peak_mb']:,.0f} MB")
        return found


def differences(found: dict[str, Any]) -> list[str]:
    """Compare every answer with the first one to the same task on the same file; name those that differ."""
    known: dict[tuple[int, str], tuple[str, Answer]] = {}
    wrong = []
    runs = [run | {"events": run.get("events", found["events"])} for run in [*found["runs"], found["dangol"]] if run]
    for run in runs:
        for task, measured in run.get("tasks", {}).items():
            if "answer" in measured:
                name, answer = known.setdefault(
                    (run["events"], task), (f"{run['peer']} {run['league']}", measured["answer"])
                )
                if not same(answer, measured["answer"]):
                    wrong.append(f"{task}: {run['peer']} {run['league']} differs from {name}")
    return wrong


def same(one: Any, other: Any) -> bool:
    """Whether two answers agree; None, what a tool does not give, agrees with anything."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one is None or other is None or bool(one == other)


def _machine(threads: int) -> dict[str, Any]:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    model = next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor()
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9 if hasattr(os, "sysconf") else None
    names = ("numpy", "pyarrow", "numba", "duckdb", "chdb", "polars", "pandas")
    return {
        "cpu": model,
        "threads": threads,
        "memory_gb": memory,
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in names},
    }


def _write(found: dict[str, Any], args: argparse.Namespace) -> None:
    path = RESULTS / f"result-{args.events}-{datetime.now(UTC):%Y%m%dT%H%M%S}.json"
    path.write_text(json.dumps(found, indent=1))
    text = table.render(found)
    if args.docs:
        args.docs.parent.mkdir(parents=True, exist_ok=True)
        args.docs.write_text(text, encoding="utf-8")
    print(text if not args.docs else f"wrote {args.docs}", f"\nresults: {path}")
    for difference in found["differences"]:
        print(f"ANSWERS DIFFER  {difference}", file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
