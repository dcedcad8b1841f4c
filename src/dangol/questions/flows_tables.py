"""The tables of ``flows``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from dangol.core.durations import SECOND
from dangol.core.proportions import Floats, benjamini_hochberg, difference_p, newcombe, share
from dangol.core.result import Tables
from dangol.log.eventlog import EventLog

from .flows_moves import Codes, Ints, Moves, Rules
from .flows_paths import ARROW, Paths, Variants, Walk, variants

if TYPE_CHECKING:
    import pandas as pd

TESTED: Final = 5  # users of the two segments together from which on a move is tested


@dataclass(frozen=True)
class Answer:
    """What was counted, and what the tables are made of: ``pair`` are the codes of the two segments to compare."""

    log: EventLog
    rules: Rules
    walk: Walk
    moves: Moves
    pair: tuple[int, int] | None

    @property
    def names(self) -> list[str]:
        """The names of the events, by code."""
        return self.log.events

    @property
    def labels(self) -> tuple[str, ...] | None:
        """The names of the segments, by code."""
        return self.rules.cut.labels if self.rules.cut else None

    @cached_property
    def paths(self) -> Paths:
        """The steps after or before the anchor."""
        return Paths(self.log, self.rules, self.walk)

    @cached_property
    def units(self) -> Ints:
        """How many units each segment has."""
        starts = self.moves.starts
        return np.bincount(starts.segment, starts.count, minlength=self.rules.segments).astype(np.int64)

    @cached_property
    def differences(self) -> Differences:
        """The moves of the two segments, tested."""
        return Differences.of(self.moves, self.pair or (0, 0))

    def special(self, name: str) -> str:
        """Return a name for what is not an event, in brackets if an event is called that."""
        return f"({name})" if name in self.names else name

    @property
    def nothing(self) -> str:
        """The name for units that have no further event in the direction that is looked at."""
        return self.special("entry" if self.walk.backward else "exit")

    def level(self, step: int) -> list[str]:
        """Name the nodes of a step by place; step 0 is the anchor's own."""
        if step == 0:
            virtual = self.special("end" if self.walk.backward else "start")
            return [self.names[self.walk.anchor] if self.walk.anchor >= 0 else virtual]
        node = self.paths.node[step - 1]
        shown = np.flatnonzero(node < self.walk.top)
        texts = [""] * self.walk.top
        for code in shown:
            texts[node[code]] = self.names[code]
        return [*texts, self.special("other"), self.nothing]


@dataclass(frozen=True)
class Differences:
    """Moves with at least ``TESTED`` users in two segments, most certain first."""

    source: Ints
    target: Ints
    users: tuple[Ints, Ints]
    n: tuple[int, int]
    lower: Floats
    upper: Floats
    p: Floats
    q: Floats

    @property
    def rates(self) -> tuple[Floats, Floats]:
        """The share of each segment's users who make the move."""
        return share(self.users[0], self.n[0]), share(self.users[1], self.n[1])

    @property
    def difference(self) -> Floats:
        """The first segment's share less the second's."""
        return self.rates[0] - self.rates[1]

    @property
    def family(self) -> int:
        """How many tests were made."""
        return int(np.isfinite(self.p).sum())

    @classmethod
    def of(cls, moves: Moves, pair: tuple[int, int]) -> Differences:
        """Test each move: does the same share of the users of both segments make it?"""
        inner = moves.inner
        side = moves.boundary + 1
        number = inner.source * side + inner.target
        known = np.unique(number[np.isin(inner.segment, pair)])
        users = np.zeros((2, len(known)), np.int64)
        for line, segment in enumerate(pair):
            own = inner.segment == segment
            users[line, np.searchsorted(known, number[own])] = inner.users[own]
        kept = users.sum(axis=0) >= TESTED
        known, first, second = known[kept], users[0, kept], users[1, kept]
        n = (int(moves.people[pair[0]]), int(moves.people[pair[1]]))
        lower, upper = newcombe(first, n[0], second, n[1])
        p = difference_p(first, n[0], second, n[1])
        q = benjamini_hochberg(p)
        size = np.nan_to_num(np.abs(share(first, n[0]) - share(second, n[1])))
        order = np.lexsort((known, -size, np.nan_to_num(q, nan=2.0)))
        source, target = np.divmod(known[order], side)
        tested = (values[order] for values in (lower, upper, p, q))
        return cls(source, target, (first[order], second[order]), n, *tested)


def tables(answer: Answer) -> Tables:
    """Return the tables, to be made when they are looked at."""
    makers = {"edges": lambda: _edges(answer)}
    if answer.pair:
        makers["differences"] = lambda: _differences(answer)
    if answer.labels:
        makers["segments"] = lambda: _segments(answer)
    makers |= {
        "starts": lambda: _boundary(answer, answer.moves.starts, answer.moves.starts.target),
        "ends": lambda: _boundary(answer, answer.moves.ends, answer.moves.ends.source),
        "variants": lambda: _variants(answer, variants(answer.log, answer.rules)),
        "steps": lambda: _steps(answer),
        "sankey": lambda: _sankey(answer),
    }
    return Tables(makers)


def _edges(answer: Answer) -> pd.DataFrame:
    inner = answer.moves.inner
    inner = inner.pick(_by_count(answer, inner))
    rate = share(inner.count, leaving(answer.moves, inner))
    columns = _segment(answer, inner.segment)
    columns |= {"source": _texts(answer.names, inner.source), "target": _texts(answer.names, inner.target)}
    columns |= {"count": inner.count, "users": inner.users, "median_s": inner.median / SECOND, "rate": rate}
    return _frame(columns)


def leaving(moves: Moves, some: Moves) -> Ints:
    """Return, for each of some moves, how many moves leave its source in its segment, units that end there included."""
    side = moves.boundary + 1
    known, place = np.unique(moves.segment * side + moves.source, return_inverse=True)
    total = np.bincount(place, moves.count, minlength=len(known)).astype(np.int64)
    return total[np.searchsorted(known, some.segment * side + some.source)]


def _by_count(answer: Answer, some: Moves) -> Ints:
    """Order moves by segment, most frequent first, then by name."""
    rank = np.append(np.argsort(np.argsort(np.array(answer.names, dtype=object), kind="stable")), len(answer.names))
    return np.lexsort((rank[some.target], rank[some.source], -some.count, some.segment))


def _boundary(answer: Answer, some: Moves, event: Ints) -> pd.DataFrame:
    order = _by_count(answer, some)
    some, event = some.pick(order), event[order]
    columns = _segment(answer, some.segment) | {"event": _texts(answer.names, event)}
    rate = share(some.count, answer.units[some.segment])
    return _frame(columns | {"count": some.count, "users": some.users, "rate": rate})


def _segments(answer: Answer) -> pd.DataFrame:
    inner = answer.moves.inner
    number = np.bincount(inner.segment, inner.count, minlength=answer.rules.segments).astype(np.int64)
    people = answer.moves.people
    kept = np.flatnonzero(people)
    kept = kept[np.argsort(-people[kept], kind="stable")]
    columns = _segment(answer, kept) | {"users": people[kept]}
    if answer.rules.session:
        columns["sessions"] = answer.units[kept]
    return _frame(columns | {"moves": number[kept]})


def _variants(answer: Answer, found: Variants) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.compute as pc

    offsets = pa.array(np.concatenate([[0], found.ends]), pa.int32())
    words = pa.DictionaryArray.from_arrays(pa.array(found.codes), pa.array(answer.names, pa.string()))
    texts = pc.binary_join(pa.ListArray.from_arrays(offsets, words.cast(pa.string())), ARROW)
    missing = pa.nulls(len(found.count) - len(found.ends), texts.type)
    columns = _segment(answer, found.segment)
    columns["variant"] = pa.chunked_array([texts, missing]).to_pandas().astype("str")
    rate = share(found.count, answer.units[found.segment])
    columns |= {"count": found.count, "users": found.users, "rate": rate, "events": found.events}
    return _frame(columns)


def _steps(answer: Answer) -> pd.DataFrame:
    reached = answer.paths.reached
    whole = reached.sum(axis=(0, 1))
    whole[-1] = -1  # the row of those who have no further event comes last
    rank = np.argsort(np.argsort(np.array([*answer.names, ""], dtype=object), kind="stable"))
    codes = np.lexsort((rank, -reached.sum(axis=0)[0], whole < 0))
    codes = codes[whole[codes] != 0]
    kept = np.flatnonzero(reached[:, 0].sum(axis=1))
    segment, code = np.repeat(kept, len(codes)), np.tile(codes, len(kept))
    columns = _segment(answer, segment) | {"event": _texts([*answer.names, answer.nothing], code)}
    rates = share(reached, reached.sum(axis=2, keepdims=True))
    return _frame(columns | {str(step + 1): rates[segment, step, code] for step in range(answer.walk.steps)})


def _sankey(answer: Answer) -> pd.DataFrame:
    where = np.nonzero(answer.paths.links)
    number = answer.paths.links[where]
    order = np.lexsort((where[3], where[2], where[1], where[0]))
    segment, step, before, there = (place[order] for place in where)
    near, far = _level_texts(answer, step, before), _level_texts(answer, step + 1, there)
    source, target = (far, near) if answer.walk.backward else (near, far)
    columns = _segment(answer, segment) | {"step": step + 1, "source": _strings(source), "target": _strings(target)}
    return _frame(columns | {"count": number[order]})


def _level_texts(answer: Answer, step: Ints, place: Ints) -> npt.NDArray[Any]:
    texts = np.empty(len(step), dtype=object)
    for one in np.unique(step):
        texts[step == one] = np.array(answer.level(int(one)), dtype=object)[place[step == one]]
    return texts


def _differences(answer: Answer) -> pd.DataFrame:
    found = answer.differences
    rates = found.rates
    columns = {"source": _texts(answer.names, found.source), "target": _texts(answer.names, found.target)}
    for name, users, rate in zip("ab", found.users, rates, strict=True):
        columns |= {f"users_{name}": users, f"rate_{name}": rate}
    columns |= {"difference": found.difference, "lower": found.lower, "upper": found.upper, "p": found.p, "q": found.q}
    return _frame(columns)


def _segment(answer: Answer, code: Ints | Codes) -> dict[str, Any]:
    return {} if answer.labels is None else {"segment": _texts(answer.labels, code)}


def _texts(texts: list[str] | tuple[str, ...], code: Ints | Codes) -> Any:
    return _strings(np.array(texts, dtype=object)[code])


def _strings(texts: npt.NDArray[Any]) -> Any:
    import pandas as pd

    return pd.Series(texts, dtype="str")


def _frame(columns: Mapping[str, Any]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(dict(columns))
