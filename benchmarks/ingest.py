"""How fast a log is made, and how fast a fresh process answers: each measured in processes of their own.

    python -m benchmarks.ingest --file log.parquet --log out.log --out answer.json

is the process that ingests; ``starts`` runs fresh interpreters from the outside.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from benchmarks.worker import peak_mb

QUESTIONS: Final = {
    "sessions": 'dg.sessions(log, gap="30m")',
    "funnel": 'dg.funnel(log, ["view", "cart", "order"], within="14d")',
    "retention": 'dg.retention(log, every="1w")',
    "flows": "dg.flows(log)",
    "daily": "dg.overview(log)",
}


def main() -> None:
    """Ingest one file and write what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", required=True)
    parser.add_argument("--log", required=True)
    parser.add_argument("--memory", default="2GB")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    import dangol as dg

    began = time.perf_counter()
    roles: dict[str, Any] = {"user": "user", "event": "event", "time": "time", "amount": "amount"}
    log = dg.ingest(args.file, **roles, zone="UTC", out=args.log, memory=args.memory, replace=True)
    took = time.perf_counter() - began
    size = sum(file.stat().st_size for file in Path(args.log).rglob("*") if file.is_file())
    found: dict[str, Any] = {
        "seconds": took,
        "events": log.n_events,
        "users": log.n_users,
        "rows_per_s": log.n_events / took,
    }
    found |= {"peak_mb": peak_mb(), "memory": args.memory, "log_mb": size / 1e6, "version": dg.__version__}
    found |= {"file_mb": Path(args.file).stat().st_size / 1e6}
    args.out.write_text(json.dumps(found))


def write_csv(parquet: Path, csv: Path) -> None:
    """Write the same rows as CSV, times as ISO text with their offset."""
    import duckdb

    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        db.execute("SET preserve_insertion_order = true")
        rows = db.read_parquet(str(parquet)).project(
            "user, event, strftime(time, '%Y-%m-%dT%H:%M:%S.%fZ') AS time, country, amount"
        )
        rows.write_csv(str(csv), header=True)


def starts(log: Path, env: dict[str, str]) -> dict[str, Any]:
    """Time fresh processes: nothing, ``import dangol``, and each question as the first; the best of three.

    Each is run once before, so that compiled kernels come from numba's cache on disk.
    """
    programs = {"python": "pass", "import": "import dangol"}
    for task, call in QUESTIONS.items():
        programs[task] = f"import dangol as dg; log = dg.open_log({str(log)!r}); {call}.summary()"
    return {name: _best([sys.executable, "-c", program], env) for name, program in programs.items()}


def _best(command: list[str], env: dict[str, str]) -> dict[str, float]:
    times = []
    for _ in range(4):
        began = time.perf_counter()
        subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - began)
    return {"first_s": times[0], "best_s": min(times[1:])}


if __name__ == "__main__":
    main()
