"""Readers: from a file, several files or a table to records in file order, counted independently and nothing lost."""

from .opening import open_sources
from .source import RowProblem, Source

__all__ = ["RowProblem", "Source", "open_sources"]
