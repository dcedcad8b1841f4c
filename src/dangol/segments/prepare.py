"""From units to the space in which they are clustered: transforms, then the extremes set aside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dangol.kernels.distances import Space, space

from .extremes import Extremes, find_extremes
from .methods import Plan
from .transforms import Transformed, transformed
from .units import Units

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Prepared:
    """Units made ready.

    Attributes:
        core: the units to cluster.
        rows: where they stand among all units.
        space: their points; everything fitted (quantiles, scales) was fitted on them alone.
        transformed: what each transform did to them.
        everybody: the points of all units, extremes too, with everything fitted on all of them.
        extremes: who was set aside; None where extremes are kept.
    """

    core: Units
    rows: Ints
    space: Space
    transformed: Transformed
    everybody: Floats
    extremes: Extremes | None


def prepare(units: Units, plan: Plan) -> Prepared:
    """Transform units by a plan, set extremes aside if it says so, and transform the core anew without them."""
    whole = transformed(units, plan.transforms, scale=plan.scale)
    found = None
    if plan.extremes == "own":
        found = find_extremes(whole.values[:, ~units.categorical], _numeric(units), seed=plan.seed)
    rows = np.arange(len(units)) if found is None else np.flatnonzero(found.names == "")
    if len(rows) == len(units):
        return Prepared(units, rows, _space(whole, units, plan), whole, whole.values, found)
    core = units.taken(rows)
    inner = transformed(core, plan.transforms, scale=plan.scale)
    return Prepared(core, rows, _space(inner, core, plan), inner, whole.values, found)


def points(core: Units, plan: Plan) -> Space:
    """Return the points of a core, or of a part of it, with everything fitted on just these units."""
    return _space(transformed(core, plan.transforms, scale=plan.scale), core, plan)


def _space(made: Transformed, units: Units, plan: Plan) -> Space:
    return space(made.values, plan.metric, units.categorical)


def _numeric(units: Units) -> tuple[str, ...]:
    return tuple(name for name, text in zip(units.features, units.categorical, strict=True) if not text)
