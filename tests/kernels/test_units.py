"""Runs of users within units, and pairs within units, against dicts."""

from __future__ import annotations

import numpy as np

from dangol.kernels import units


def test_rows_are_put_into_runs_of_user_and_unit_in_order() -> None:
    chance = np.random.default_rng(3)
    offsets = np.concatenate([[0], np.cumsum(chance.integers(0, 9, 300))])
    unit = chance.integers(0, 7, offsets[-1]).astype(np.int32)
    runs = units.by_unit(offsets, unit, 7)
    expected: dict[tuple[int, int], list[int]] = {}
    for user in range(len(offsets) - 1):
        for row in range(offsets[user], offsets[user + 1]):
            expected.setdefault((user, int(unit[row])), []).append(row)
    keys = list(zip(runs.owner.tolist(), runs.unit.tolist(), strict=True))
    assert keys == list(expected)  # by user, then in the order in which units are met
    parts = np.split(runs.order, runs.offsets[1:-1])
    assert [part.tolist() for part in parts] == list(expected.values())


def test_pairs_are_counted_in_every_unit_that_they_share() -> None:
    chance = np.random.default_rng(4)
    of = [sorted(chance.choice(8, chance.integers(0, 5), replace=False).tolist()) for _ in range(60)]
    starts = np.concatenate([[0], np.cumsum([len(one) for one in of])])
    unit = np.array([one for some in of for one in some])
    kept, named = np.arange(8) < 4, np.arange(8) != 7
    first, second = chance.integers(0, 60, (2, 500))
    count = np.zeros(8, np.int64)
    fates = units.shared(first, second, starts, unit, kept, named, count)
    shared = [{one for one in of[a] if one in of[b] and named[one]} for a, b in zip(first, second, strict=True)]
    assert count.tolist() == [sum(one in some for some in shared) for one in range(8)]
    inactive = sum(not of[a] or not of[b] for a, b in zip(first, second, strict=True))
    stays = sum(any(kept[one] for one in some) for some in shared)
    left = sum(bool(some) for some in shared) - stays
    assert fates.tolist() == [inactive, 500 - inactive - stays - left, left, stays]
