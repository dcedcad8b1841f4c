"""Segments made by hand, for what is asked of segments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from dangol.segments.segments import Segments
from dangol.segments.units import read_units

PLAN: dict[str, Any] = {
    "method": "kmeans",
    "k": 2,
    "cut": None,
    "linkage": "ward",
    "metric": "euclidean",
    "eps": None,
    "min_size": None,
    "transforms": [],
    "scale": "robust",
    "extremes": "own",
    "seed": 0,
    "starts": 10,
}


def segments_of(
    table: pd.DataFrame,
    features: str | Sequence[str],
    labels: Sequence[str],
    *,
    names: Sequence[str] = (),
    stability: float | None = 0.9,
    largest_share: float = 0.5,
    **options: Any,
) -> Segments:
    """Put the units of a table into segments by label, a label for each row; ``names`` gives their order."""
    order = tuple(names) or tuple(dict.fromkeys(labels))
    codes = np.array([order.index(label) for label in labels], np.int64)
    quality = {"k": len(order), "largest_share": largest_share, "silhouette": 0.5, "silhouette_macro": 0.5}
    quality |= {"smallest": min(labels.count(one) for one in order), "noise": 0.0}
    unknown = dict.fromkeys(("silhouette_all", "davies_bouldin", "calinski_harabasz"))
    told = {
        "plan": PLAN | {"k": len(order)},
        "quality": quality | unknown,
        "stability": {"mean": stability, "sd": None, "resamples": 0, "units_drawn": 0, "scores": []},
        "transforms": [],
        "skewness": {},
        "remarks": [],
        "extremes": {"units": None},
        "chosen": {},
    }
    return Segments(read_units(table, features, **options), order, codes, told)
