"""A mapping proposed from the names and values of the columns, for a source that nobody has described yet."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from dangol.core.errors import InputError

from .load import Reading
from .stage import PLAIN_NUMBER

_ROWS: Final = 5_000
_TIMES: Final = re.compile(
    r"(19|20)\d\d[-/.년]? ?\d{1,2}.*|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})\b.*|\d{10}(\d{3}){0,3}(\.\d+)?"
)
# How much a column's name says for each role; the words are matched as parts of the name, in either language.
_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "user": (
        "user",
        "customer",
        "member",
        "visitor",
        "client",
        "account",
        "person",
        "case:concept:name",
        "case",
        "uid",
        "distinct_id",
        "고객",
        "회원",
        "사용자",
        "유저",
        "아이디",
    ),
    "event": (
        "event",
        "action",
        "activity",
        "concept:name",
        "type",
        "page",
        "visited",
        "이벤트",
        "행동",
        "활동",
        "구분",
    ),
    "time": (
        "timestamp",
        "time",
        "date",
        "datetime",
        "created",
        "occurred",
        "when",
        "일시",
        "시각",
        "날짜",
        "시간",
        "일자",
    ),
    "amount": ("amount", "revenue", "price", "value", "sales", "total", "금액", "매출", "가격"),
}


@dataclass(frozen=True)
class Proposal:
    """A mapping for a source, and what it was read from.

    Attributes:
        roles: role -> column (or, where no column names an event, a constant such as ``'event'``).
        missing: required roles for which no column fits.
        columns: every column with a few of its values.
    """

    source: str
    roles: dict[str, str]
    missing: tuple[str, ...]
    columns: dict[str, list[str]]

    def command(self, out: str) -> str:
        """The command that loads the source this way."""
        parts = ["dangol", "ingest", self.source]
        for role in ("user", "event", "time", "amount"):
            if role in self.roles:
                parts += [f"--{role}", self.roles[role]]
            elif role in self.missing:
                parts += [f"--{role}", "COLUMN"]
        return shlex.join([*parts, "--out", out])


def propose(source: object, reading: Reading | None = None) -> Proposal:
    """Propose which columns are user, event, time and amount.

    A name that says so counts most; the values must fit (times must look like times, amounts must be numbers).

    Raises:
        InputError: for a source that cannot be read or holds no rows.
    """
    opened = (reading or Reading()).open(source)[0]
    columns: dict[str, list[str]] = {name: [] for name in opened.schema.names}
    rows = 0
    for batch in opened.batches():
        for name, values in zip(batch.schema.names, batch.columns, strict=True):
            columns[name] += ["" if one is None else str(one) for one in values.slice(0, _ROWS - rows).to_pylist()]
        rows += batch.num_rows
        if rows >= _ROWS:
            break
    if not rows:
        raise InputError(f"{opened.name} holds no rows")
    roles: dict[str, str] = {}
    for role in ("time", "user", "event", "amount"):
        best = max(columns, key=lambda name: _score(role, name, columns[name], roles))
        if _score(role, best, columns[best], roles) > 0:
            roles[role] = best
    if "event" not in roles and {"user", "time"} <= set(roles):
        roles["event"] = "'event'"
    missing = tuple(role for role in ("user", "event", "time") if role not in roles)
    return Proposal(opened.name, roles, missing, {name: values[:5] for name, values in columns.items()})


def _score(role: str, name: str, values: Sequence[str], taken: dict[str, str]) -> float:
    """How well a column fits a role; 0 or less means not at all."""
    present = [value for value in values if value]
    if not present or name in taken.values():
        return 0.0
    lowered = name.casefold().replace(" ", "_")
    said = max((len(word) / len(lowered) + 1 for word in _WORDS[role] if word in lowered), default=0.0)
    return said * _fit(role, lowered, present)


def _fit(role: str, lowered: str, present: Sequence[str]) -> float:
    """How well the values fit, from 0 to 1."""
    distinct = len(set(present)) / len(present)
    numbers = sum(1 for value in present if re.fullmatch(PLAIN_NUMBER, value)) / len(present)
    times = sum(1 for value in present if _TIMES.fullmatch(value)) / len(present)
    if role == "time":
        return times if times > 0.5 else 0.0
    if role == "user":
        return 0.0 if times > 0.5 and not numbers else 0.5 + 0.5 * (distinct > 0.001)
    if role == "amount":
        return numbers if numbers > 0.9 else 0.0
    few = len(set(present)) <= max(50, 0.05 * len(present))
    return float(few) * (0.3 if numbers > 0.9 else 1.0) * (0.0 if lowered.endswith("id") else 1.0)


def preview(proposal: Proposal) -> list[tuple[str, str, Any]]:
    """Return (column, role, values) of every column, for a person to look at."""
    role_of = {column: role for role, column in proposal.roles.items()}
    return [(name, role_of.get(name, ""), ", ".join(values[:3])) for name, values in proposal.columns.items()]
