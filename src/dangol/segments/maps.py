"""A map of units: two axes to draw them on. It is a picture only; no distance and no quality is measured in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .units import Units

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]

_AXES: Final = ("x", "y")


class Map(NamedTuple):
    """Where units are drawn: ``axes`` has a row per axis with axis, label, label_ko, and share (of the variance)."""

    x: Floats
    y: Floats
    axes: pd.DataFrame


def map_of(units: Units, points: Floats) -> Map:
    """Lay units out on two axes.

    Two numeric features are drawn as they were given; else the axes are the first two principal components of
    ``points``, the features as they were clustered, with a column of 0 and 1 for each value of a text. A component
    points to where its heaviest feature grows. A single feature has nothing for the second axis, which is 0.
    """
    if len(units.features) <= 2 and not units.categorical.any():
        drawn = units.values
        labels = [(name, name) for name in units.features]
        shares = np.full(drawn.shape[1], np.nan)
    else:
        drawn, shares = _components(_numbers(units, points))
        labels = [(f"principal component {place}", f"제{place} 주성분") for place in range(1, drawn.shape[1] + 1)]
    if drawn.shape[1] < 2:
        drawn, labels = np.column_stack([drawn, np.zeros(len(drawn))]), [*labels, ("", "")]
        shares = np.append(shares, 0.0)
    return Map(drawn[:, 0], drawn[:, 1], _axes(labels, shares))


def _axes(labels: list[tuple[str, str]], shares: Floats) -> pd.DataFrame:
    import pandas as pd

    english, korean = zip(*labels, strict=True)
    told = {"axis": _AXES, "label": english, "label_ko": korean}
    return pd.DataFrame({**{name: pd.Series(one, dtype="str") for name, one in told.items()}, "share": shares})


def _numbers(units: Units, points: Floats) -> Floats:
    """Return the features as numbers, a text as a column per value."""
    texts = [np.unique(column, return_inverse=True)[1] for column in points[:, units.categorical].T]
    flags = [np.eye(codes.max() + 1)[codes] for codes in texts]
    return np.hstack([points[:, ~units.categorical], *flags])


def _components(values: Floats) -> tuple[Floats, Floats]:
    """Return the first two principal components, and the share of the variance that each holds."""
    centred = values - values.mean(axis=0)
    variances, loadings = np.linalg.eigh(centred.T @ centred)
    order = np.argsort(-variances, kind="stable")[:2]
    chosen = loadings[:, order]
    heaviest = np.abs(chosen).argmax(axis=0)
    chosen = chosen * np.where(chosen[heaviest, np.arange(len(order))] < 0, -1.0, 1.0)
    total = float(variances.clip(0).sum())
    shares: Floats = variances[order].clip(0) / total if total > 0 else np.zeros(len(order))
    return centred @ chosen, shares
