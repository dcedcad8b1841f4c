"""How kernels are compiled and kept, tried out on a package of two kernels, one of which calls the other."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dangol.kernels import compile as compiling
from dangol.kernels.compile import kernel

INNER = "from .compile import kernel\n\n@kernel\ndef inner(x):\n    return x + {plus}\n"
OUTER = "from .compile import kernel\nfrom .inner import inner\n\n@kernel\ndef outer(x):\n    return inner(x)\n"
ASK = "from house.outer import outer; print(outer(1), *outer.stats.cache_hits.values())"


@pytest.fixture
def house(tmp_path: Path) -> Path:
    folder = tmp_path / "house"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "compile.py").write_text(Path(compiling.__file__).read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "inner.py").write_text(INNER.format(plus=1), encoding="utf-8")
    (folder / "outer.py").write_text(OUTER, encoding="utf-8")
    return folder


def ask(house: Path, **environment: str) -> list[int]:
    """Call the outer kernel in a process of its own; return the answer, and 1 where it came from the cache."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        env={**inherited, "PYTHONPATH": str(house.parent), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [int(word) for word in done.stdout.split()]


def test_a_kernel_is_compiled_once_and_again_when_a_kernel_it_calls_changes(house: Path) -> None:
    assert ask(house) == [2]
    assert ask(house) == [2, 1]
    (house / "inner.py").write_text(INNER.format(plus=100), encoding="utf-8")
    assert ask(house) == [101]
    assert ask(house) == [101, 1]


def test_where_no_folder_can_be_written_a_kernel_still_runs(house: Path) -> None:
    (house / "__pycache__").write_text("a file where a folder is wanted")
    nowhere = str(house / "outer.py" / "below a file")
    assert ask(house, NUMBA_CACHE_DIR=nowhere, XDG_CACHE_HOME=nowhere, HOME=nowhere, PYTHONDONTWRITEBYTECODE="1") == [2]


def test_a_kernel_is_compiled_at_its_first_call_and_keeps_its_name() -> None:
    @kernel
    def total(values: np.ndarray) -> int:
        """Add up."""
        found = 0
        for value in values:
            found += value
        return found

    assert total.signatures == []  # type: ignore[attr-defined]
    assert total(np.arange(5)) == 10
    assert len(total.signatures) == 1  # type: ignore[attr-defined]
    assert (total.__name__, total.__doc__) == ("total", "Add up.")
