"""The whole report, or a generator, measured in a fresh process: one call, as a person meets it.

    python -m benchmarks.once --report shop.log --out answer.json
    python -m benchmarks.once --generator school_sns --out answer.json

``reports`` and ``generators`` run such processes from the outside.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from benchmarks.worker import peak_mb

GENERATORS: Final = ("school_sns", "fashion_shop", "creator_platform")

Found = dict[str, Any]


def main() -> None:
    """Measure one call and write what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument("--report", metavar="LOG", help="the log to report on")
    asked.add_argument("--generator", choices=GENERATORS)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    found = _report(args.report) if args.report else _generated(args.generator)
    args.out.write_text(json.dumps(found | {"peak_mb": peak_mb()}))


def _report(path: str) -> Found:
    import dangol as dg
    from dangol.reports.plan import plan

    log = dg.open_log(path)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        began = time.perf_counter()
        dg.report(log, page, progress=False)
        found: Found = {"seconds": time.perf_counter() - began, "page_mb": page.stat().st_size / 1e6}
    questions = [str(recipe["question"]) for recipe in plan(log)]
    return found | {"events": log.n_events, "users": log.n_users, "questions": questions}


def _generated(name: str) -> Found:
    import pyarrow.compute  # noqa: F401  not part of what is measured

    from dangol import datasets

    make: Callable[[], Any] = getattr(datasets, name)
    began = time.perf_counter()
    sample = make()
    took = time.perf_counter() - began
    return {
        "generator": name,
        "seconds": took,
        "events": sample.events.num_rows,
        "rows": {table: rows.num_rows for table, rows in sample.tables.items() if table != "events"},
        "table_mb": sum(table.nbytes for table in (*sample.tables.values(), *sample.truth_tables.values())) / 1e6,
    }


def report(log: Path, env: dict[str, str], limit: float) -> Found:
    """Report on a log in two fresh processes; the second finds kernels compiled, whoever compiled them."""
    found = [_run(["--report", str(log)], env, limit) for _ in range(2)][1]
    print(
        f"report of {found['events']:,} events: {found['seconds']:.1f} s, peak {found['peak_mb']:,.0f} MB", flush=True
    )
    return found


def generators(env: dict[str, str], limit: float) -> list[Found]:
    """Run every generator once, at its default size."""
    found = []
    for name in GENERATORS:
        one = _run(["--generator", name], env, limit)
        print(
            f"{name}: {one['events'] / one['seconds'] / 1e6:.2f} M events/s, peak {one['peak_mb']:,.0f} MB", flush=True
        )
        found.append(one)
    return found


def _run(options: list[str], env: dict[str, str], limit: float) -> Found:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "answer.json"
        command = [sys.executable, "-m", "benchmarks.once", *options, "--out", str(out)]
        subprocess.run(command, cwd=Path(__file__).resolve().parent.parent, env=env, check=True, timeout=limit)
        found: Found = json.loads(out.read_text())
        return found


if __name__ == "__main__":
    main()
