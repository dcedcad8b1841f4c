"""retentioneering: a toolkit, so it is asked through its own functions; it has no other formulation to choose.

It offers two of the five tasks as defined here: sessions (``split_sessions``, then ``get_metrics`` per session) and,
save for the median, flows: ``transition_graph_data`` gives pairs and users; its median time is cut to whole seconds,
so it is computed, timed and not compared. ``funnel_data`` has no window: only the first step is comparable. It has
neither cohort retention nor users per day.

It reports its use to its makers unless told not to; this module tells it not to before it is imported. It may live in
another environment: see ``RETENTIONEERING_PYTHON`` in ``benchmarks/run.py``. That is why this file imports little.
"""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import Any, Final

os.environ["RETENTIONEERING_NO_TRACK"] = "1"

import numpy as np
import pandas as pd
from retentioneering.eventstream import Eventstream

from benchmarks.definitions import STEPS, Answer, Peer

HOW: Final = {
    ("raw", "sessions"): "read_parquet, Eventstream, split_sessions('30m'), get_metrics",
    ("raw", "funnel"): "read_parquet, Eventstream, funnel_data (no window: not the same question)",
    ("raw", "flows"): "read_parquet, Eventstream, transition_graph_data three times (median in whole seconds)",
    ("prepared", "sessions"): "split_sessions('30m'), get_metrics on the Eventstream held",
    ("prepared", "funnel"): "funnel_data on the Eventstream held (no window: not the same question)",
    ("prepared", "flows"): "transition_graph_data three times on the Eventstream held (median in whole seconds)",
}
PREPARED_FORM: Final = "an Eventstream (a sorted pandas DataFrame)"
NOTES: Final = "funnel without a window and median in whole seconds: not compared; no retention, no users per day"


def open_peer(path: str, league: str, threads: int) -> Peer:
    """Open the file; in the league ``prepared`` also make the Eventstream. DuckDB, within, takes all cores."""
    assert threads >= 1
    held = _stream(path) if league == "prepared" else None

    def stream() -> Any:
        return held if held is not None else _stream(path)

    tasks = {
        "sessions": lambda: _sessions(stream()),
        "funnel": lambda: _funnel(stream()),
        "flows": lambda: _flows(stream()),
    }
    return Peer(tasks, f"retentioneering {version('retentioneering')}", NOTES)


def _stream(path: str) -> Any:
    frame = pd.read_parquet(path, columns=["user", "event", "time"])
    return Eventstream(frame, schema={"path_cols": ["user"], "event_col": "event", "timestamp_col": "time"})


def _sessions(stream: Any) -> Answer:
    split = stream.split_sessions(timeout="30m")
    each = split.get_metrics([{"metric": "length"}, {"metric": "duration"}], path_col="session_id")
    micros = np.rint(each["duration"].to_numpy() * 1e6).astype(np.int64)
    return [len(each), int((each["length"] == 1).sum()), int(micros.sum())]


def _funnel(stream: Any) -> Answer:
    steps = stream.funnel_data(steps=list(STEPS))["steps"]
    return [int(steps[0]["unique_paths"]), None, None]


def _flows(stream: Any) -> Answer:
    count, users, _ = (
        stream.transition_graph_data(edge_weight=what) for what in ("count", "unique_paths", "time_median")
    )
    events = [name for name in count.columns if not str(name).startswith("path_")]
    pairs = ((source, target, int(count.loc[source, target])) for source in events for target in events)
    return sorted([s, t, n, int(users.loc[s, t]), None] for s, t, n in pairs if n)
