"""The tables of ``choose_clusters``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dangol.core.result import Tables

from .choose_rows import LIKE_NOISE, Choice, Scaled
from .cluster import named
from .maps import map_of
from .methods import Plan
from .prepare import Prepared
from .quality import widths
from .units import Units

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Chosen:
    """All that ``choose_clusters`` found.

    Attributes:
        units: the units.
        ready: their core, ready to be clustered.
        plan: what all ways have in common.
        methods: those that were tried.
        choices: every way to divide the core.
        place: that of the recommended way, else of the best; None if there is no way.
        least: the smallest segment that may be.
        scaled: the leading way with other scales.
    """

    units: Units
    ready: Prepared
    plan: Plan
    methods: tuple[str, ...]
    choices: tuple[Choice, ...]
    place: int | None
    least: int
    scaled: tuple[Scaled, ...]

    @property
    def leader(self) -> Choice | None:
        """The recommended way, else the best."""
        return None if self.place is None else self.choices[self.place]

    @property
    def recommended(self) -> Choice | None:
        """The recommended way, if there is one."""
        return next((one for one in self.choices if one.verdict == "recommended"), None)

    def named(self, choice: Choice) -> tuple[tuple[str, ...], Ints]:
        """Return the names of the segments of a way, and the place among them of every unit's."""
        return named(choice.fit.labels, self.ready)


def tables(chosen: Chosen) -> Tables:
    """Make the tables when they are looked at."""
    return Tables(
        {
            "choices": partial(choices, chosen.choices),
            "best": partial(_best, chosen),
            "elbow": partial(_elbow, chosen),
            "silhouettes": partial(_silhouettes, chosen),
            "tree": partial(_tree, chosen),
            "sensitivity": partial(_sensitivity, chosen),
            "map": partial(_map, chosen),
            "axes": lambda: map_of(chosen.units, chosen.ready.everybody).axes,
            "transforms": chosen.ready.transformed.table,
            "excluded": partial(_excluded, chosen.units.excluded),
        }
    )


def choices(made: Sequence[Choice]) -> pd.DataFrame:
    """A row per way, in the order of methods and numbers of segments."""
    import pandas as pd

    texts = ("method", "silhouette_kind", "verdict")
    whole = ("k", "smallest")
    names = (
        *("method", "k", "silhouette", "silhouette_kind", "silhouette_macro", "silhouette_all", "silhouette_noise"),
        *("davies_bouldin", "calinski_harabasz", "gap", "gap_se", "bic", "smallest", "largest_share", "noise"),
        *("min_size", "stability", "stability_sd", "verdict"),
    )
    rows = [_row(one) for one in made]
    kinds = {name: "str" if name in texts else "int64" if name in whole else "float64" for name in names}
    return pd.DataFrame({name: pd.Series([row[name] for row in rows], dtype=kinds[name]) for name in names})


def _row(choice: Choice) -> dict[str, Any]:
    fit, stability = choice.fit, choice.stability
    told: dict[str, Any] = {"method": choice.plan.method, **choice.measures, "silhouette_noise": choice.held.silhouette}
    told |= {"gap": choice.held.gap, "gap_se": choice.held.gap_se, "bic": fit.bic, "min_size": choice.plan.min_size}
    told |= {"stability": stability["mean"], "stability_sd": stability["sd"], "verdict": choice.verdict}
    return {name: math.nan if value is None else value for name, value in told.items()}


def _best(chosen: Chosen) -> pd.DataFrame:
    """The columns by which ways are judged: the leading one is the first, those with the gravest reasons are last."""
    rank = {"recommended": 0, "near tie": 1, "": 2, LIKE_NOISE: 3}
    order = sorted(chosen.choices, key=lambda one: (one is not chosen.leader, rank.get(one.verdict, 4), -one.worth))
    left_out = ["noise"] if any(one.measures["noise"] for one in order) else []
    columns = ["method", "k", "silhouette", "silhouette_noise", "stability", "stability_sd", "smallest"]
    return choices(order)[[*columns, "largest_share", *left_out, "verdict"]]


def _elbow(chosen: Chosen) -> pd.DataFrame:
    """What each method makes small, by the number of segments: a picture, not a rule."""
    import pandas as pd

    known = [one for one in chosen.choices if one.fit.loss == one.fit.loss]
    method = pd.Series([one.plan.method for one in known], dtype="str")
    k, loss = np.array([one.fit.k for one in known], np.int64), np.array([one.fit.loss for one in known], np.float64)
    return pd.DataFrame({"method": method, "k": k, "loss": loss})


def _silhouettes(chosen: Chosen) -> pd.DataFrame:
    """The silhouettes of the leading way, by segment, highest first; noise has none."""
    import pandas as pd

    unit = chosen.units.unit
    if chosen.leader is None:
        kinds = {unit: "str", "segment": "str", "silhouette": "float64"}
        return pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in kinds.items()})
    names, codes = chosen.named(chosen.leader)
    inner = widths(chosen.ready.space, chosen.leader.fit.labels)
    own = codes[chosen.ready.rows]
    order = np.lexsort((-inner, own))
    order = order[~np.isnan(inner[order])]
    ids = np.array(chosen.ready.core.ids.to_pylist(), object)[order]
    segment = pd.Series(np.array(names, object)[own[order]], dtype="str")
    return pd.DataFrame({unit: pd.Series(ids, dtype="str"), "segment": segment, "silhouette": inner[order]})


def _tree(chosen: Chosen) -> pd.DataFrame:
    """The merges of hierarchical clustering: the two clusters (units first, then merges), the height, the units."""
    import pandas as pd

    trees = [one.fit.tree for one in chosen.choices if one.fit.tree is not None]
    tree = trees[0] if trees else np.empty((0, 4))
    kinds = {"first": "int64", "second": "int64", "height": "float64", "units": "int64"}
    return pd.DataFrame({name: tree[:, place].astype(kind) for place, (name, kind) in enumerate(kinds.items())})


def _sensitivity(chosen: Chosen) -> pd.DataFrame:
    """The leading way with other scales: agreement with it, and the silhouette in each scale's own space."""
    import pandas as pd

    scale = pd.Series([one.scale for one in chosen.scaled], dtype="str")
    told = {name: [getattr(one, name) for one in chosen.scaled] for name in ("agreement", "silhouette")}
    return pd.DataFrame({"scale": scale, **{name: pd.Series(one, dtype="float64") for name, one in told.items()}})


def _map(chosen: Chosen) -> pd.DataFrame:
    """Where each unit is drawn, and its segment in the leading way, extremes too."""
    import pandas as pd

    drawn = map_of(chosen.units, chosen.ready.everybody)
    labels = np.full(len(chosen.units), "", object)
    if chosen.leader is not None:
        names, codes = chosen.named(chosen.leader)
        labels = np.array(names, object)[codes]
    ids = pd.Series(chosen.units.ids.to_pylist(), dtype="str")
    return pd.DataFrame({chosen.units.unit: ids, "x": drawn.x, "y": drawn.y, "segment": pd.Series(labels, dtype="str")})


def _excluded(excluded: Mapping[str, int]) -> pd.DataFrame:
    import pandas as pd

    reason, units = pd.Series(list(excluded), dtype="str"), np.array(list(excluded.values()), np.int64)
    return pd.DataFrame({"reason": reason, "units": units})
