"""The figure of ``flows``: it reads well, and conserves units."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from dangol.core.result import Result
from dangol.questions.flows import flows
from tests.logs import make_log

from .test_flows import hand, newcombe_log


def busy(names: list[str]) -> Result:
    chance = np.random.default_rng(3)
    made = []
    for user in range(300):
        for at in range(int(chance.integers(1, 12))):
            name = names[min(int(chance.exponential(2.5)), len(names) - 1)]
            made.append((f"u{user}", name, at * 1_000_000))
    return flows(make_log(made))


@pytest.mark.parametrize("korean", [False, True])
def test_labels_of_eight_events_and_five_steps_do_not_overlap(korean: bool) -> None:
    names = [f"{'장바구니에 상품 담기' if korean else 'W_Completeren aanvraag'} {number}" for number in range(12)]
    figure = busy(names).figure()
    columns: dict[float, list[float]] = defaultdict(list)
    inner = figure.layout.height - figure.layout.margin.t - figure.layout.margin.b
    for label in figure.layout.annotations:
        columns[round(4 * label.x)].append(label.y * inner)
        text = label.text.split(" <span")[0]
        wide = sum(12 if letter >= "가" else 6.6 for letter in text)
        assert wide < 135, text  # columns are 190 pixels apart, with room for the share
    assert len(columns) == 5
    for places in columns.values():
        assert len(places) <= 12  # a heading, eight events, "other", "exit"
        assert min(np.diff(sorted(places))) >= 15


def test_the_sankey_conserves_units_and_is_pale_where_nothing_happens() -> None:
    figure = busy([f"e{number}" for number in range(12)]).figure()
    (drawn,) = figure.data
    assert drawn.type == "sankey"
    into = dict.fromkeys(range(len(drawn.node.x)), 0)
    for target, value in zip(drawn.link.target, drawn.link.value, strict=True):
        into[target] += value
    levels: dict[float, int] = defaultdict(int)
    for node, value in into.items():
        levels[round(drawn.node.x[node], 6)] += value
    assert sorted(levels.values()) == [0, 300, 300, 300, 300]  # nothing enters the first step
    colours = dict(zip(drawn.node.customdata, drawn.node.color, strict=True))
    assert (colours["exit"], colours["other"]) == ("#E3E7EC", "#B8BEC6")
    assert colours["e0"] == "#0072B2"


@pytest.mark.parametrize(
    "options",
    [
        {"anchor": "cart"},
        {"anchor": "order", "direction": "before", "steps": 1},
        {"direction": "before"},
        {"steps": 1},
        {"direction": "before", "steps": 1},
        {"by": "device"},
        {"unit": "session", "steps": 12},
    ],
)
def test_every_figure_says_unit_window_and_n(options: dict[str, Any]) -> None:
    result = flows(hand(), **options)
    title = result.figure().layout.title.text
    assert f"Unit: {result.explain()['unit']}" in title
    assert result.explain()["n"] in title
    assert result.explain()["window"] in title


def test_figures_of_differences_and_of_nothing() -> None:
    result = flows(newcombe_log(), by="group", compare=("A", "B"))
    figure = result.figure()
    assert "Moves of ‘A’ and ‘B’: 2 of 2 differ" in figure.layout.title.text
    assert sorted(figure.data[0].x) == pytest.approx([-20, 20])
    empty = flows(hand().where("device", "==", "app").where("event", "==", "cart").where("device", "!=", "app"))
    assert "Nothing flows" in empty.figure().layout.title.text
