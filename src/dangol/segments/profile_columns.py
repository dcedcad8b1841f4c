"""What a units' table knows: its numbers and attributes as variables, and which of them follow the features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from dangol.core.errors import InputError, unknown
from dangol.log.eventlog import EventLog

from .profile_events import MOST_VALUES, split, user_attribute
from .profile_tests import Variable, ranks
from .segments import Segments
from .units import AS_OF, is_text

if TYPE_CHECKING:
    import pyarrow as pa

Floats = npt.NDArray[np.float64]

CLOSE: Final = 0.9  # correlation with a feature from which a variable is taken to follow it
_LEAST: Final = 3  # units that a correlation needs
_WEIGHT: Final = 0.2  # of a feature, below which it is not named as one of those that make up a variable


class Columns(NamedTuple):
    """Variables of a table: the features first; and the columns that are none, by reason."""

    variables: list[Variable]
    left_out: dict[str, list[str]]


def read_columns(segments: Segments, attributes: Sequence[str] | None, log: EventLog | None) -> Columns:
    """Read every column of the units' table that can be compared, and the attributes that were asked for.

    Raises:
        InputError: for an attribute that is nowhere, or none.
    """
    units, found = segments.units, Columns([], {})
    asked = (
        None if attributes is None else list(dict.fromkeys([attributes] if isinstance(attributes, str) else attributes))
    )
    for place, name in enumerate(units.features):
        if units.categorical[place]:
            texts, shares = _coded(units.table.column(name))
            found.variables.extend(split(name, texts, shares, yes_no=True, made=True))
        else:
            found.variables.append(Variable(name, "feature", units.values[:, place], made=True))
    known = {*units.features, units.unit, AS_OF}
    others = [name for name in dict.fromkeys(units.table.column_names) if name not in known]
    for name in others:
        if asked is None or name not in asked:
            _add(found, segments, name, attributes=asked is None)
    for name in asked or ():
        found.variables.extend(_attribute(segments, name, log))
    return found


def _add(found: Columns, segments: Segments, name: str, *, attributes: bool) -> None:
    """Add a column as a number or, where these are wanted, as an attribute; or say why it is neither."""
    import pyarrow as pa

    column = segments.units.table.column(name)
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if column.null_count == len(column):
        found.left_out.setdefault("empty", []).append(name)
    elif (values := _numbers(segments, name)) is not None:
        known = values[np.isfinite(values)]
        if len(known) < 2 or known.min() == known.max():
            found.left_out.setdefault("same", []).append(name)
        else:
            known_alone = np.where(np.isfinite(values), values, np.nan)
            found.variables.append(Variable(name, "feature", known_alone, yes_no=bool(np.isin(known, (0, 1)).all())))
    elif not is_text(kind):
        found.left_out.setdefault("kind", []).append(name)
    elif attributes:
        texts, shares = _coded(column, MOST_VALUES)
        if 2 <= len(texts) <= MOST_VALUES:
            found.variables.extend(split(name, texts, shares, yes_no=True))
        else:
            found.left_out.setdefault("same" if len(texts) < 2 else "many", []).append(name)


def _numbers(segments: Segments, name: str) -> Floats | None:
    """Return a column as numbers, or None; codes with leading zeros, such as 007, are no numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = segments.units.table.column(name)
    try:
        values = segments.units.number(name)
    except InputError:
        return None
    if is_text(column.type) and pc.any(pc.match_substring_regex(column.cast(pa.string()), r"^\s*0\d")).as_py():
        return None
    return values


def _coded(column: pa.ChunkedArray, most: int | None = None) -> tuple[list[str | None], Floats]:
    """Return the different texts of a column, missing last, and 1 or 0 for each unit and text; too many: no numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = column.cast(pa.string())
    texts = pc.if_else(pc.equal(texts, ""), None, texts)
    names: list[str | None] = sorted(pc.unique(texts).drop_null().to_pylist())
    names += [None] * bool(texts.null_count)
    if most is not None and len(names) > most:
        return names, np.empty((0, 0))
    codes = pc.fill_null(pc.index_in(texts, pa.array(names, pa.string())), len(names) - 1).to_numpy()
    return names, (codes[:, None] == np.arange(len(names))).astype(np.float64)


def _attribute(segments: Segments, name: Any, log: EventLog | None) -> list[Variable]:
    units = segments.units
    if name in units.table.column_names and name not in (units.unit, AS_OF):
        if name in units.features:
            raise InputError(f"attribute {name!r} is a feature that made the segments; it is described already")
        return split(name, *_coded(units.table.column(name)), yes_no=True)
    users = [] if log is None else [one.name for one in log.columns if one.level == "user" and one.kind == "text"]
    if log is not None and any(one.name == name for one in log.columns):
        return user_attribute(segments, log, name)
    raise unknown("attribute", name, [*units.table.column_names, *users], "the units' table or among the log's users")


# ---- what follows a feature -------------------------------------------------------------------------------------


def marked(variables: Sequence[Variable]) -> list[Variable]:
    """Mark each variable that follows the features: segments made by these differ in it by construction."""
    made = [one for one in variables if one.made and not one.yes_no]
    if not made:
        return list(variables)
    features = np.column_stack([one.values for one in made])
    ranked = np.column_stack([ranks(column) for column in features.T])
    names = [one.name for one in made]
    return [
        one if one.made else replace(one, related=_follows(one.values, features, ranked, names)) for one in variables
    ]


def _follows(values: Floats, features: Floats, ranked: Floats, names: Sequence[str]) -> str | None:
    """Name the feature with which a variable correlates above ``CLOSE``, by value or by rank; or those it sums up."""
    known = np.isfinite(values)
    if not known.all():
        values, features = values[known], features[known]
        ranked = np.column_stack([ranks(column) for column in features.T]) if len(values) else features
    if len(values) < _LEAST or values.min() == values.max():
        return None
    plain, by_rank = _correlations(values, features), _correlations(ranks(values), ranked)
    closest = np.maximum(np.abs(plain), np.abs(by_rank))
    if closest.max() > CLOSE:
        return names[int(np.argmax(np.round(closest, 9)))]
    weights, explained = _regressed(features, plain)
    free = len(values) - len(names) - 1
    if free <= 0 or 1 - (1 - explained) * (len(values) - 1) / free <= CLOSE**2:
        return None
    largest = np.argsort(-np.round(np.abs(weights), 9), kind="stable")
    order = [place for place in largest if abs(weights[place]) >= _WEIGHT]
    return " + ".join(names[place] for place in order)


def _correlations(values: Floats, features: Floats) -> Floats:
    """Return the correlation with each feature; 0 with one that does not vary."""
    a = values - values.mean()
    b = features - features.mean(axis=0)
    size = np.sqrt((a @ a) * (b * b).sum(axis=0))
    found = np.zeros(features.shape[1])
    np.divide(a @ b, size, out=found, where=size > 0)
    return found


def _regressed(features: Floats, plain: Floats) -> tuple[Floats, float]:
    """Return the standardised weights of the features in a variable with these correlations, and what they explain."""
    varies = features.std(axis=0) > 0
    weights = np.zeros(len(plain))
    if varies.any():
        among = np.atleast_2d(np.corrcoef(features[:, varies], rowvar=False))
        weights[varies] = np.linalg.lstsq(among, plain[varies], rcond=1e-10)[0]
    return weights, float(weights @ plain)
