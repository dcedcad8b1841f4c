"""Dangol: from raw behaviour logs to regulars.

Every name is loaded when it is first used, so that ``import dangol`` costs next to nothing: see ``help(dangol.ingest)``
for how to make a log, ``help(dangol.funnel)`` for a question to ask of it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final

__version__: Final = "0.1.0"

__all__ = [
    "DangolError",
    "EventLog",
    "InputError",
    "Result",
    "Segments",
    "StoreError",
    "__version__",
    "ask",
    "choose_clusters",
    "cluster",
    "datasets",
    "drivers",
    "flows",
    "funnel",
    "group_features",
    "ingest",
    "lifecycle",
    "open_log",
    "overview",
    "report",
    "repurchase",
    "retention",
    "rfm",
    "rhythm",
    "run",
    "sales",
    "sessions",
]

if TYPE_CHECKING:  # what editors and type checkers see; tests hold it equal to the table below
    from dangol import datasets
    from dangol.catalogue import ask
    from dangol.core.errors import DangolError, InputError, StoreError
    from dangol.core.result import Result
    from dangol.log.eventlog import EventLog
    from dangol.log.ingest import ingest, open_log
    from dangol.playbooks.run import run
    from dangol.questions.drivers import drivers
    from dangol.questions.flows import flows
    from dangol.questions.funnel import funnel
    from dangol.questions.lifecycle import lifecycle
    from dangol.questions.overview import overview
    from dangol.questions.repurchase import repurchase
    from dangol.questions.retention import retention
    from dangol.questions.rfm import rfm
    from dangol.questions.rhythm import rhythm
    from dangol.questions.sales import sales
    from dangol.questions.sessions import sessions
    from dangol.reports.report import report
    from dangol.segments.choose import choose_clusters
    from dangol.segments.cluster import cluster
    from dangol.segments.features import group_features
    from dangol.segments.segments import Segments
else:  # hidden from type checkers: to them a module with __getattr__ has every name, misspelt ones too
    _HOMES: Final = {
        "DangolError": "dangol.core.errors",
        "EventLog": "dangol.log.eventlog",
        "InputError": "dangol.core.errors",
        "Result": "dangol.core.result",
        "Segments": "dangol.segments.segments",
        "StoreError": "dangol.core.errors",
        "ask": "dangol.catalogue",
        "choose_clusters": "dangol.segments.choose",
        "cluster": "dangol.segments.cluster",
        "datasets": "dangol",
        "drivers": "dangol.questions.drivers",
        "flows": "dangol.questions.flows",
        "funnel": "dangol.questions.funnel",
        "group_features": "dangol.segments.features",
        "ingest": "dangol.log.ingest",
        "lifecycle": "dangol.questions.lifecycle",
        "open_log": "dangol.log.ingest",
        "overview": "dangol.questions.overview",
        "report": "dangol.reports.report",
        "repurchase": "dangol.questions.repurchase",
        "retention": "dangol.questions.retention",
        "rfm": "dangol.questions.rfm",
        "rhythm": "dangol.questions.rhythm",
        "run": "dangol.playbooks.run",
        "sales": "dangol.questions.sales",
        "sessions": "dangol.questions.sessions",
    }

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            # the two keywords let Python add "Did you mean: 'funnel'?"
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=sys.modules[__name__])
        home = _HOMES[name]
        found = import_module(f"{home}.{name}") if home == "dangol" else getattr(import_module(home), name)
        globals()[name] = found  # the next look-up does not come here
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
