"""One tool in one league in a process of its own: open, ask, time, measure memory, write JSON.

    python -m benchmarks.worker --peer duckdb_sql --league raw --file log.parquet --out answer.json

The first call of a task warms caches and compiled code, and is reported apart; ``--repeats`` calls after it are
timed, fewer once they have taken 6 s together; a task whose first call takes more than 120 s is not repeated. Memory is
the peak resident size, reset before each task where the system allows it (Linux); ``anonymous`` leaves out mapped files
and is sampled during the first call.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import threading
import time
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.definitions import TASKS, Peer

ENOUGH_S: Final = 6.0
TOO_SLOW_S: Final = 120.0
STATUS: Final = Path("/proc/self/status")
RESET: Final = Path("/proc/self/clear_refs")


def main() -> None:
    """Read the command line, measure, and write what was found, problems included."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", required=True)
    parser.add_argument("--league", required=True)
    parser.add_argument("--file", required=True)
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    found: dict[str, Any] = {"peer": args.peer, "league": args.league}
    try:
        _measure(args, found)
    except (Exception, SystemExit) as problem:  # noqa: BLE001  a peer that fails is a finding, and is reported as one
        traceback.print_exc(file=sys.stderr)
        found["problem"] = f"{type(problem).__name__}: {problem}"[:500]
    args.out.write_text(json.dumps(found))


def _measure(args: argparse.Namespace, found: dict[str, Any]) -> None:
    began = time.perf_counter()
    module = import_module(f"benchmarks.peers.{args.peer}")
    found["import_s"] = time.perf_counter() - began
    began = time.perf_counter()
    peer: Peer = module.open_peer(args.file, args.league, args.threads)
    found |= {"open_s": time.perf_counter() - began, "open_peak_mb": peak_mb()}
    found |= {"version": peer.version, "notes": peer.notes, "form": module.PREPARED_FORM}
    found["how"] = {task: module.HOW[args.league, task] for task in peer.tasks}
    if peer.floor is not None:
        found["floor"] = _timed(peer.floor, 5)
        found["floor"].pop("answer")
    found["tasks"] = {}
    for task in args.tasks.split(","):
        if task in peer.tasks:
            found["tasks"][task] = _asked(peer, task, args.repeats)
            _say(args, task, found["tasks"][task])


def _asked(peer: Peer, task: str, repeats: int) -> dict[str, Any]:
    try:
        measured = _timed(peer.tasks[task], repeats)
        if task in peer.calls:
            measured["call"] = _timed(peer.calls[task], repeats)
            measured["call"].pop("answer")
    except Exception as problem:  # noqa: BLE001  see main
        traceback.print_exc(file=sys.stderr)
        return {"problem": f"{type(problem).__name__}: {problem}"[:500]}
    return measured


def _timed(ask: Callable[[], Any], repeats: int) -> dict[str, Any]:
    reset = _reset_peak()
    sampler = _Sampler()
    began = time.perf_counter()
    with sampler:
        answer = ask()
    first = time.perf_counter() - began
    times: list[float] = []
    cpu: list[float] = []
    while first < TOO_SLOW_S and len(times) < repeats and sum(times) < ENOUGH_S:
        began, used = time.perf_counter(), time.process_time()
        again = ask()
        times.append(time.perf_counter() - began)
        cpu.append(time.process_time() - used)
        if isinstance(again, list) and again != answer:
            raise RuntimeError("two calls gave different answers")
    times = times or [first]
    memory = {"peak_mb": peak_mb(), "peak_reset": reset, "anonymous_mb": sampler.peak_mb}
    spent = {
        "first_s": first,
        "times_s": times,
        "median_s": median(times),
        "best_s": min(times),
        "cpu_s": min(cpu, default=None),
    }
    return {**spent, **memory, "answer": _plain(answer)}


def _plain(answer: Any) -> Any:
    return answer if isinstance(answer, list | int) else None


def _say(args: argparse.Namespace, task: str, measured: dict[str, Any]) -> None:
    told = measured.get("problem") or f"{measured['median_s']:.3f} s, peak {measured['peak_mb']:,.0f} MB"
    print(f"{args.peer:22} {args.league:9} {task:10} {told}", flush=True)


# ---- memory ---------------------------------------------------------------------------------------------------------


def _reset_peak() -> bool:
    try:
        RESET.write_text("5")  # resets VmHWM
    except OSError:
        return False
    return True


def peak_mb() -> float:
    """Return the peak resident size of this process so far, or since the last reset."""
    if STATUS.exists():
        return _status_mb("VmHWM")
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _status_mb(*fields: str) -> float:
    lines = dict(line.split(":", 1) for line in STATUS.read_text().splitlines() if ":" in line)
    return sum(int(lines[field].split()[0]) for field in fields) * 1024 / 1e6


class _Sampler:
    """Watch the anonymous part of this process's memory from a thread, every 5 ms."""

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while STATUS.exists():
            self.peak_mb = max(self.peak_mb, _status_mb("RssAnon", "RssShmem"))
            if self._stop.wait(0.005):
                return

    def __enter__(self) -> _Sampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


if __name__ == "__main__":
    main()
