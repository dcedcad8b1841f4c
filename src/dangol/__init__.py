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
    "StoreError",
    "__version__",
    "ask",
    "flows",
    "funnel",
    "ingest",
    "open_log",
    "overview",
    "retention",
    "sessions",
]

if TYPE_CHECKING:  # what editors and type checkers see; tests hold it equal to the table below
    from dangol.catalogue import ask
    from dangol.core.errors import DangolError, InputError, StoreError
    from dangol.core.result import Result
    from dangol.log.eventlog import EventLog
    from dangol.log.ingest import ingest, open_log
    from dangol.questions.flows import flows
    from dangol.questions.funnel import funnel
    from dangol.questions.overview import overview
    from dangol.questions.retention import retention
    from dangol.questions.sessions import sessions
else:  # hidden from type checkers: to them a module with __getattr__ has every name, misspelt ones too
    _HOMES: Final = {
        "DangolError": "dangol.core.errors",
        "EventLog": "dangol.log.eventlog",
        "InputError": "dangol.core.errors",
        "Result": "dangol.core.result",
        "StoreError": "dangol.core.errors",
        "ask": "dangol.catalogue",
        "flows": "dangol.questions.flows",
        "funnel": "dangol.questions.funnel",
        "ingest": "dangol.log.ingest",
        "open_log": "dangol.log.ingest",
        "overview": "dangol.questions.overview",
        "retention": "dangol.questions.retention",
        "sessions": "dangol.questions.sessions",
    }

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            # the two keywords let Python add "Did you mean: 'funnel'?"
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=sys.modules[__name__])
        found = getattr(import_module(_HOMES[name]), name)
        globals()[name] = found  # the next look-up does not come here
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
