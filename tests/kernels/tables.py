"""Small tables of numbers that Hypothesis invents, and the real one that the books on clustering use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

RUSPINI = Path(__file__).parents[3] / "shared" / "data" / "small" / "ruspini.txt"


def ruspini() -> np.ndarray:
    if not RUSPINI.exists():
        pytest.skip("the optional folder ../shared/data with small/ruspini.txt is absent")
    return np.loadtxt(RUSPINI, skiprows=1)[:, 1:]


@st.composite
def tables(draw: st.DrawFn, least: int = 1, most: int = 12, whole: bool | None = None) -> np.ndarray:
    """Draw a table with ties and duplicates (whole numbers), or with any numbers; now and then all rows are equal."""
    size, features = draw(st.integers(least, most)), draw(st.integers(1, 3))
    whole = draw(st.booleans()) if whole is None else whole
    numbers = st.integers(-2, 3).map(float) if whole else st.floats(-1e3, 1e3, width=32)
    row = st.lists(numbers, min_size=features, max_size=features)
    if draw(st.integers(0, 9)) == 0:
        return np.array([draw(row)] * size)
    return np.array(draw(st.lists(row, min_size=size, max_size=size)))


def groups(seed: int, size: int, features: int, k: int, apart: float = 4.0) -> tuple[np.ndarray, np.ndarray]:
    """Make k round groups of unequal size; return the rows and whose each one is."""
    chance = np.random.default_rng(seed)
    owner = np.sort(chance.choice(k, size, p=chance.dirichlet(np.full(k, 5.0))))
    chance.shuffle(owner)
    return chance.normal(size=(k, features))[owner] * apart + chance.normal(size=(size, features)), owner
