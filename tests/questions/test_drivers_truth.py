"""``drivers`` where the truth is known: a planted cause is found, and without one no more is found than was stated."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest

from dangol.questions.drivers import drivers
from tests.questions.crowds import crowd

RATE = 0.05  # the false-discovery rate that was asked for


def ask(runs: int, **made: Any) -> tuple[float, Counter[str]]:
    """The share of runs in which any behaviour holds; and how many behaviours there were of each evidence."""
    found = [drivers(crowd(seed=seed, **made), rate=RATE).table["evidence"] for seed in range(runs)]
    kinds = Counter(kind for one in found for kind in one)
    return float(np.mean([(one == "holds").any() for one in found])), kinds


def most(runs: int) -> float:
    """The stated rate and three standard errors of the simulation."""
    return RATE + 3 * math.sqrt(RATE * (1 - RATE) / runs)


@pytest.mark.slow
def test_nothing_is_found_where_the_outcome_has_nothing_to_do_with_behaviour() -> None:
    any_holds, kinds = ask(200, users=200, activity=0)
    assert any_holds <= most(200)
    assert kinds["none"] > 0.98 * kinds.total()


@pytest.mark.slow
@pytest.mark.parametrize("activity", [0.05, 0.2])
def test_activity_alone_makes_no_driver(activity: float) -> None:
    any_holds, kinds = ask(200, users=600, activity=activity)
    assert any_holds <= most(200)
    assert kinds["activity"] > 0.85 * kinds.total()


@pytest.mark.slow
@pytest.mark.parametrize("made", [{"users": 3000}, {"users": 3000, "rare": 0.05}], ids=["common", "rare"])
def test_nor_does_it_among_many_users_or_with_a_rare_outcome(made: dict[str, Any]) -> None:
    any_holds, kinds = ask(60, **made)
    assert any_holds <= most(60)
    assert kinds["activity"] > 0.4 * kinds.total()


@pytest.mark.slow
def test_a_planted_cause_is_found() -> None:
    """To invite at least twice within 3 days raises the chance to come back by 30 points (less where it reaches 1)."""
    firsts = [drivers(crowd(users=1500, seed=seed, plant=0.3)).table for seed in range(100, 120)]
    assert {table["event"].iloc[0] for table in firsts} == {"invite"}
    assert {table["evidence"].iloc[0] for table in firsts} == {"holds"}
    cells = Counter((int(table["count"].iloc[0]), int(table["days"].iloc[0])) for table in firsts)
    assert cells[2, 3] >= 16
    assert np.mean([table["adjusted_difference"].iloc[0] for table in firsts]) == pytest.approx(0.28, abs=0.03)
    assert sum((table["evidence"] == "holds").sum() - 1 for table in firsts) <= 2  # other behaviours
