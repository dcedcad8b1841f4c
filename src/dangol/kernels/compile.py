"""The one place where numba is asked for: how every kernel is compiled, and when a compiled one is out of date."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Compile a loop over arrays at its first call, keep it on disk, and let other threads run beside it.

    The type of the function is kept, so that callers are checked as if it were plain Python. Nothing is compiled at
    import. Kernels may call kernels; small ones are inlined by the compiler, so there is no second decorator for that.
    """
    try:
        compiled = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:
        # Neither the package's folder nor the user's cache can be written (a read-only container without a home):
        # every process then compiles for itself, which is slow but right.
        return cast("Function", numba.njit(nogil=True)(function))
    _forget_outdated(compiled.stats.cache_path)
    return cast("Function", compiled)


@cache
def _forget_outdated(folder: str) -> None:
    """Remove from a cache folder, once per process, what was compiled from other sources than the present ones.

    numba compares only the file of the kernel itself, while the code of the kernels that it calls is compiled into it:
    after an upgrade that changes a called kernel in another file, the old numbers would come back without a word.
    """
    sources = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        sources.update(file.read_bytes())
    mark = Path(folder) / "kernels.sha256"
    if mark.exists() and mark.read_text() == sources.hexdigest():
        return
    for index in Path(folder).glob("*.nbi"):  # without its index, the code beside it is never loaded
        index.unlink(missing_ok=True)  # another process may be doing the same
    mark.write_text(sources.hexdigest())
