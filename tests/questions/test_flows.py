"""``flows``: cases counted by hand, its words, errors and figure."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from dangol.core.errors import InputError
from dangol.log.eventlog import EventLog
from dangol.questions.flows import flows
from dangol.questions.sessions import sessions
from tests.logs import make_log

# ann: view cart view | order (a pause of 31 minutes); bea: view cart, order at the same instant; cho: cart; dan: view
# (30 minutes later, still one session) order
ROWS = [
    ("ann", "view", "2024-01-01 10:00:00"),
    ("ann", "cart", "2024-01-01 10:00:10"),
    ("ann", "view", "2024-01-01 10:01:00"),
    ("ann", "order", "2024-01-01 10:32:00"),
    ("bea", "view", "2024-01-01 11:00:00"),
    ("bea", "cart", "2024-01-01 11:00:20"),
    ("bea", "order", "2024-01-01 11:00:20"),
    ("cho", "cart", "2024-01-02 09:00:00"),
    ("dan", "view", "2024-01-03 09:00:00"),
    ("dan", "order", "2024-01-03 09:30:00"),
]
DEVICES = ["pc", "pc", "pc", "app", "app", "app", "pc", "pc", None, "app"]
PLANS = {"ann": "free", "bea": "free", "cho": "paid"}


def hand(**changes: Any) -> EventLog:
    return make_log(ROWS, properties={"device": DEVICES}, attributes={"plan": PLANS}, **changes)


def rows(table: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    return list(table[list(columns)].itertuples(index=False, name=None))


# ---- by hand ------------------------------------------------------------------------------------------------------


def test_edges_by_hand() -> None:
    result = flows(hand())
    assert list(result.table.columns) == ["source", "target", "count", "users", "median_s", "rate"]
    assert [tuple(row) for row in result.table.itertuples(index=False)] == [
        ("view", "cart", 2, 2, 15.0, 0.5),  # 10 s and 20 s; view is left four times: cart, order, cart, order
        ("view", "order", 2, 2, 1830.0, 0.5),  # 31 and 30 minutes
        ("cart", "order", 1, 1, 0.0, 1 / 3),  # at the same instant; cart: view, order, and cho's end
        ("cart", "view", 1, 1, 50.0, 1 / 3),
    ]
    assert rows(result.tables["starts"], "event", "count", "users", "rate") == [
        ("view", 3, 3, 0.75),
        ("cart", 1, 1, 0.25),
    ]
    assert rows(result.tables["ends"], "event", "count", "users", "rate") == [
        ("order", 3, 3, 0.75),
        ("cart", 1, 1, 0.25),
    ]
    assert result.tables["edges"] is result.table
    assert result.explain()["n"] == "4 users, 6 moves"


def test_sessions_as_the_unit_by_hand() -> None:
    result = flows(hand(), unit="session")
    assert rows(result.table, "source", "target", "count", "users", "median_s", "rate") == [
        ("view", "cart", 2, 2, 15.0, 0.5),
        ("cart", "order", 1, 1, 0.0, 1 / 3),
        ("cart", "view", 1, 1, 50.0, 1 / 3),
        ("view", "order", 1, 1, 1800.0, 0.25),  # 30 minutes are not longer than 30 minutes
    ]
    assert result.tables["starts"]["count"].sum() == 5
    assert result.explain()["unit"] == "session (a pause longer than 30m begins a new one)"
    # ann's two sessions begin with view and order; users stay distinct users
    again = make_log([*ROWS, ("ann", "view", "2024-01-05 10:00"), ("ann", "cart", "2024-01-05 10:00:10")])
    edges = flows(again, unit="session").table
    assert rows(edges, "source", "target", "count", "users")[0] == ("view", "cart", 3, 2)


def test_variants_by_hand() -> None:
    twice = make_log([*ROWS, ("eve", "cart", "2024-01-04"), ("cho", "cart", "2024-01-04")])
    variants = flows(twice, unit="session").tables["variants"]
    assert list(variants.columns) == ["variant", "count", "users", "rate", "events"]
    assert rows(variants, "variant", "count", "users", "events") == [
        ("cart", 3, 2, 1),  # twice by cho
        ("order", 1, 1, 1),  # equal counts: the shorter first, then ann before bea
        ("view → order", 1, 1, 2),
        ("view → cart → view", 1, 1, 3),
        ("view → cart → order", 1, 1, 3),
    ]
    assert variants["rate"].tolist() == pytest.approx([3 / 7] + [1 / 7] * 4)


def test_steps_and_sankey_from_the_beginning_by_hand() -> None:
    result = flows(hand(), steps=3, top=1)
    steps = result.tables["steps"].set_index("event")
    assert list(steps.columns) == ["1", "2", "3"]
    assert steps.loc["view"].tolist() == [0.75, 0, 0.25]
    assert steps.loc["cart"].tolist() == [0.25, 0.5, 0]
    assert steps.loc["order"].tolist() == [0, 0.25, 0.25]
    assert steps.loc["exit"].tolist() == [0, 0.25, 0.5]
    assert steps.index.tolist() == ["view", "cart", "order", "exit"]
    assert rows(result.tables["sankey"], "step", "source", "target", "count") == [
        (1, "start", "view", 3),
        (1, "start", "other", 1),
        (2, "view", "cart", 2),  # cart has two of four: named; order has one
        (2, "view", "other", 1),
        (2, "other", "exit", 1),
        (3, "cart", "order", 1),  # order and view have one each: by name
        (3, "cart", "other", 1),
        (3, "other", "exit", 1),
        (3, "exit", "exit", 1),
    ]


def test_after_and_before_an_anchor_by_hand() -> None:
    after = flows(hand(), anchor="cart", steps=2)
    assert rows(after.tables["sankey"], "step", "source", "target", "count") == [
        (1, "cart", "order", 1),
        (1, "cart", "view", 1),
        (1, "cart", "exit", 1),
        (2, "order", "exit", 1),
        (2, "view", "order", 1),
        (2, "exit", "exit", 1),
    ]
    before = flows(hand(), anchor="order", direction="before", steps=2)
    assert rows(before.tables["sankey"], "step", "source", "target", "count") == [
        (1, "view", "order", 2),
        (1, "cart", "order", 1),
        (2, "cart", "view", 1),
        (2, "entry", "view", 1),
        (2, "view", "cart", 1),
    ]
    steps = before.tables["steps"].set_index("event")
    assert steps.loc["entry"].tolist() == [0, 1 / 3]
    backwards = flows(hand(), direction="before", steps=1).tables["sankey"]
    assert rows(backwards, "step", "source", "target", "count") == [(1, "order", "end", 3), (1, "cart", "end", 1)]


def test_a_real_event_keeps_its_name() -> None:
    log = make_log([("u", name, time) for time, name in enumerate(("start", "exit", "other", "entry", "end"))])
    sankey = flows(log, steps=6, top=1).tables["sankey"]
    assert sankey["target"].tolist() == ["start", "exit", "other", "entry", "end", "(exit)"]
    assert sankey["source"].iloc[0] == "(start)"
    before = flows(log, steps=6, direction="before").tables["sankey"]
    assert (before["target"].iloc[0], before["source"].iloc[5]) == ("(end)", "(entry)")
    assert flows(log, steps=6).units(step=6, event="(exit)").tolist() == ["u"]


def test_a_user_is_in_one_segment() -> None:
    result = flows(hand(), by="device")
    assert rows(result.tables["segments"], "segment", "users", "moves") == [
        ("pc", 2, 3),
        ("(none)", 1, 1),
        ("app", 1, 2),
    ]
    moves = set(rows(result.table, "segment", "source", "target", "count"))
    assert ("pc", "view", "order", 1) in moves  # ann's order was made in the app, but she began on a pc
    last = flows(hand(), by="device", attribution="last")
    assert rows(last.tables["segments"], "segment", "users") == [("app", 2), ("pc", 2)]
    by_plan = flows(hand(), by="plan").table
    assert by_plan["segment"].drop_duplicates().tolist() == ["(none)", "free"]  # cho, who pays, makes no move
    assert by_plan["count"].sum() == 6


def test_sessions_are_those_of_the_question_sessions() -> None:
    log = hand()
    found = sessions(log, gap="10m").table
    assert flows(log, unit="session", gap="10m").table["count"].sum() == log.n_events - len(found)
    starts = flows(log, unit="session", gap="10m").tables["starts"]
    assert (
        dict(zip(starts["event"], starts["count"], strict=True)) == found["entry"].astype(str).value_counts().to_dict()
    )


def test_cutting_into_blocks_changes_nothing() -> None:
    options: dict[str, Any] = {"unit": "session", "anchor": "view", "by": "device"}
    whole, cut = (flows(hand(block_events=size), **options) for size in (1 << 20, 1))
    for name in whole.tables:
        pd.testing.assert_frame_equal(whole.tables[name], cut.tables[name])
    assert whole.summary("ko") == cut.summary("ko")


# ---- two segments against each other ------------------------------------------------------------------------------


def newcombe_log(extra: bool = False) -> EventLog:
    """Newcombe's 56 of 70 against 48 of 80: users who go from x to y; all others go from x to z."""
    made = [
        (f"{name}{number:02d}", event, time)
        for name, n, doing in (("a", 70, 56), ("b", 80, 48))
        for number in range(n)
        for time, event in enumerate(("x", "y" if number < doing else "z"))
    ]
    made += [("c1", "x", 0), ("c1", "y", 1)]
    group = {user: user[0].upper() for user, *_ in made}
    return make_log(made, attributes={"group": group})


def test_differences_equal_newcombe() -> None:
    result = flows(newcombe_log(), by="group", compare=("A", "B"))
    table = result.tables["differences"]
    assert rows(table, "source", "target", "users_a", "users_b") == [("x", "y", 56, 48), ("x", "z", 14, 32)]
    first = table.iloc[0]
    # Newcombe 1998, table II, method 10: 56/70 − 48/80 → [0.0524, 0.3339]
    assert [first["difference"], first["lower"], first["upper"]] == pytest.approx([0.2, 0.0524, 0.3339], abs=5e-5)
    assert first["p"] == pytest.approx(0.008045081, abs=5e-9)  # scipy: chi2_contingency without correction
    assert table["q"].tolist() == pytest.approx([first["p"]] * 2)  # both have the same p: q is 2·p/2
    assert result.explain()["family"] == "2 moves with at least 5 users in the two segments together"
    assert result.sentences[0].values["called"] == 2
    assert "'A' (70 users) and 'B' (80 users) differ in 2 of 2 tested moves" in result.summary()
    assert "+20.0 points, 95 % interval +5.2 to +33.4" in result.summary()
    assert "차이가 있습니다" in result.summary("ko")


def test_moves_of_few_users_are_not_tested() -> None:
    result = flows(newcombe_log(), by="group", compare=("A", "C"))
    tested = result.tables["differences"]
    assert set(rows(tested, "target", "users_a", "users_b")) == {("y", 56, 1), ("z", 14, 0)}
    assert result.summary().startswith("Weak evidence")
    none = flows(hand(), by="device", compare=["pc", "app"])
    assert none.tables["differences"].empty
    assert "cannot be compared" in none.summary()
    assert none.figure().layout.title.text


# ---- the users behind a number ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "where", "users"),
    [
        ({}, {"source": "view", "target": "cart"}, ["ann", "bea"]),
        ({}, {"source": "order", "target": "view"}, []),
        ({}, {"start": "cart"}, ["cho"]),
        ({}, {"end": "order"}, ["ann", "bea", "dan"]),
        ({"unit": "session"}, {"end": "view"}, ["ann"]),
        ({}, {"variant": "view → order"}, ["dan"]),
        ({"unit": "session"}, {"variant": ["order"]}, ["ann"]),
        ({"anchor": "cart"}, {"step": 1, "event": "exit"}, ["cho"]),
        ({"anchor": "cart"}, {"step": 2, "event": "order"}, ["ann"]),
        ({"anchor": "cart"}, {"step": 2, "source": "order", "target": "exit"}, ["bea"]),
        ({"top": 1}, {"step": 2, "source": "view", "target": "other"}, ["dan"]),
        ({"anchor": "order", "direction": "before"}, {"step": 2, "source": "entry", "target": "view"}, ["dan"]),
        ({"by": "plan"}, {"source": "view", "target": "order", "segment": "free"}, ["ann"]),
        ({"by": "plan"}, {"source": "view", "target": "order"}, ["ann", "dan"]),
        ({"by": "device"}, {"step": 1, "event": "view", "segment": "(none)"}, ["dan"]),
    ],
)
def test_units_by_hand(options: dict[str, Any], where: dict[str, Any], users: list[str]) -> None:
    for size in (1 << 20, 1):
        assert flows(hand(block_events=size), **options).units(**where).tolist() == users


def test_every_count_of_users_has_its_users() -> None:
    result = flows(hand(), unit="session", by="device")
    for row in result.table.itertuples():
        found = result.units(source=row.source, target=row.target, segment=row.segment)
        assert len(found) == row.users
    for row in result.tables["variants"].itertuples():
        assert len(result.units(variant=row.variant, segment=row.segment)) == row.users


# ---- words --------------------------------------------------------------------------------------------------------


def many(users: int) -> list[tuple[str, str, int]]:
    return [(f"u{user:03d}", name, at * 1_000_000) for user in range(users) for at, name in enumerate("aaba")]


def test_words() -> None:
    summary = flows(make_log(many(40))).summary()
    assert summary.startswith(
        "The most common move is 'a' → 'a': 40 of 120 moves (33.3 %), made by 40 of 40 users, half of them within 1s."
    )
    assert "Between different events the most common is 'a' → 'b' (40)." in summary
    korean = flows(make_log(many(40))).summary("ko")
    assert korean.startswith("가장 잦은 것은 ‘a’ → ‘a’ 이동으로, 전체 120회 가운데 40회(33.3 %)이며")


def test_weak_evidence_is_said_first() -> None:
    assert flows(make_log(many(3))).summary().startswith("Weak evidence, only 3 users: ")
    assert flows(make_log(many(3))).summary("ko").startswith("사용자가 3명뿐이라 근거가 약합니다.")
    alone = flows(make_log([(f"u{user}", "a", user) for user in range(40)]))
    assert alone.summary().startswith("Nobody moves")
    assert alone.table.empty
    rare = flows(make_log([*many(40), ("v", "c", 1), ("v", "a", 2)]), anchor="c")
    assert rare.summary().startswith("Weak evidence, only 1 user: right after the first 'c'")
    view = make_log(many(40)).where("event", "!=", "b")
    assert "may pass over events" in flows(view).summary()
    assert flows(view, anchor="b").summary().startswith("None of the 40 users has 'b'")
    assert "may pass over events" not in flows(make_log(many(40)).users(["u001"])).summary()


def test_the_anchor_comes_first() -> None:
    result = flows(make_log(many(40)), anchor="b")
    assert result.summary().startswith(
        "Right after the first 'b' of 40 users (of 40) comes 'a' (100.0 %); 0.0 % end there."
    )
    before = flows(make_log(many(40)), anchor="a", direction="before").summary()
    assert before.startswith("Just before the first 'a' of 40 users (of 40) nothing comes; 100.0 % begin with it.")


def test_recipe_asks_again() -> None:
    result = flows(hand(), unit="session", gap="1h", by="device", compare=("pc", "app"), steps=2)
    again = flows(hand(), **result.recipe["parameters"])
    assert again.recipe == result.recipe
    for name in result.tables:
        pd.testing.assert_frame_equal(result.tables[name], again.tables[name])


# ---- errors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"unit": "visit"}, "unit='visit' is not known; use 'user' or 'session'"),
        ({"gap": "1h"}, "add unit='session'"),
        ({"unit": "session", "gap": "0m"}, "must be longer than zero"),
        ({"unit": "session", "gap": 30}, "gap needs a unit"),
        ({"anchor": "ordr"}, "event 'ordr' is not in the log; did you mean 'order'?"),
        ({"direction": "both"}, "use 'after' or 'before'"),
        ({"steps": 0}, "steps=0 must be a whole number from 1 to 50"),
        ({"steps": 2.5}, "steps=2.5 must be a whole number"),
        ({"steps": True}, "steps=True must be a whole number"),
        ({"top": 0}, "top=0 must be a whole number"),
        ({"by": "devise"}, "did you mean 'device'?"),
        ({"by": "user"}, "break down by a text column"),
        ({"attribution": "last"}, "there is none; leave it out"),
        ({"by": "plan", "attribution": "last"}, "has one value per user"),
        ({"by": "device", "attribution": "any"}, "use 'first' or 'last'"),
        ({"compare": ("pc", "app")}, "add by="),
        ({"by": "device", "compare": ("pc", "ap")}, "device value 'ap' is not in the log; did you mean 'app'?"),
        ({"by": "device", "compare": ("pc",)}, "must be two different values of 'device'"),
        ({"by": "device", "compare": ("pc", "pc")}, "must be two different values"),
        ({"by": "device", "compare": "pc"}, "must be two different values"),
    ],
)
def test_errors_say_what_to_do(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as raised:
        flows(hand(), **options)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({}, "names no cell; give source= and target="),
        ({"source": "view"}, "units(source) names no cell"),
        ({"source": "view", "target": "crt"}, "did you mean 'cart'?"),
        ({"variant": "view → crt"}, "did you mean 'cart'?"),
        ({"step": 9, "event": "view"}, "it has steps 1 to 5"),
        ({"step": 1, "source": "start", "target": "view", "segment": "pc"}, "broken down with by="),
        ({"step": 1, "source": "view", "target": "cart"}, "is not in the Sankey diagram; it has 'start'"),
        ({"page": "view"}, "page"),
    ],
)
def test_units_errors_say_what_to_do(where: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as raised:
        flows(hand()).units(**where)
    assert said in str(raised.value)
