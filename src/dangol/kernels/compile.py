"""The one place where numba is asked for: how every kernel is compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a loop over arrays at its first call, keep it on disk, and let other threads run beside it.

    The type of the function is kept, so that callers are checked as if it were plain Python.
    """
    return cast("Callable[P, R]", numba.njit(cache=True, nogil=True)(function))
