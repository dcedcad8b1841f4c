"""The table of pairs against a dict."""

from __future__ import annotations

import numpy as np

from dangol.kernels import pairs
from dangol.kernels.flows import select


def test_rows_are_found_by_their_pair_however_often_the_table_grows() -> None:
    chance = np.random.default_rng(5)
    more = np.column_stack([chance.integers(0, 200, 60_000), chance.integers(-150, 150, 60_000), np.ones(60_000)])
    expected: dict[tuple[int, int], int] = {}
    for first, second, _ in more.astype(np.int64).tolist():
        expected[first, second] = expected.get((first, second), 0) + 1
    table = pairs.new_table(4)
    for part in np.array_split(more.astype(np.int64), 7):
        table = pairs.absorb(table, np.column_stack([part, part[:, 1]]), 3)
    rows = pairs.taken(table)
    assert {(first, second): number for first, second, number, _ in rows.tolist()} == expected
    assert (rows[:, 3] == rows[:, 1]).all()  # kept from the first, not summed
    assert len(rows) > 2048  # the table was made for as many, and has grown
    for row, (first, second, *_) in enumerate(rows.tolist()):
        assert pairs.find(table, first, second, 0) == row
    assert pairs.find(table, 0, 999, 0) == -1
    assert pairs.find(pairs.no_table(), 3, 4, 10) == 34


def test_select_in_every_order() -> None:
    up = np.arange(2000)
    pipe = np.concatenate([up, up[::-1]])
    for values in (up, up[::-1].copy(), pipe, np.zeros(3000, np.int64), np.random.default_rng(1).permutation(pipe)):
        for rank in (0, 1, len(values) // 2, len(values) - 1):
            moves = np.zeros(len(values), np.int32)
            lower, upper = select(values.astype(np.int64), moves, np.array([rank, 0]))
            ordered = np.sort(values)
            assert lower.tolist() == [ordered[rank], -1]
            assert upper[0] == (ordered[rank + 1] if rank + 1 < len(values) else -1)
