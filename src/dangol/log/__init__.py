"""The log: reading any export, checking it, keeping it sorted by user and time, and asking it block by block."""

from .eventlog import EventLog
from .ingest import append, ingest, open_log

__all__ = ["EventLog", "append", "ingest", "open_log"]
