"""The tables of ``profile``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from dangol.core.proportions import share
from dangol.core.result import Tables

from .profile_events import Activity
from .profile_tests import EVIDENCE, Compared
from .segments import Segments

if TYPE_CHECKING:
    import pandas as pd

Ints = npt.NDArray[np.int64]

FEW: Final = 30  # units of a segment below which the evidence is called weak
_EACH: Final = 3  # rows of a segment in the short table
_UNTOLD: Final = 4
_RANK: Final = {"holds": 0, "small": 1, "made": 2, "related": 3, "none": _UNTOLD, "few": _UNTOLD}  # in the short table
_SHORT: Final = ("segment", "feature", "mean", "mean_rest", "index", "difference", "lower", "upper", "q", "evidence")


@dataclass(frozen=True, eq=False)
class Profiled:
    """Segments compared: with what the log tells of them, and the columns that were not compared, by reason."""

    segments: Segments
    compared: Compared
    activity: Activity | None
    left_out: Mapping[str, Sequence[str]]

    @property
    def sizes(self) -> Ints:
        """How many units each segment has."""
        return np.array(list(self.segments.sizes.values()), np.int64)

    @cached_property
    def telling(self) -> Ints:
        """The differences that hold, the surest first: (variable, segment).

        By the end of the interval that is nearer 0; those of segments with few units come after all others.
        """
        found = self.compared
        rows, columns = np.nonzero(found.evidence == EVIDENCE.index("holds"))
        nearest = np.minimum(np.abs(found.lower[rows, columns]), np.abs(found.upper[rows, columns]))
        nearest = np.where(found.lower[rows, columns] * found.upper[rows, columns] > 0, nearest, 0.0)
        order = np.lexsort((columns, rows, -nearest, found.inside.n[rows, columns] < FEW))
        return np.column_stack([rows[order], columns[order]])


def tables(told: Profiled) -> Tables:
    """Return the tables, to be made when they are looked at."""
    made = {
        "profile": partial(_profile, told),
        "most": partial(_most, told),
        "segments": partial(_segments, told),
        "attributes": partial(_attributes, told),
    }
    if told.activity is not None:
        made["events"] = partial(_events, told, told.activity)
    return Tables(made)


def _profile(told: Profiled) -> pd.DataFrame:
    """Every variable in every segment, segment by segment."""
    import pandas as pd

    found = told.compared
    variables, size = found.variables, len(told.segments.names)

    def texts(values: Iterable[Any]) -> pd.Series[Any]:
        return pd.Series(list(values), dtype="str")

    def flat(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return values.T.ravel()

    columns: dict[str, Any] = {
        "segment": texts(np.repeat(np.array(told.segments.names, object), len(variables))),
        "feature": texts([one.shown for one in variables] * size),
        "kind": texts([one.kind for one in variables] * size),
        "n": flat(found.inside.n).astype(np.int64),
        "median": flat(found.median),
        "median_rest": flat(found.median_rest),
        "mean": flat(found.inside.mean),
        "mean_rest": flat(found.rest.mean),
        "index": flat(found.index),
        **{name: flat(getattr(found, name)) for name in ("difference", "lower", "upper", "p", "q", "p_ranks")},
        "made_clusters": np.array([one.made for one in variables] * size, np.bool_),
        "related_to": pd.Series([one.related for one in variables] * size, dtype="object"),
        "evidence": texts(np.array(EVIDENCE, object)[flat(found.evidence)]),
    }
    return pd.DataFrame(columns)


def _most(told: Profiled) -> pd.DataFrame:
    """Of each segment the largest differences that hold; where there are fewer than three, what made it comes after."""
    found, whole = told.compared, _profile(told)
    size = np.nan_to_num(np.abs(found.difference), nan=-1.0)
    group = np.array([_RANK[one] for one in EVIDENCE])[found.evidence]
    rows: list[int] = []
    for segment in range(len(told.segments.names)):
        order = np.lexsort((-size[:, segment], group[:, segment]))
        best = order[group[order, segment] < _UNTOLD][:_EACH]
        rows += (segment * len(order) + best).tolist()
    short: pd.DataFrame = whole.iloc[rows].reset_index(drop=True)[list(_SHORT)]
    return short


def _segments(told: Profiled) -> pd.DataFrame:
    import pandas as pd

    sizes = told.sizes
    columns: dict[str, Any] = {
        "segment": pd.Series(told.segments.names, dtype="str"),
        "units": sizes,
        "share": share(sizes, sizes.sum()),
    }
    if told.activity is not None:
        columns["users"] = _summed(told, told.activity.users)
    return pd.DataFrame(columns)


def _summed(told: Profiled, counts: npt.NDArray[Any]) -> Ints:
    """Add up counts of units by segment, each column on its own."""
    size, columns = len(told.segments.names), counts.reshape(len(counts), -1).T
    total = np.array([np.bincount(told.segments.codes, one, size) for one in columns]).reshape(len(columns), size)
    whole: Ints = np.rint(total.T).astype(np.int64).reshape(size, *counts.shape[1:])
    return whole


def _events(told: Profiled, activity: Activity) -> pd.DataFrame:
    """Every event in every segment: how often, and how many of the active users have it."""
    whole = _profile(told)
    part = whole[whole["kind"] == "event"].reset_index(drop=True)
    users, having = _summed(told, activity.users), _summed(told, activity.having)
    rest, having_rest = users.sum() - users, having.sum(axis=0) - having
    part = part.rename(columns={"feature": "event"})
    part["users"] = np.repeat(users, len(activity.names))
    part["share"] = share(having, users[:, None]).ravel()
    part["share_rest"] = share(having_rest, rest[:, None]).ravel()
    shown: pd.DataFrame = part[["segment", "event", "n", "users", "mean", "mean_rest", "index", "share", "share_rest"]]
    return shown


def _attributes(told: Profiled) -> pd.DataFrame:
    """Every attribute in every segment, as shares and their difference."""
    import pandas as pd

    found, names = told.compared, np.array(told.segments.names, object)
    places = np.flatnonzero([one.kind == "attribute" for one in found.variables])
    columns: dict[str, Any] = {
        "segment": pd.Series(np.repeat(names, len(places)), dtype="str"),
        "feature": pd.Series([found.variables[place].name for place in places] * len(names), dtype="str"),
        "value": pd.Series([found.variables[place].value for place in places] * len(names), dtype="str"),
        "n": found.inside.n[places].T.ravel().astype(np.int64),
    }
    numbers = {
        "share": found.inside.mean,
        "share_rest": found.rest.mean,
        "share_difference": found.gap,
        "share_lower": found.gap_lower,
        "share_upper": found.gap_upper,
        "p": found.p,
        "q": found.q,
    }
    return pd.DataFrame({**columns, **{name: values[places].T.ravel() for name, values in numbers.items()}})
