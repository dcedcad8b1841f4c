"""Which events are purchases: read once for ``rfm``, ``repurchase`` and ``sales``, so that their numbers agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dangol.core.errors import InputError
from dangol.core.words import Sentence
from dangol.kernels import purchases as kernels
from dangol.log.block import Block
from dangol.log.eventlog import EventLog

Events = str | Sequence[str] | None

_NO_AMOUNT: Final = np.empty(0, np.float64)
_NO_ORDER: Final = np.empty(0, np.int32)


@dataclass(frozen=True)
class Purchases:
    """Which events are orders, refunds and failed payments: plain data, so that a scan can take it along.

    ``roles`` has the role of each event code, ``order`` names the column of the order's id, ``orders`` is how many ids
    there are; ``has_none`` whether the id's code 0 stands for 'no value'.
    """

    roles: npt.NDArray[np.int8]
    priced: bool
    order: str | None
    orders: int
    has_none: bool
    by_sign: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """What a scan must read."""
        return ("time", "event", *(("amount",) if self.priced else ()), *((self.order,) if self.order else ()))


def purchases(
    log: EventLog, event: Events, *, refund: Events = None, failed: Events = None, order: str | None = None
) -> Purchases:
    """Read which events are purchases.

    Without ``event``, every event with an amount above zero is an order, and every event with an amount below zero a
    refund. With it, the events named are orders, whatever their amount.

    Raises:
        InputError: for an unknown event, an event with two roles, no way to tell what a purchase is, or an ``order``
            that is no text column of events.
    """
    priced = any(column.name == "amount" and column.kind == "number" for column in log.columns)
    if event is None and not priced:
        raise InputError(
            "this log has no amounts, so name what a purchase is: event='order' (--event order), or ingest with amount="
        )
    names = log.events
    roles = np.full(len(names), kernels.NEITHER if event is not None else kernels.BY_SIGN, np.int8)
    taken: dict[str, str] = {}
    given = {"event": (event, kernels.ORDER), "refund": (refund, kernels.REFUND), "failed": (failed, kernels.FAILED)}
    for word, (asked, role) in given.items():
        for name in listed(asked, word):
            if name in taken:
                raise InputError(f"event {name!r} is both {taken[name]} and {word}; name it once")
            taken[name] = word
            roles[log.code("event", name)] = role
    size, has_none = 0, False
    if order is not None:
        column = log.column(order)
        if column.kind != "text" or column.level != "event":
            raise InputError(f"order={order!r} must be a text column of events that holds the order's id")
        ids = log.contents.dictionary(order)  # of many orders, so it is not made a list
        size, has_none = len(ids) + 1, ids.null_count > 0
    return Purchases(roles, priced, order, size if order else 1, has_none, event is None)


def listed(asked: Events, word: str = "event") -> list[str]:
    """Return one or several names as a list.

    Raises:
        InputError: for what is neither a text nor a list of texts, or an empty list.
    """
    if asked is None:
        return []
    names = [asked] if isinstance(asked, str) else list(asked) if isinstance(asked, list | tuple | np.ndarray) else []
    if not names or not all(isinstance(one, str) for one in names):
        raise InputError(f"{word}={asked!r} must be the name of an event, or a list of names, such as ['order']")
    return [str(one) for one in names]


def pick(block: Block, rules: Purchases) -> kernels.Picked:
    """Pick the purchases of a block; see ``kernels.purchases.Picked``."""
    amount = np.asarray(block.columns["amount"], np.float64) if rules.priced else _NO_AMOUNT
    order = _NO_ORDER
    if rules.order is not None:
        codes = block.columns[rules.order]
        order = codes if rules.has_none else codes + np.int32(1)  # 0 is kept for 'no id'
    return kernels.pick(
        read_only(block.offsets),
        read_only(block.event),
        read_only(amount),
        read_only(order),
        rules.roles,
        rules.orders,
    )


def told(rules: Purchases, event: Events, refund: Events, failed: Events) -> Sentence:
    """Say what counted as a purchase, for an answer's ``how``."""
    if rules.by_sign:
        en = "orders: events with an amount above zero; refunds: those with one below zero"
        ko = "주문: 금액이 0보다 큰 이벤트, 환불: 금액이 0보다 작은 이벤트"
    else:
        en, ko = "orders: {event}", "주문: {event}"
    if refund is not None:
        en, ko = en + "; taken off: {refund}", ko + ", 차감: {refund}"
    if failed is not None:
        en, ko = en + "; failed, never counted as money: {failed}", ko + ", 결제 실패(매출에서 제외): {failed}"
    values = {"event": _named(event), "refund": _named(refund), "failed": _named(failed)}
    return Sentence(en, ko, values)


def _named(asked: Events) -> str:
    return ", ".join(f"‘{name}’" for name in listed(asked))


def read_only(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the same values, unwritable as those of a mapped log are: the kernel compiles once for all cases."""
    same = values.view()
    same.flags.writeable = False
    return same
