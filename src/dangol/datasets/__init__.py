"""Data that ships with the package: real tables that may be shared."""

from .real import online_retail

__all__ = ["online_retail"]
