"""The command line: ``dangol``. Questions come from the catalogue; errors are one sentence and exit code 2."""

from .app import main

__all__ = ["main"]
