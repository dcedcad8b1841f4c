"""``match``: segments made anew take the names of earlier ones with the same members."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from dangol.core.errors import InputError
from dangol.core.labels import EXTREME, NOISE

from .segments import Segments

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_NUMBER: Final = re.compile("[0-9]{1,18}")  # a name as they are numbered
LEAST: Final = 0.3  # overlap from which a segment counts as the same


def match(segments: Segments, earlier: Segments) -> Segments:
    """Give segments the names of earlier ones with the same members, so that names stay when data grow.

    Looked at are the units that both have. The overlap of two segments is Jaccard's::

        overlap = units in both / units in either        from 0 to 1

    Pairs are chosen so that the sum of their overlaps is largest (each segment in one pair at most); a pair below 0.3
    is none. Extremes pair with extremes alone, and noise is noise.

    Args:
        segments: the segments to name.
        earlier: those whose names are to be kept; of the same kind of unit.

    Returns:
        Segments with names in the earlier order; then what is new, largest first, under a name that was never used;
        then noise. Their ``result`` has a table ``matched``, a row for each segment, then one for each earlier
        segment that is lost:

        - ``segment`` (str; None: lost), ``earlier`` (str; None: new), ``overlap`` (float, 0 to 1; NaN without a pair);
        - ``shared`` (int): units in both; ``joined``: units that were elsewhere before; ``left``: units that were in it
          and are elsewhere now; ``new``: units that the earlier segments did not have.

    Conventions:
        Numbers go on after the highest that was used. Other names keep, if they are free; else they get a number.

    Raises:
        InputError: for other units, or none in common.

    References:
        Kuhn 1955, doi:10.1002/nav.3800020109 (assignment); Jaccard 1912, doi:10.1111/j.1469-8137.1912.tb05611.x.

    Example:
        >>> import pandas as pd
        >>> from dangol.segments.cluster import cluster
        >>> users = pd.DataFrame({"user": list("abcdefghi"), "visits": [1, 2, 1, 2, 21, 22, 23, 24, 22]})
        >>> before = cluster(users[:7], "visits", k=2, resamples=0)
        >>> after = cluster(users, "visits", k=2, resamples=0)
        >>> before.sizes, after.sizes, match(after, before).sizes
        ({'1': 4, '2': 3}, {'1': 5, '2': 4}, {'1': 4, '2': 5})
    """
    if not isinstance(earlier, Segments):
        raise InputError(
            f"the earlier segments must be Segments, found {type(earlier).__name__}; a saved file is read with "
            "Segments.load"
        )
    if segments.unit != earlier.unit:
        raise InputError(
            f"the earlier segments are of {earlier.unit}s, these of {segments.unit}s; match the same units"
        )
    places = _places(segments, earlier)
    known = places >= 0
    if not known.any():
        raise InputError(
            f"the earlier segments have none of these {len(segments.units):,} {segments.unit}s; match segments of the "
            f"same {segments.unit}s"
        )
    before = np.full(len(places), -1, np.int64)
    before[known] = earlier.codes[places[known]]
    both = np.zeros((len(segments.names), len(earlier.names)), np.int64)
    np.add.at(both, (segments.codes[known], before[known]), 1)
    pairs = _pairs(both, segments.names, earlier.names)
    names = _named(segments, earlier.names, pairs)
    order = _order(segments, pairs)
    rows = [_row(place, names[place], both, pairs, segments, earlier) for place in order]
    lost = [code for code in range(len(earlier.names)) if code not in pairs.values()]
    rows += [_lost(code, both, earlier) for code in lost]
    told = {"rows": rows, "shared": int(known.sum()), "units": len(segments.units), "earlier": len(earlier.units)}
    place_of = np.empty(len(order), np.int64)
    place_of[order] = np.arange(len(order))
    again = dict(zip(segments.names, names, strict=True))
    ranked = segments.told.get("tiers")
    kept = {} if ranked is None else {"tiers": {**ranked, "rows": [_again(row, again) for row in ranked["rows"]]}}
    return segments.renamed([names[place] for place in order], place_of[segments.codes], matched=told, **kept)


def table(told: Mapping[str, Any]) -> pd.DataFrame:
    """Return what ``match`` told as a table: a row for each segment, then one for each that is lost."""
    import pandas as pd

    columns = {name: [row[name] for row in told["rows"]] for name in told["rows"][0]}
    texts = {
        name: pd.Series(columns.pop(name), dtype="object") for name in ("segment", "earlier")
    }  # None: new, or lost
    return pd.DataFrame({**texts, **columns}).astype({"overlap": "float64"})


def _places(segments: Segments, earlier: Segments) -> Ints:
    """Return where each unit stands among the earlier ones; -1: nowhere."""
    import pyarrow.compute as pc

    found: Ints = pc.fill_null(pc.index_in(segments.units.ids, earlier.units.ids), -1).to_numpy().astype(np.int64)
    return found


# ---- pairs ------------------------------------------------------------------------------------------------------


def _kinds(names: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return of what kind each segment is: of the core, extremes or noise; only like goes with like."""
    return np.array([2 if name == NOISE else 1 if name.startswith(EXTREME) else 0 for name in names], np.int64)


def _pairs(both: Ints, names: Sequence[str], earlier: Sequence[str]) -> dict[int, int]:
    """Return the earlier segment of each segment that has one."""
    from scipy.optimize import linear_sum_assignment

    overlap = _overlap(both)
    alike = _kinds(names)[:, None] == _kinds(earlier)[None, :]
    close = np.where(alike & (overlap >= LEAST), overlap, 0.0)
    pairs = {int(a): int(b) for a, b in zip(*linear_sum_assignment(close, maximize=True), strict=True) if close[a, b]}
    if NOISE in names and NOISE in earlier:  # however few of its units it has in common with the earlier noise
        pairs[names.index(NOISE)] = earlier.index(NOISE)
    return pairs


def _overlap(both: Ints) -> Floats:
    either = both.sum(axis=1)[:, None] + both.sum(axis=0)[None, :] - both
    found: Floats = np.zeros(both.shape)
    np.divide(both, either, out=found, where=either > 0)
    return found


# ---- names and order --------------------------------------------------------------------------------------------


def _named(segments: Segments, earlier: Sequence[str], pairs: Mapping[int, int]) -> list[str]:
    """Return every segment's name: that of its pair, or one that was never used."""
    used, sizes = {*earlier}, list(segments.sizes.values())
    names = {place: earlier[code] for place, code in pairs.items()}
    for place in sorted(set(range(len(sizes))) - set(names), key=lambda place: (-sizes[place], place)):
        own = segments.names[place]
        if own in used and _NUMBER.fullmatch(own):
            own = str(max(int(name) for name in used if _NUMBER.fullmatch(name)) + 1)
        count, base = 2, own
        while own in used:
            own = f"{base} ({count})"
            count += 1
        used.add(own)
        names[place] = own
    return [names[place] for place in range(len(sizes))]


def _order(segments: Segments, pairs: Mapping[int, int]) -> list[int]:
    """Return the segments in the earlier order, then what is new by size, then noise."""
    sizes = list(segments.sizes.values())
    first = len(sizes) + max(pairs.values(), default=0)
    return sorted(
        range(len(sizes)),
        key=lambda place: (segments.names[place] == NOISE, pairs.get(place, first), -sizes[place], place),
    )


def _again(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return what is told of a tier under its new name."""
    return {**row, "segment": names[row["segment"]]}


# ---- what happened ----------------------------------------------------------------------------------------------


def _row(
    place: int, name: str, both: Ints, pairs: Mapping[int, int], segments: Segments, earlier: Segments
) -> dict[str, Any]:
    here, code = int(both[place].sum()), pairs.get(place)
    shared = 0 if code is None else int(both[place, code])
    row: dict[str, Any] = {"segment": name, "earlier": None if code is None else earlier.names[code]}
    row["overlap"] = None if code is None else float(_overlap(both)[place, code])
    row |= {"shared": shared, "joined": here - shared}
    row["left"] = 0 if code is None else int(both[:, code].sum()) - shared
    row["new"] = segments.sizes[segments.names[place]] - here
    return row


def _lost(code: int, both: Ints, earlier: Segments) -> dict[str, Any]:
    row: dict[str, Any] = {"segment": None, "earlier": earlier.names[code], "overlap": None, "shared": 0, "joined": 0}
    return {**row, "left": int(both[:, code].sum()), "new": 0}
