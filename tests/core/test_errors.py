"""Errors say what is wrong, what was found and what to do."""

from __future__ import annotations

import pytest

from dangol.core.errors import DangolError, InputError, StoreError, choice, unknown


def test_the_nearest_name_is_suggested() -> None:
    text = str(unknown("event", "purchse", ["view", "cart", "purchase"]))
    assert text == "event 'purchse' is not in the log; did you mean 'purchase'?"


def test_letters_of_another_case_are_near() -> None:
    assert "did you mean 'AddToCart'?" in str(unknown("event", "addtocart", ["AddToCart", "Buy"]))


def test_korean_names_are_compared_too() -> None:
    assert "did you mean '장바구니'?" in str(unknown("event", "장바구늬", ["구매", "장바구니"]))


def test_without_a_near_name_the_first_eight_are_listed() -> None:
    text = str(unknown("event", "zzz", [f"event-{number}" for number in range(11)]))
    assert text.endswith("it has " + ", ".join(f"'event-{number}'" for number in range(8)) + " and 3 more")


def test_where_there_is_nothing_it_says_so() -> None:
    assert str(unknown("column", "x", [], "a.csv")) == "column 'x' is not in a.csv; there are none"


def test_names_that_are_no_text_are_shown() -> None:
    assert "event '7' is not in the log" in str(unknown("event", 7, ["a"]))


def test_a_choice_names_what_is_allowed() -> None:
    assert choice("order", "any", ("any", "strict")) == "any"
    with pytest.raises(InputError, match="order='some' is not known; use 'any' or 'strict'"):
        choice("order", "some", ("any", "strict"))


def test_every_error_is_one_that_the_command_line_catches() -> None:
    assert issubclass(InputError, DangolError)
    assert issubclass(StoreError, DangolError)
