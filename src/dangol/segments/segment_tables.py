"""The tables of ``Segments``: sizes, quality, centres, what transforms did, a map."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from dangol.core.errors import InputError, unknown
from dangol.core.labels import NOISE
from dangol.core.result import Result, Tables

from . import match, match_words, tier_words, tiers
from .maps import Map, map_of
from .methods import grown
from .prepare import prepare
from .quality import widths
from .segment_words import explain, sentences

if TYPE_CHECKING:
    import pandas as pd

    from .segments import Segments

_MEASURES: Final = (
    "silhouette",
    "silhouette_macro",
    "silhouette_all",
    "silhouette_noise",
    "davies_bouldin",
    "calinski_harabasz",
    "smallest",
    "largest_share",
)


def result(segments: Segments) -> Result:
    """Return segments as a Result: what ``Segments.result`` holds."""
    tables, told = _makers(segments), segments.told
    more = tier_words.sentences(told["tiers"], segments.unit) if "tiers" in told else []
    more += match_words.sentences(told["matched"], segments.unit) if "matched" in told else []
    plan = {name: value for name, value in told["plan"].items() if name != "starts"}
    return Result(
        name="tiers" if "tiers" in tables else "segments",
        sentences=sentences(segments, more),
        how=explain(segments),
        recipe={
            "question": "cluster",
            "parameters": {"features": list(segments.units.features), **plan},
            "table": segments.units.described,
            **({"tiers": {name: told["tiers"][name] for name in ("rule", "noun")}} if "tiers" in told else {}),
        },
        tables=Tables(tables),
        shown=(
            *(["tiers"] if "tiers" in tables else []),
            *(["segments"] if "tiers" not in tables or NOISE in segments.names else []),  # tiers have the sizes, too
            *(["matched"] if "matched" in tables else []),
            "centers",
            "quality",
            *(["transforms"] if told["transforms"] else []),
        ),
        find=partial(_find, segments),
        unit=segments.unit,
    )


def _makers(segments: Segments) -> dict[str, Callable[[], pd.DataFrame]]:
    """Return what makes each table."""
    made: dict[str, Callable[[], pd.DataFrame]] = {
        "segments": partial(sizes, segments),
        "centers": partial(centers, segments),
        "quality": partial(_quality, segments),
        "transforms": partial(_transforms, segments),
        "units": lambda: segments.table,
        "map": partial(_map, segments),
        "axes": partial(_axes, segments),
        "silhouettes": partial(_silhouettes, segments),
    }
    if segments.plan.method == "hierarchical":
        made["tree"] = partial(_tree, segments)
    if "matched" in segments.told:
        made["matched"] = lambda: match.table(segments.told["matched"])
    if "tiers" in segments.told:
        made["tiers"] = lambda: tiers.table(segments.told["tiers"])
    return made


def sizes(segments: Segments) -> pd.DataFrame:
    """A row per segment: segment, units, share."""
    import pandas as pd

    counts = np.array(list(segments.sizes.values()), np.int64)
    names = pd.Series(segments.names, dtype="str")
    return pd.DataFrame({"segment": names, "units": counts, "share": counts / len(segments.units)})


def centers(segments: Segments) -> pd.DataFrame:
    """A row per segment and numeric feature: segment, feature, mean, median, lower, upper (its quartiles), as given."""
    import pandas as pd

    numeric = np.flatnonzero(~segments.units.categorical)
    columns = ["segment", "feature", "mean", "median", "lower", "upper"]
    rows: list[dict[str, Any]] = []
    for code, name in enumerate(segments.names):
        inside = segments.units.values[segments.codes == code]
        for place in numeric:
            lower, middle, upper = np.quantile(inside[:, place], (0.25, 0.5, 0.75))
            told = {"segment": name, "feature": segments.units.features[place]}
            rows.append(told | {"mean": inside[:, place].mean(), "median": middle, "lower": lower, "upper": upper})
    kinds = dict.fromkeys(columns, "float64") | {"segment": "str", "feature": "str"}
    return pd.DataFrame(rows, columns=columns).astype(kinds)


def _quality(segments: Segments) -> pd.DataFrame:
    import pandas as pd

    told = {name: segments.quality.get(name) for name in _MEASURES}
    told |= {"stability": segments.told["stability"]["mean"], "stability_sd": segments.told["stability"]["sd"]}
    values = [float("nan") if value is None else float(value) for value in told.values()]
    return pd.DataFrame({"measure": pd.Series(list(told), dtype="str"), "value": values})


def _transforms(segments: Segments) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(segments.told["transforms"])


# ---- the map ----------------------------------------------------------------------------------------------------


def _drawn(segments: Segments) -> Map:
    """The points of all units, those of two features as they were given."""
    units = segments.units
    return map_of(units, prepare(units, segments.plan).everybody)


def _map(segments: Segments) -> pd.DataFrame:
    import pandas as pd

    drawn = _drawn(segments)
    ids = pd.Series(segments.units.ids.to_pylist(), dtype="str")
    return pd.DataFrame({segments.unit: ids, "x": drawn.x, "y": drawn.y, "segment": segments.labels})


def _axes(segments: Segments) -> pd.DataFrame:
    return _drawn(segments).axes


# ---- how well each unit fits -------------------------------------------------------------------------------------


def _silhouettes(segments: Segments) -> pd.DataFrame:
    """Every unit's silhouette in the clustered space: NaN of extremes and noise, and where there is one segment."""
    import pandas as pd

    ready = prepare(segments.units, segments.plan)
    labels = segments.codes[ready.rows]
    if NOISE in segments.names:
        labels = np.where(labels == segments.names.index(NOISE), -1, labels)
    found = np.full(len(segments.units), np.nan)
    found[ready.rows] = widths(ready.space, labels)
    ids = pd.Series(segments.units.ids.to_pylist(), dtype="str")
    return pd.DataFrame({segments.unit: ids, "segment": segments.labels, "silhouette": found})


def _tree(segments: Segments) -> pd.DataFrame:
    """The merges of hierarchical clustering in their order; n units clustered are 0 to n - 1, the merges follow."""
    import pandas as pd

    tree = grown(prepare(segments.units, segments.plan).space, segments.plan)
    kinds = {"first": "int64", "second": "int64", "height": "float64", "units": "int64"}
    return pd.DataFrame({name: tree[:, place].astype(kind) for place, (name, kind) in enumerate(kinds.items())})


# ---- the units behind a number ----------------------------------------------------------------------------------


def _find(segments: Segments, *, segment: str | None = None) -> npt.NDArray[Any]:
    ids = np.array(segments.units.ids.to_pylist(), object)
    if segment is None:
        return ids
    if not isinstance(segment, str):
        raise InputError(f"segment={segment!r} must be the name of a segment, a text such as '1'")
    if segment not in segments.names:
        raise unknown("segment", segment, segments.names, "these segments")
    found: npt.NDArray[Any] = ids[segments.codes == segments.names.index(segment)]
    return found
