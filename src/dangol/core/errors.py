"""Errors a person can act on: what is wrong, what was found, what to do."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable


class DangolError(Exception):
    """A problem the user can solve; its text is one clear sentence or a few. The command line exits with code 2."""


class InputError(DangolError):
    """An argument, a file or a value that cannot be used as given."""


class StoreError(DangolError):
    """A log on disk that is missing, damaged, or cannot be written."""


def unknown(kind: str, name: object, known: Iterable[str], where: str = "the log") -> InputError:
    """Build the error for a name that is not there, suggesting the nearest one.

    >>> print(unknown("event", "purchse", ["view", "cart", "purchase"]))
    event 'purchse' is not in the log; did you mean 'purchase'?
    >>> print(unknown("column", "x", ["a", "b"], where="orders.csv"))
    column 'x' is not in orders.csv; it has 'a', 'b'
    """
    names = list(known)
    text = str(name)
    lowered = {_letters(candidate): candidate for candidate in reversed(names)}
    close = difflib.get_close_matches(_letters(text), lowered, n=1, cutoff=0.6)
    if close:
        hint = f"did you mean {lowered[close[0]]!r}?"
    elif not names:
        hint = "there are none"
    else:
        more = f" and {len(names) - 8} more" if len(names) > 8 else ""
        hint = "it has " + ", ".join(repr(candidate) for candidate in names[:8]) + more
    return InputError(f"{kind} {text!r} is not in {where}; {hint}")


def _letters(text: str) -> str:
    """Take a name apart for comparing: small letters, and the letters that a Korean syllable is made of."""
    return unicodedata.normalize("NFD", text.casefold())


def choice(name: str, value: object, allowed: Iterable[str]) -> str:
    """Return ``value`` if it is allowed, else raise the error that names the allowed ones."""
    names = list(allowed)
    if not isinstance(value, str) or value not in names:
        raise InputError(f"{name}={value!r} is not known; use " + " or ".join(repr(one) for one in names))
    return value
