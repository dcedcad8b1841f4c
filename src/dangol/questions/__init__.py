"""The questions: plain functions whose first argument is the log and whose answer is a ``Result``."""

from .drivers import drivers
from .flows import flows
from .funnel import funnel
from .lifecycle import lifecycle
from .overview import overview
from .repurchase import repurchase
from .retention import retention
from .rfm import rfm
from .rhythm import rhythm
from .sales import sales
from .sessions import sessions

__all__ = [
    "drivers",
    "flows",
    "funnel",
    "lifecycle",
    "overview",
    "repurchase",
    "retention",
    "rfm",
    "rhythm",
    "sales",
    "sessions",
]
