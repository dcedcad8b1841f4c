"""The words that people are shown: each decided once, in both languages, and easy to find."""

from __future__ import annotations

import ast
import inspect

import pytest

from dangol.core import label_values, label_words, labels
from dangol.core.labels import caption, label, title


def tables() -> dict[str, list[str]]:
    """The words of each dictionary of the words, as they stand in the source: a dict would hide a repeated key."""
    tree = ast.parse(inspect.getsource(label_words) + inspect.getsource(label_values))
    return {
        ast.unparse(node.target): [ast.literal_eval(key) for key in node.value.keys if key is not None]
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict) and node.value.values
        if all(isinstance(value, ast.Tuple) for value in node.value.values)
    }


def test_every_word_stands_once_and_in_order() -> None:
    assert {"COLUMNS", "ASPECTS", "QUESTIONS", "TABLES"} <= set(tables())
    for name, words in tables().items():
        assert words == sorted(set(words)), name


@pytest.mark.parametrize("say", [label, title, caption])
def test_what_has_no_word_is_shown_as_it_is(say: object) -> None:
    assert callable(say)
    assert say("no_such_word") == say("no_such_word", "ko") == "no such word"


def test_words() -> None:
    assert (label("users_7d", "ko"), label("suggested_gap_s"), label("1-2", "ko")) == (
        "최근 7일 사용자 수",
        "suggested gap",
        "1-2",
    )
    assert (label("events", "ko"), caption("events", "ko"), title("sessions", "ko")) == ("이벤트 수", "이벤트", "세션")


def test_weekdays_and_seasons_have_names() -> None:
    assert [labels.weekday(day, "ko") for day in (1, 7)] == ["월요일", "일요일"]
    assert labels.value("season_30", "component") == "30-day season"
    assert labels.value("trend", "component", "ko") == "추세"


def test_a_word_may_mean_something_of_its_own_in_a_question() -> None:
    assert (label("return_rate", "ko", "lifecycle"), label("return_rate", "ko", "repurchase")) == ("유지율", "복귀율")
