"""Which events are purchases: by name, by the sign of the amount, and rows that share an order's id."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dangol.core.errors import InputError
from dangol.kernels.purchases import FAILED, ORDER, REFUND
from dangol.log.eventlog import EventLog
from dangol.questions.purchases import Purchases, listed, pick, purchases, told
from tests.logs import make_log

ROWS = [  # user, event, time, amount, order's id
    ("ann", "view", "2024-01-01 09:00", None, None),
    ("ann", "order", "2024-01-01 10:00", 10.0, "o1"),
    ("ann", "order", "2024-01-01 10:00", 5.0, "o1"),
    ("ann", "cancel", "2024-01-02 10:00", -5.0, "o1"),
    ("ann", "order", "2024-01-03 10:00", 7.0, None),
    ("ann", "order", "2024-01-03 11:00", 0.0, None),
    ("bea", "order", "2024-01-01 10:00", 20.0, "o1"),
    ("bea", "cancel", "2024-01-05 10:00", 4.0, "o2"),
    ("bea", "decline", "2024-01-06 10:00", 9.0, "o3"),
    ("cho", "view", "2024-01-01 10:00", None, None),
    ("dan", "order", "2024-01-01 10:00", None, "o2"),
    ("dan", "order", "2024-01-02 10:00", 1.0, "o2"),
]


def shop(rows: list[tuple[Any, ...]] = ROWS, block_events: int = 1 << 20, ids: bool = True) -> EventLog:
    properties: dict[str, list[Any]] = {"amount": [row[3] for row in rows]}
    if ids:
        properties["number"] = [row[4] for row in rows]
    attributes = {"plan": {row[0]: "free" for row in rows}}
    return make_log([row[:3] for row in rows], properties=properties, attributes=attributes, block_events=block_events)


def picked(log: EventLog, rules: Purchases) -> list[list[tuple[int, bool, float, float, bool]]]:
    """Per user: (role, first, net, amount, missing) of each purchase."""
    found = []
    for block in log.blocks(rules.columns):
        got = pick(block, rules)
        rows = list(
            zip(
                got.role.tolist(),
                got.first.tolist(),
                got.net.tolist(),
                got.amount.tolist(),
                got.missing.tolist(),
                strict=True,
            )
        )
        assert (np.diff(got.row) > 0).all()
        found += [rows[a:b] for a, b in zip(got.offsets[:-1], got.offsets[1:], strict=True)]
    return found


# counted by hand from ROWS
BY_NAME = [
    [
        (ORDER, True, 10.0, 10.0, False),
        (ORDER, False, 5.0, 5.0, False),  # a second row of order o1
        (REFUND, False, -5.0, -5.0, False),
        (ORDER, True, 7.0, 7.0, False),  # without an id, each row is an order
        (ORDER, True, 0.0, 0.0, False),
    ],
    [  # another user's o1 is another order; a refund written without sign is taken off all the same
        (ORDER, True, 20.0, 20.0, False),
        (REFUND, False, -4.0, 4.0, False),
        (FAILED, False, 0.0, 9.0, False),
    ],
    [],
    [(ORDER, True, 0.0, 0.0, True), (ORDER, False, 1.0, 1.0, False)],
]


@pytest.mark.parametrize("block_events", [1, 4, 1 << 20])
def test_named_events_and_orders_of_several_rows(block_events: int) -> None:
    log = shop(block_events=block_events)
    rules = purchases(log, "order", refund="cancel", failed=["decline"], order="number")
    assert rules.columns == ("time", "event", "amount", "number")
    assert picked(log, rules) == BY_NAME


def test_without_ids_every_row_is_an_order() -> None:
    log = shop()
    rules = purchases(log, ["order"])
    firsts = [[first for _, first, *_ in rows] for rows in picked(log, rules)]
    assert firsts == [[True] * 4, [True], [], [True] * 2]


def test_ids_that_are_never_missing() -> None:
    rows = [row for row in ROWS if row[4] is not None]
    log = shop(rows)
    rules = purchases(log, "order", order="number")
    assert not rules.has_none
    assert [[first for _, first, *_ in one] for one in picked(log, rules)] == [[True, False], [True], [True, False]]


def test_without_names_the_sign_of_the_amount_decides() -> None:
    log = shop()
    rules = purchases(log, None)
    assert rules.by_sign
    roles = [[(role, net) for role, _, net, *_ in rows] for rows in picked(log, rules)]
    assert roles[0] == [(ORDER, 10.0), (ORDER, 5.0), (REFUND, -5.0), (ORDER, 7.0)]  # neither 0 nor missing
    assert roles[1] == [(ORDER, 20.0), (ORDER, 4.0), (ORDER, 9.0)]
    assert roles[2:] == [[], [(ORDER, 1.0)]]
    mixed = purchases(log, None, refund="cancel", failed="decline")  # what is named is not judged by its sign
    assert [(role, net) for role, _, net, *_ in picked(log, mixed)[1]] == [(ORDER, 20.0), (REFUND, -4.0), (FAILED, 0.0)]


def test_a_log_without_amounts_knows_orders_by_name_alone() -> None:
    log = make_log([row[:3] for row in ROWS])
    rules = purchases(log, "order")
    assert not rules.priced
    assert [len(rows) for rows in picked(log, rules)] == [4, 1, 0, 2]
    assert all(net == 0 and not missing for rows in picked(log, rules) for _, _, net, _, missing in rows)
    with pytest.raises(InputError, match="name what a purchase is"):
        purchases(log, None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"event": "ordr"}, "did you mean 'order'"),
        ({"event": "order", "refund": "cancle"}, "did you mean 'cancel'"),
        ({"event": "order", "refund": "order"}, "both event and refund"),
        ({"event": "order", "refund": "cancel", "failed": ["decline", "cancel"]}, "both refund and failed"),
        ({"event": ["order", "order"]}, "both event and event"),
        ({"event": "order", "order": "nmber"}, "did you mean 'number'"),
        ({"event": "order", "order": "amount"}, "text column of events"),
        ({"event": "order", "order": "plan"}, "text column of events"),
    ],
)
def test_errors_say_what_to_do(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        purchases(shop(), **options)


def test_what_counted_is_said_in_both_languages() -> None:
    log = shop()
    rules = purchases(log, "order", refund=["cancel"], failed="decline")
    said = told(rules, "order", ["cancel"], "decline")
    assert said.write() == "orders: ‘order’; taken off: ‘cancel’; failed, never counted as money: ‘decline’"
    assert said.write("ko") == "주문: ‘order’, 차감: ‘cancel’, 결제 실패(매출에서 제외): ‘decline’"
    assert "above zero" in told(purchases(log, None), None, None, None).write()
    assert (listed(None), listed("a"), listed(("a", "b"))) == ([], ["a"], ["a", "b"])
