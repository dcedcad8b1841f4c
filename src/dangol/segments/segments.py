"""``Segments``: units in named groups, with how they were made, how good they are, and what can be asked of them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from dangol.core.errors import InputError, unknown
from dangol.core.files import staged
from dangol.core.result import Result

from .methods import Plan
from .units import AS_OF, Units, read_units

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go
    import pyarrow as pa

    from dangol.log.eventlog import EventLog

SEGMENT: Final = "segment"
_LONGEST: Final = 240  # bytes of a file's name, and room for the words of the staged one
_KEPT: Final = b"dangol.segments"  # the key of the file's metadata


@dataclass(frozen=True, eq=False)
class Segments:
    """Units in named groups.

    Attributes:
        units: the units with their features.
        names: the segments' names in order: by size, then extremes, then noise; tiers by rank.
        codes: the place in ``names`` of every unit's segment.
        told: how they were made and how good they are, as JSON could hold it: ``plan``, ``quality``, ``stability``,
            ``transforms``, ``extremes``, ``tiers``, ``matched``.
    """

    units: Units
    names: tuple[str, ...]
    codes: npt.NDArray[np.int64]
    told: Mapping[str, Any]

    def __post_init__(self) -> None:
        if len(self.codes) != len(self.units):
            raise InputError(f"{len(self.codes):,} segments for {len(self.units):,} units; give one each")

    # ---- what they are ----------------------------------------------------------------------------------------

    @property
    def unit(self) -> str:
        """What was clustered: the name of the id column."""
        return self.units.unit

    @property
    def sizes(self) -> dict[str, int]:
        """How many units each segment has, in the order of ``names``."""
        counts = np.bincount(self.codes, minlength=len(self.names))
        return dict(zip(self.names, counts.tolist(), strict=True))

    @property
    def quality(self) -> Mapping[str, Any]:
        """How well the segments hold together, in the space in which they were made: silhouettes and others."""
        quality: Mapping[str, Any] = self.told["quality"]
        return quality

    @property
    def plan(self) -> Plan:
        """How they were made."""
        told = self.told["plan"]
        return Plan(**{**told, "transforms": tuple(told["transforms"])})

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row per unit: its id, its segment, and as_of where it is known."""
        import pandas as pd

        made: dict[str, Any] = {self.unit: pd.Series(self.units.ids.to_pylist(), dtype="str"), SEGMENT: self.labels}
        if self.units.as_of is not None:
            made[AS_OF] = pd.Series([self.units.as_of] * len(self.units), dtype="str")
        return pd.DataFrame(made)

    @cached_property
    def labels(self) -> pd.Series[str]:
        """Every unit's segment by name, in the order of the table."""
        import pandas as pd

        return pd.Series(np.array(self.names, object)[self.codes], name=SEGMENT, dtype="str")

    @property
    def centers(self) -> pd.DataFrame:
        """A row per segment: segment, units, share (of all), and the mean of each numeric feature as it was given."""
        wide = self.result.tables["centers"].pivot(index=SEGMENT, columns="feature", values="mean")
        sizes: pd.DataFrame = self.result.tables["segments"]
        return sizes.join(wide.add_prefix("mean_"), on=SEGMENT)

    # ---- what they say ----------------------------------------------------------------------------------------

    @cached_property
    def result(self) -> Result:
        """The segments as a ``Result``: sentences, tables, figure, the units behind a number."""
        from .segment_tables import result

        return result(self)

    def summary(self, lang: str = "en") -> str:
        """Say in sentences what was found, in English (``"en"``) or Korean (``"ko"``)."""
        return self.result.summary(lang)

    def figure(self, lang: str = "en") -> go.Figure:
        """Draw the segments as a Plotly figure."""
        return self.result.figure(lang)

    def _repr_markdown_(self) -> str:
        return self.result.to_markdown()

    def __str__(self) -> str:
        return self.summary()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Hand ``table`` to whatever reads Arrow, such as ``log.with_segments``."""
        import pyarrow as pa

        return pa.Table.from_pandas(self.table, preserve_index=False).__arrow_c_stream__(requested_schema)

    # ---- what can be asked of them ----------------------------------------------------------------------------

    def profile(
        self,
        log: EventLog | None = None,
        *,
        events: Sequence[str] | None = None,
        attributes: Sequence[str] | None = None,
    ) -> Result:
        """Tell what sets each segment apart from the rest: see ``dangol.segments.profile.profile``."""
        from .profile import profile

        return profile(self, log, events=events, attributes=attributes)

    def stability(self, resamples: int = 50, *, seed: int = 0) -> Result:
        """Tell whether the segments come back when some of the units are left out.

        See ``dangol.segments.stability.stability``.
        """
        from .stability import stability

        return stability(self, resamples, seed=seed)

    def tiers(self, rule: Sequence[str], **options: Any) -> Segments:
        """Rank the segments on named axes and name them by rule: see ``dangol.segments.tiers.tiers``."""
        from .tiers import tiers

        return tiers(self, rule, **options)

    def match(self, earlier: Segments) -> Segments:
        """Give the segments the names of earlier ones with the same members: see ``dangol.segments.match.match``."""
        from .match import match

        return match(self, earlier)

    def renamed(self, names: Sequence[str], codes: npt.NDArray[np.int64], **told: Any) -> Segments:
        """Return the same units under other names, with something more told."""
        return replace(self, names=tuple(names), codes=codes, told={**self.told, **told})

    # ---- keeping them -----------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Write the segments as Parquet: every column of the units' table, and ``segment`` behind the id.

        How they were made stands in the file's metadata, as JSON under ``dangol.segments``. A killed process leaves
        the old file or none.

        Raises:
            StoreError: if the file cannot be written.
        """
        import pyarrow as pa
        from pyarrow import parquet

        place = _file(path)
        kept = {"unit": self.unit, "features": self.units.features, "names": self.names, "as_of": self.units.as_of}
        head = {**kept, "excluded": dict(self.units.excluded), "told": self.told}
        table = self.units.table
        if SEGMENT in table.column_names:
            table = table.drop_columns([SEGMENT])
        at = table.column_names.index(self.unit) + 1
        table = table.add_column(at, SEGMENT, pa.array(self.labels.to_numpy(object), pa.string()))
        metadata = {**(table.schema.metadata or {}), _KEPT: json.dumps(head, ensure_ascii=False).encode()}
        with staged(place) as part:
            parquet.write_table(table.replace_schema_metadata(metadata), part)
        return place

    @classmethod
    def load(cls, path: str | Path) -> Segments:
        """Read segments that ``save`` wrote.

        Raises:
            InputError: for a file that is not there, or holds no segments with their making.
        """
        from pyarrow import ArrowException, parquet

        from .kept import read_head

        place = _file(path)
        if not place.is_file():
            raise InputError(f"{place} is not there; make it with dangol segment fit … -o {place.name}")
        try:
            table = parquet.read_table(place)
            head = json.loads((table.schema.metadata or {})[_KEPT])
        except (ArrowException, OSError, KeyError, ValueError, RecursionError) as problem:
            raise InputError(
                f"{place} holds no segments; make it with dangol segment fit … -o {place.name}"
            ) from problem
        try:
            head = read_head(head)
            codes = _coded(table, head["names"])
            units = read_units(
                table.drop_columns([SEGMENT]),
                head["features"],
                unit=head["unit"],
                as_of=head["as_of"],
                categories=head["told"]["plan"]["metric"] == "gower",
            )
        except InputError as problem:
            raise InputError(f"{place} was not written by save, or was changed since: {problem}") from problem
        return cls(replace(units, excluded=head["excluded"]), tuple(head["names"]), codes, head["told"])


def _file(path: Any) -> Path:
    """Return the path of a file, if it can be one."""
    if isinstance(path, str | os.PathLike) and (name := os.path.basename(path)):
        if "\0" not in str(path) and len(os.fsencode(name)) <= _LONGEST:
            return Path(path)
        path = name[:40]
    raise InputError(f"{path!r} cannot be the path of a file; give one such as 'segments.parquet'")


def _coded(table: pa.Table, names: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return the place among the names of the segment that a file tells for each unit."""
    if table.column_names.count(SEGMENT) != 1:
        raise InputError(f"it has {table.column_names.count(SEGMENT)} columns {SEGMENT!r}")
    labels, place_of = table.column(SEGMENT).to_pylist(), {name: code for code, name in enumerate(names)}
    strange = next((one for one in labels if not isinstance(one, str) or one not in place_of), place_of)
    if strange is not place_of:
        raise unknown("segment", strange, names, "what it tells of their making")
    empty = next(iter(sorted(set(names) - set(labels))), None)
    if empty is not None:
        raise InputError(f"segment {empty!r} has no units")
    return np.array([place_of[one] for one in labels], np.int64)
