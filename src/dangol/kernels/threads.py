"""Threads: how many there may be, and kernels that share the rows of a table between them."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Final

import numpy as np

ALONE: Final = 1000  # fewer rows are not worth a second thread


def cores() -> int:
    """Count the processor's cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def in_threads(size: int, work: Callable[[int, int], None]) -> None:
    """Have ``work(first, last)`` done for ranges that make up ``size`` rows, as many at once as there are cores."""
    threads = cores() if size >= ALONE else 1
    if threads == 1:
        work(0, size)
        return
    bounds = np.linspace(0, size, 4 * threads + 1).astype(np.int64).tolist()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda ends: work(*ends), pairwise(bounds)))
