"""``Block``: a slice of whole users, and the filters that a view applies to it."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from dangol.kernels import views

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

OPERATORS: Final = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Block:
    """Some whole users and their events.

    Attributes:
        users: each user's position in the log, ascending.
        offsets: user ``i`` has the rows ``offsets[i]`` up to, not including, ``offsets[i + 1]`` of the event columns.
        columns: event columns (one value per row) and user columns (one value per user) by name. Text is codes
            (int32), times are microseconds UTC (int64).
    """

    users: Ints
    offsets: Ints
    columns: Mapping[str, npt.NDArray[Any]]

    @property
    def time(self) -> Ints:
        """The time of each event, microseconds UTC; never falling within a user."""
        return self.columns["time"]

    @property
    def event(self) -> npt.NDArray[np.int32]:
        """The code of each event's name."""
        return self.columns["event"]


@dataclass(frozen=True)
class Compare:
    """Keep the rows whose value in ``column`` compares with ``value``; for text, those whose code is in ``codes``."""

    column: str
    op: str
    value: Any
    allowed: Mask | None = None  # text columns: one flag per code of the dictionary

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns that the filter reads."""
        return (self.column,)

    def mask(self, columns: Mapping[str, npt.NDArray[Any]]) -> Mask:
        """Flag the rows to keep."""
        values = columns[self.column]
        kept: Mask
        if self.allowed is not None:
            kept = self.allowed[values]
        elif self.value is None:  # a number that is missing
            kept = np.isnan(values) == (self.op == "==")
        elif self.op in ("in", "not in"):
            kept = np.isin(values, self.value, invert=self.op == "not in")
        else:
            kept = OPERATORS[self.op](values, self.value)
        return kept

    def describe(self) -> str:
        """Write the condition as a person would."""
        return f"{self.column} {self.op} {self.value!r}"


@dataclass(frozen=True)
class Matches:
    """Keep the rows for which a pyarrow expression over the columns is true; null counts as false."""

    expression: pc.Expression
    needs: tuple[str, ...]
    dictionaries: Mapping[str, Any]  # column -> the text of each code

    def mask(self, columns: Mapping[str, npt.NDArray[Any]]) -> Mask:
        """Flag the rows to keep."""
        import pyarrow.compute as pc

        keep = pc.fill_null(self.evaluate(columns), False).combine_chunks()
        return np.asarray(keep.to_numpy(zero_copy_only=False), dtype=np.bool_)

    def evaluate(self, columns: Mapping[str, npt.NDArray[Any]]) -> pa.ChunkedArray:
        """Compute the expression, row by row."""
        import pyarrow as pa
        from pyarrow import acero

        arrays: dict[str, Any] = {}
        for name in self.needs:
            if name in self.dictionaries:
                arrays[name] = self.dictionaries[name].take(pa.array(columns[name]))
            elif name == "time":
                arrays[name] = pa.array(columns[name]).cast(pa.timestamp("us", "UTC"))
            else:
                arrays[name] = pa.array(columns[name], from_pandas=True)
        source = acero.Declaration("table_source", acero.TableSourceNodeOptions(pa.table(arrays)))
        project = acero.Declaration("project", acero.ProjectNodeOptions([self.expression], ["keep"]), [source])
        return project.to_table(use_threads=False).column("keep")

    def describe(self) -> str:
        """Write the condition as pyarrow writes it."""
        return str(self.expression)


Filter = Compare | Matches


def compacted(block: Block, mask: Mask, per_user: frozenset[str]) -> Block:
    """Keep the rows that ``mask`` flags, and the users who still have any."""
    offsets = views.kept_offsets(block.offsets, mask)
    kept = np.flatnonzero(np.diff(offsets))
    columns = {
        name: values[kept] if name in per_user else views.compact(values, mask, int(offsets[-1]))
        for name, values in block.columns.items()
    }
    return Block(block.users[kept], np.append(offsets[kept], offsets[-1]), columns)


def chosen(block: Block, keep: Mask, per_user: frozenset[str]) -> Block:
    """Keep the users that ``keep`` flags, with all their rows."""
    if keep.all():
        return block
    return compacted(block, np.repeat(keep, np.diff(block.offsets)), per_user)
