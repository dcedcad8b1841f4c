"""The questions: plain functions whose first argument is the log and whose answer is a ``Result``."""

from .flows import flows
from .funnel import funnel
from .overview import overview
from .retention import retention
from .sessions import sessions

__all__ = ["flows", "funnel", "overview", "retention", "sessions"]
