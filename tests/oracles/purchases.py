"""Purchases, the slow way: which events are orders, refunds and failed payments, and what money they move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from . import Event, histories


@dataclass(frozen=True)
class Roles:
    """The options that say what a purchase is."""

    event: str | None = None
    refund: str | None = None
    failed: str | None = None
    order: str | None = None

    def options(self, *names: str) -> dict[str, Any]:
        """Those of the options that a question takes."""
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Purchase:
    """An order, a refund or a failed payment; ``number`` names the order among those of its user, ``first`` says
    whether this is its first row, ``begun`` when that was; ``net`` is the money it adds."""

    event: Event
    role: str
    number: str
    first: bool
    begun: int
    net: float
    amount: float

    @property
    def time(self) -> int:
        return self.event.time


def role_of(event: Event, roles: Roles) -> str | None:
    """The role of an event; without a named order event, the sign of the amount decides."""
    amount = event.values["amount"]
    if event.name == roles.refund:
        return "refund"
    if event.name == roles.failed:
        return "failed"
    if roles.event is not None:
        return "order" if event.name == roles.event else None
    if amount is None or amount == 0:
        return None
    return "order" if amount > 0 else "refund"


def purchases(history: Sequence[Event], roles: Roles) -> list[Purchase]:
    """The purchases of one user, by time. Rows with the same id are one order; without an id a row is one."""
    found = []
    begun: dict[str, int] = {}
    for row, event in enumerate(history):
        role = role_of(event, roles)
        if role is None:
            continue
        amount = event.values["amount"] or 0.0
        number = event.values[roles.order] if roles.order is not None and role == "order" else None
        number = f"row {row}" if number is None else f"id {number}"
        first = role == "order" and number not in begun
        begun.setdefault(number, event.time)
        net = {"order": amount, "refund": -abs(amount), "failed": 0.0}[role]
        found.append(Purchase(event, role, number, first, begun[number], net, amount))
    return found


def by_user(events: Sequence[Event], as_of: int, roles: Roles) -> dict[str, list[Purchase]]:
    """The purchases of all users before ``as_of``; users without any have an empty list."""
    known = histories(event for event in events if event.time < as_of)
    return {user: purchases(history, roles) for user, history in known.items()}


def orders(found: Sequence[Purchase]) -> list[Purchase]:
    """The rows of orders."""
    return [one for one in found if one.role == "order"]
