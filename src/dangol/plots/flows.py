"""The figure of ``flows``: a Sankey diagram of the steps, or the differences between two segments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import plotly.graph_objects as go

from dangol.core.labels import title
from dangol.core.words import percent

from .style import INK, PALE, PALETTE, blank, empty, say, shorten

if TYPE_CHECKING:
    import pandas as pd

    from dangol.core.result import Result

_PALEST: Final = "#E3E7EC"  # those without a further event
_MORE: Final = "#8A94A0"  # events beyond the palette
_GREY: Final = "#52606D"
_VEIL: Final = "rgba(255,255,255,0.6)"  # between a label and the links that pass below it
_LABEL: Final = 12  # size of the labels in pixels
_PAD: Final = 17  # pixels between nodes: more than a label's height, so that labels cannot overlap
_NODE: Final = 13  # pixels, a node's width
_MARGIN: Final = {"l": 30, "r": 180, "t": 118, "b": 24}
_CALLED: Final = 0.05
_SPECIAL: Final = {"other": "기타", "exit": "종료", "entry": "진입", "start": "시작", "end": "끝"}  # no events
_MOST_DIFFERENCES: Final = 14

Node = tuple[int, str]  # which column, and the name


def figure(result: Result, lang: str) -> go.Figure:
    """Draw the steps from the anchor on as a Sankey diagram, "other" and "exit" in pale; segments are put together.

    With ``compare``, the moves that differ most certainly between the two segments, with 95 % intervals.
    """
    asked = result.recipe["parameters"]
    if asked["compare"] is not None:
        return _differences(result, result.tables["differences"], lang)
    links = result.tables["sankey"]
    if links.empty:
        return empty(title("flows", lang), result.sentences[0].write(lang))
    links = links.groupby(["step", "source", "target"], sort=False)[["count"]].sum().reset_index()
    if asked["anchor"] is None and asked["steps"] > 1:
        links = links[links["step"] > 1]  # the single node "start" would say nothing
    return _sankey(result, _diagram(links, asked["direction"] == "before", _pale(result)), lang)


# ---- steps ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Diagram:
    """Columns from left to right, the nodes of each from above, how many units a node has, and the links."""

    columns: list[list[Node]]
    units: dict[Node, int]
    links: list[tuple[Node, Node, int]]
    pale: tuple[str, ...]
    n: int

    def colour(self, name: str) -> str:
        """The frequent events have a colour of their own, which they keep in all columns."""
        if name in self.pale:
            return PALE if "other" in name else _PALEST
        weight: dict[str, int] = {}
        for (_, one), units in self.units.items():
            weight[one] = weight.get(one, 0) + units * (one not in self.pale)
        rank = sorted(weight, key=lambda one: (-weight[one], one)).index(name)
        return PALETTE[rank] if rank < len(PALETTE) else _MORE

    def middles(self, height: float) -> dict[Node, tuple[float, float]]:
        """Return the middle of each node and its height, in pixels from above."""
        most = max(len(column) for column in self.columns)
        scale = (height - (most - 1) * _PAD) / self.n
        places: dict[Node, tuple[float, float]] = {}
        for column in self.columns:
            top = 0.0
            for node in column:
                size = self.units[node] * scale
                places[node] = (top + size / 2, size)
                top += size + _PAD
        return places


def _pale(result: Result) -> tuple[str, ...]:
    """Return the names that stand for no event, in the order in which they are drawn."""
    both = [text for name in ("other", "exit", "entry") for text in (name, f"({name})")]
    return tuple(name for name in both if name not in _events(result))


def _events(result: Result) -> set[str]:
    return {*result.tables["starts"]["event"], *result.table["target"]}


def korean(result: Result) -> dict[str, str]:
    """Return Korean for the names that stand for no event, in brackets where an event is called that."""
    events = _events(result)
    words = {name: f"({word})" if word in events else word for name, word in _SPECIAL.items()}
    both = {text: word for name, word in words.items() for text in (name, f"({name})")}
    return {name: word for name, word in both.items() if name not in events}


def _diagram(links: pd.DataFrame, backward: bool, pale: tuple[str, ...]) -> _Diagram:
    first, last = int(links["step"].min()), int(links["step"].max())
    drawn: list[tuple[Node, Node, int]] = []
    units: dict[Node, int] = {}
    for step, source, target, count in links.itertuples(index=False):
        column = last - step if backward else step - first
        drawn.append(((column, source), (column + 1, target), int(count)))
        far, near = drawn[-1][:2] if backward else drawn[-1][1::-1]
        units[far] = units.get(far, 0) + int(count)
        if step == first:
            units[near] = units.get(near, 0) + int(count)
    weight: dict[str, int] = {}
    for (_, name), number in units.items():
        weight[name] = weight.get(name, 0) + number
    ranked = sorted(weight, key=lambda name: (pale.index(name) if name in pale else -1, -weight[name], name))
    columns = [[(at, name) for name in ranked if (at, name) in units] for at in range(last - first + 2)]
    return _Diagram(columns, units, drawn, pale, sum(units[node] for node in columns[0]))


def _sankey(result: Result, diagram: _Diagram, lang: str) -> go.Figure:
    shown = _titled(result, len(diagram.columns), diagram.n, lang)
    named = korean(result) if lang == "ko" else {}
    width = shown.layout.width - _MARGIN["l"] - _MARGIN["r"]
    height = shown.layout.height - _MARGIN["t"] - _MARGIN["b"]
    places = diagram.middles(height)
    nodes = list(places)
    number = {node: place for place, node in enumerate(nodes)}
    apart = (width - _NODE) / (len(diagram.columns) - 1)
    middle = [(_NODE / 2 + apart * column) / width for column, _ in nodes]
    shown.add_sankey(
        arrangement="fixed",
        node={
            "x": [min(max(x, 1e-3), 1 - 1e-3) for x in middle],
            "y": [min(max(places[node][0] / height, 1e-3), 1 - 1e-3) for node in nodes],
            "color": [diagram.colour(name) for _, name in nodes],
            "customdata": [named.get(name, name) for _, name in nodes],
            "pad": _PAD,
            "thickness": _NODE,
            "line": {"width": 0},
            "hovertemplate": "%{customdata}: %{value:,}<extra></extra>",
        },
        link={
            "source": [number[source] for source, _, _ in diagram.links],
            "target": [number[target] for _, target, _ in diagram.links],
            "value": [count for _, _, count in diagram.links],
            "color": [_link_colour(diagram, source[1], target[1]) for source, target, _ in diagram.links],
            "hovertemplate": "%{source.customdata} → %{target.customdata}: %{value:,}<extra></extra>",
        },
    )
    for column, name in nodes:
        place, share = places[column, name][0], percent(diagram.units[column, name] / diagram.n)
        room = _MARGIN["r"] if column == len(diagram.columns) - 1 else apart - _NODE
        text = f"{_fitting(named.get(name, name), room - 58)} <span style='color:{_GREY}'>{share}</span>"
        x = (apart * column + _NODE) / width
        label = {"xanchor": "left", "yanchor": "middle", "xshift": 3, "showarrow": False, "bgcolor": _VEIL}
        font = {"size": _LABEL, "color": _GREY if name in diagram.pale else INK}
        shown.add_annotation(x=x, y=1 - place / height, xref="paper", yref="paper", text=text, font=font, **label)
    return shown


def _titled(result: Result, columns: int, n: int, lang: str) -> go.Figure:
    """Return an empty figure with a headline and the names of the columns."""
    asked, how = result.recipe["parameters"], result.explain(lang)
    headline, among = _headline(asked, n, lang)
    if asked["by"]:
        among += say(lang, "; all of {by} together", ", {by}별로 나누지 않고 합침", by=asked["by"])
    unit = say(lang, "Unit: {unit}; ", "단위: {unit} · ", unit=how["unit"])
    subtitle = f"{unit}{among}<br>{how['n']} · {how['window']} · {how['zone']}"
    shown = blank(headline, subtitle, margin=_MARGIN, width=max(960, 180 + 140 * columns), height=560)
    shown.update_layout(title={"y": 0.96, "yanchor": "top"})
    width = shown.layout.width - _MARGIN["l"] - _MARGIN["r"]
    for column, name in enumerate(_columns(asked, columns, lang)):
        x = (width - _NODE) / (columns - 1) * column / width
        label = {"xanchor": "left", "yanchor": "bottom", "yshift": 6, "showarrow": False}
        font = {"size": _LABEL, "color": _GREY}
        shown.add_annotation(x=x, y=1, xref="paper", yref="paper", text=f"<b>{name}</b>", font=font, **label)
    return shown


def _headline(asked: Mapping[str, Any], n: int, lang: str) -> tuple[str, str]:
    """Return the title, and what the shares are shares of."""
    backward, session = asked["direction"] == "before", asked["unit"] == "session"
    values = {"steps": asked["steps"], "n": n, "unit": "session" if session else "user"}
    values |= {"unit_ko": "세션" if session else "사용자", "each": "개" if session else "명"}
    if asked["anchor"] is None:
        which, which_ko = ("last", "마지막") if backward else ("first", "처음")
        return (
            say(
                lang,
                f"The {which} {{steps}} events of a {{unit}}",
                f"{{unit_ko}}의 {which_ko} 이벤트 {{steps}}개",
                **values,
            ),
            say(
                lang,
                "share of all {n:,} {unit}s at each step",
                "단계마다 전체 {unit_ko} {n:,}{each} 대비 비율",
                **values,
            ),
        )
    values["anchor"] = f"‘{shorten(asked['anchor'], 40)}’"
    leads, leads_ko = ("leads to", "앞의") if backward else ("follows", "다음의")
    return (
        say(lang, f"What {leads} {{anchor}}", f"{{anchor}} {leads_ko} 흐름", **values),
        say(
            lang,
            "share of the {n:,} {unit}s that have it, from its first occurrence",
            "이 이벤트가 있는 {unit_ko} {n:,}{each} 대비 비율, 첫 발생 기준",
            **values,
        ),
    )


def _columns(asked: Mapping[str, Any], columns: int, lang: str) -> list[str]:
    """Name the columns from left to right."""
    count, backward = range(1, asked["steps"] + 1), asked["direction"] == "before"
    if asked["anchor"] is not None:
        words = ("{step} before", "{step}단계 앞") if backward else ("{step} after", "{step}단계 뒤")
        names = [say(lang, "Anchor", "기준 이벤트"), *(say(lang, *words, step=step) for step in count)]
        return names[::-1] if backward else names
    if backward:
        last = say(lang, "Last", "마지막")
        names = [last, *(say(lang, "Last − {step}", "마지막 − {step}", step=step) for step in count[:-1])]
        return [*names[::-1], ""][:columns]
    names = [say(lang, "Step {step}", "{step}단계", step=step) for step in count]
    return names if len(names) > 1 else ["", *names]


def _link_colour(diagram: _Diagram, source: str, target: str) -> str:
    """A link has the colour of the event it leaves; to and from the pale nodes it is pale."""
    name = next((one for one in (target, source) if one in diagram.pale), source)
    colour = diagram.colour(name)
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{0.45 if name in diagram.pale else 0.38})"


def _fitting(text: str, pixels: float) -> str:
    """Shorten a name to the room it has."""
    return shorten(text, max(pixels / (0.55 * _LABEL), 5))


# ---- differences ------------------------------------------------------------------------------------------------


def _differences(result: Result, table: pd.DataFrame, lang: str) -> go.Figure:
    """Draw the differences with the smallest q-values, each with its interval; filled where q is small."""
    if table.empty:
        return empty(title("flows", lang), result.sentences[0].write(lang))
    values = dict(result.sentences[0].values) | {"family_said": result.explain(lang)["family"]}
    values |= {
        side: shorten(str(name), 24) for side, name in zip("ab", result.recipe["parameters"]["compare"], strict=True)
    }
    drawn = table.head(_MOST_DIFFERENCES).sort_values("difference", kind="stable")
    values["drawn"] = len(drawn)
    shown = blank(
        say(
            lang,
            "Moves of ‘{a}’ and ‘{b}’: {called:,} of {family:,} differ",
            "‘{a}’ 대 ‘{b}’: 이동 {family:,}개 중 {called:,}개에 차이",
            **values,
        ),
        say(
            lang,
            "Share of users who make the move, ‘{a}’ (n = {n_a:,}) less ‘{b}’ (n = {n_b:,}), with 95 % intervals<br>"
            "The {drawn} smallest q of {family_said}; filled: q ≤ 5 %",
            "이동한 사용자 비율의 차이: ‘{a}’(n = {n_a:,}) − ‘{b}’(n = {n_b:,}), 95 % 신뢰구간<br>"
            "{family_said} 중 q값이 작은 {drawn}개, 채운 점: q ≤ 5 %",
            **values,
        ),
        height=170 + 30 * len(drawn),
        margin={"l": 40, "r": 40, "t": 118, "b": 60},
    )
    _intervals(shown, drawn, lang)
    shown.update_layout(showlegend=False)
    sides = say(
        lang,
        "← more in ‘{b}’   percentage points   more in ‘{a}’ →",
        "← ‘{b}’ 쪽이 높음   %p   ‘{a}’ 쪽이 높음 →",
        **values,
    )
    shown.update_xaxes(title=sides, zerolinecolor=INK)
    return shown


def _intervals(shown: go.Figure, drawn: pd.DataFrame, lang: str) -> None:
    moves = zip(drawn["source"], drawn["target"], strict=True)
    labels = [f"{shorten(source, 20)} → {shorten(target, 20)}" for source, target in moves]
    rates = zip(drawn["rate_a"], drawn["rate_b"], strict=True)
    hover = [
        say(lang, "{one} against {two}", "{one} 대 {two}", one=percent(one), two=percent(two)) for one, two in rates
    ]
    for yes, colour in ((True, PALETTE[0]), (False, PALE)):
        part = (drawn["q"] <= _CALLED) == yes
        shown.add_scatter(
            x=100 * drawn["difference"][part],
            y=[label for label, one in zip(labels, part, strict=True) if one],
            mode="markers",
            marker={"size": 10, "color": colour if yes else "white", "line": {"width": 2, "color": colour}},
            error_x={
                "array": 100 * (drawn["upper"] - drawn["difference"])[part],
                "arrayminus": 100 * (drawn["difference"] - drawn["lower"])[part],
                "color": colour,
                "thickness": 2,
                "width": 0,
            },
            customdata=[text for text, one in zip(hover, part, strict=True) if one],
            hovertemplate="%{y}: %{customdata}"
            + say(lang, " (%{{x:+.1f}} points)", "(%{{x:+.1f}} %p)")
            + "<extra></extra>",
        )
    shown.update_yaxes(categoryorder="array", categoryarray=labels, automargin=True, ticklen=8, showgrid=False)
