"""Which findings stand first: what is about money or users lost, by how much of it is concerned; then what explains."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from dangol.core.changes import relative
from dangol.core.words import Sentence, joined

if TYPE_CHECKING:
    import pandas as pd

    from dangol.core.result import Result

    from .page import Section


def findings(sections: Sequence[Section], abouts: Sequence[str | None] = ()) -> list[tuple[str, Sentence]]:
    """Return the first sentence of every section with the section's anchor, most important first.

    The order: changes of money and of users, by their size relative to what was before; then money and users at risk,
    by their share; then what goes with success, and what sets segments apart; then how things usually are, in the order
    of the sections; last what only prepares.

    Args:
        sections: the answers.
        abouts: for each of the first sections what it is about, where its sentence does not say so, else None.
    """
    ranked = sorted(enumerate(sections), key=lambda one: (-_weight(one[1].result), one[0]))
    said: dict[str, tuple[str, Sentence]] = {}
    for place, section in ranked:  # two sections may begin with the same finding, as sales and the same by segment
        sentence = section.result.sentences[0]
        if place < len(abouts) and abouts[place]:
            sentence = joined([Sentence("{about} –", "{about} –", {"about": abouts[place]}), sentence], " ")
        said.setdefault(sentence.write(), (section.anchor, sentence))
    return list(said.values())


def _weight(result: Result) -> float:
    """How much a finding matters: 2 to 3 for changes, 1 to 2 for what is at risk, 0 to 1 for the rest."""
    base, size = _WEIGHTS.get(result.name, (0.0, _nothing))
    concerned = size(result)
    return base + min(concerned, 1.0) if concerned == concerned else 0.0


def _nothing(_: Result) -> float:
    return 0.0


def _change_of(column: str) -> Callable[[Result], float]:
    """The relative change of a measure between the last two finished periods, whatever its sign."""

    def size(result: Result) -> float:
        table = result.tables["periods"]
        if "segment" in table:
            table = table.groupby("period", sort=True).agg({column: "sum", "complete": "all"})
        values = table.loc[table["complete"], column].to_numpy(np.float64)
        return abs(relative(values[-2], values[-1])) if len(values) > 1 else float("nan")

    return size


def _at_risk(result: Result) -> float:
    table: pd.DataFrame = result.tables["segments"]
    risky = table["segment"].isin(["at_risk", "cannot_lose"])
    return float(table.loc[risky, "share_of_amount"].sum())


def _lapsing(result: Result) -> float:
    table = result.tables["periods"]
    rates = table.loc[table["complete"], "rate"].dropna()
    return float(rates.iloc[-1]) if len(rates) else float("nan")


def _held(result: Result) -> float:
    return 0.5 if (result.table["evidence"] == "holds").any() else float("nan")


_WEIGHTS: Final[dict[str, tuple[float, Callable[[Result], float]]]] = {
    "sales": (2.0, _change_of("amount")),
    "lifecycle": (2.0, _change_of("users")),
    "rfm": (1.0, _at_risk),
    "repurchase": (1.0, _lapsing),
    "drivers": (0.5, _held),
    "profile": (0.45, _nothing),
    "overview": (0.4, _nothing),
    "choose": (0.35, _nothing),
    "segments": (0.35, _nothing),
    "tiers": (0.35, _nothing),
    "retention": (0.3, _nothing),
    "funnel": (0.2, _nothing),
    "stability": (-1.0, _nothing),
    "features": (-2.0, _nothing),
}
