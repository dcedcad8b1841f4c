"""Result: tables made on first look, sentences, units, Markdown."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import pandas as pd
import pytest

from dangol.core.errors import InputError
from dangol.core.result import Result, Tables
from dangol.core.words import Sentence


def result(**changes: Any) -> Result:
    made: list[str] = changes.pop("made", [])

    def table(name: str, rows: int) -> pd.DataFrame:
        made.append(name)
        return pd.DataFrame({"event": [f"e{row}" for row in range(rows)], "users": range(rows)})

    def find(*, event: str) -> list[str]:
        if event == "broken":
            raise TypeError("unrelated")
        return ["007", "가온"] if event == "e1" else []

    parts: dict[str, Any] = {
        "name": "example",
        "sentences": (Sentence("{n} users.", "사용자 {n}명입니다.", {"n": 2}), Sentence("Few.", "적습니다.")),
        "how": {"unit": "user"},
        "recipe": {"question": "example"},
        "tables": Tables({"first": lambda: table("first", 2), "second": lambda: table("second", 25)}),
        "shown": ("first",),
        "find": find,
    }
    return Result(**{**parts, **changes})


def test_tables_are_made_once_and_only_when_looked_at() -> None:
    made: list[str] = []
    one = result(made=made)
    assert list(one.tables) == ["first", "second"]
    assert len(one.tables) == 2
    assert "first" in one.tables
    assert "third" not in one.tables
    assert made == []
    assert one.table is one.tables["first"]
    assert one.tables["first"] is one.table
    assert made == ["first"]


def test_an_unknown_table_suggests_the_nearest() -> None:
    with pytest.raises(InputError, match=r"table 'secnd' is not in this result; did you mean 'second'\?"):
        result().tables["secnd"]


def test_it_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        result().name = "other"  # type: ignore[misc]


def test_the_summary_speaks_two_languages() -> None:
    assert result().summary() == str(result()) == "2 users. Few."
    assert result().summary("ko") == "사용자 2명입니다. 적습니다."
    with pytest.raises(InputError):
        result().summary("de")


def test_units_are_ids_as_text() -> None:
    found = result().units(event="e1")
    assert found.tolist() == ["007", "가온"]
    assert (found.name, str(found.dtype)) == ("user", "str")
    nobody = result().units(event="e0")
    assert (nobody.tolist(), str(nobody.dtype)) == ([], "str")


def test_a_keyword_that_the_table_does_not_have_is_an_input_error() -> None:
    with pytest.raises(InputError, match=r"example\.units\(step\)"):
        result().units(step=1)
    with pytest.raises(InputError):
        result().units()


def test_other_type_errors_are_not_hidden() -> None:
    with pytest.raises(TypeError, match="unrelated"):
        result().units(event="broken")


def test_markdown_has_the_sentences_and_the_shown_tables() -> None:
    text = result().to_markdown()
    assert text == "2 users. Few.\n\n| event | users |\n| --- | --- |\n| e0 | 0 |\n| e1 | 1 |"
    assert result()._repr_markdown_() == text


def test_markdown_shows_twenty_rows_and_says_how_many_more() -> None:
    text = result(shown=("second",)).to_markdown("ko")
    assert text.startswith("사용자 2명입니다.")
    assert "| e19 | 19 |" in text
    assert "| e20 |" not in text
    assert text.endswith("… 5 more rows")
