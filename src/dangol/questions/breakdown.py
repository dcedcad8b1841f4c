"""``by=``: cutting an answer by a property of users or of events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dangol.core.errors import InputError
from dangol.log.block import Block
from dangol.log.eventlog import EventLog

NONE_LABEL: Final = "(none)"
_MOST_NUMBERS: Final = 50


@dataclass(frozen=True)
class Breakdown:
    """The segments of a column: plain data, so that a scan can take it along.

    Attributes:
        column: the column's name.
        per_user: whether it has one value per user (else one per event).
        labels: the name of each segment, in the order of their codes.
        values: for a number column, the distinct values, ascending, that the codes stand for; else None.
    """

    column: str
    per_user: bool
    labels: tuple[str, ...]
    values: npt.NDArray[np.float64] | None = None

    @property
    def size(self) -> int:
        """How many segments there are."""
        return len(self.labels)


def breakdown(log: EventLog, by: str | None) -> Breakdown | None:
    """Prepare ``by``: a text column as it is, a number column with at most 50 different values.

    Raises:
        InputError: for an unknown column (nearest name suggested), times, ids, or too many different numbers.
    """
    if by is None:
        return None
    column = log.column(by)
    per_user = column.level == "user"
    if column.kind == "text":
        names = log.names(by)
        none = f"({NONE_LABEL})" if NONE_LABEL in names else NONE_LABEL
        return Breakdown(by, per_user, tuple(none if name is None else name for name in names))
    if column.kind != "number":
        raise InputError(f"by={by!r} holds {column.kind}s; break down by a text column or a number with few values")
    values = log.run(_distinct, _together, columns=(by,), column=by)
    if len(values) > _MOST_NUMBERS:
        raise InputError(
            f"by={by!r} has more than {_MOST_NUMBERS} different numbers; make bands of it before ingesting, "
            f"for example --properties with a CASE expression"
        )
    labels = [f"{value:g}" for value in values]
    return Breakdown(by, per_user, (*labels, NONE_LABEL), values)


def segment_at(block: Block, cut: Breakdown, rows: npt.NDArray[np.int64] | None, units: npt.NDArray[np.int64]) -> Any:
    """Return the segment code of some units.

    Args:
        block: the block; its columns must include ``cut.column``.
        cut: the breakdown.
        rows: for an event column, the row whose value counts for each unit; None takes every row of the block.
        units: for a user column, each unit's user, as a position within the block.
    """
    values = block.columns[cut.column]
    picked = values[units] if cut.per_user else (values if rows is None else values[rows])
    if cut.values is None:
        return picked
    codes = np.searchsorted(cut.values, picked)
    return np.where(np.isnan(picked), cut.size - 1, np.minimum(codes, cut.size - 1)).astype(np.int32)


def _distinct(block: Block, *, column: str) -> npt.NDArray[np.float64]:
    values = np.unique(block.columns[column].astype(np.float64))
    return values[~np.isnan(values)][: _MOST_NUMBERS + 1]


def _together(parts: Sequence[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    return np.unique(np.concatenate(parts))
