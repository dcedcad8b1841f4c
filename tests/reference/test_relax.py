"""Users with three login days within seven days, in the logins of a real service: found through ``funnel``.

Witness: the exercise that the data come from counts 1,602 adopted users with a strict 7-day window; 1,656 where the
third day may lie 7 days after the first (the data's README, and a naive loop below).
"""

from __future__ import annotations

import gzip
from collections import defaultdict
from datetime import date
from pathlib import Path

import pytest

import dangol as dg

LOGINS = Path(__file__).resolve().parents[3] / "shared" / "data" / "relax_logins" / "logins.csv.gz"


def naive(most_days: int) -> int:
    """Count the users with three different login days of which the last is at most ``most_days`` after the first."""
    days: dict[str, set[date]] = defaultdict(set)
    with gzip.open(LOGINS, "rt") as lines:
        next(lines)
        for line in lines:
            day, user, _ = line.split(",")
            days[user].add(date.fromisoformat(day[:10]))
    ordered = [sorted(one) for one in days.values()]
    return sum(
        any((third - first).days <= most_days for first, third in zip(one, one[2:], strict=False)) for one in ordered
    )


@pytest.mark.parametrize(("within", "most_days", "users"), [("6d", 6, 1_602), ("7d", 7, 1_656)])
def test_adopted_users(within: str, most_days: int, users: int) -> None:
    if not LOGINS.exists():
        pytest.skip("the optional folder ../shared/data with relax_logins/logins.csv.gz is absent")
    log = dg.ingest(
        LOGINS, user="user_id", event="'login'", time="time_stamp", zone="UTC", duplicates="drop", progress=False
    )
    result = dg.funnel(log, ["login", "login", "login"], within=within)
    assert naive(most_days) == users
    assert result.table["users"].iloc[-1] == users
    assert len(result.units(step=3)) == users
