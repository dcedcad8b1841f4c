"""Sentences: a number in the text is the value of a cell, never typed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[1] / "src" / "dangol"
SAYING = sorted(path for room in ("questions", "segments", "collect") for path in (SOURCES / room).glob("*.py"))
# What a definition says, not a result: nothing, one; nine of ten (90 %) and the most active 10 %; the 30 days of
# stickiness; 95 % intervals; the 168 hours of a week; p ≤ 0.05 / 3 for three tests; the 1,000 groups of a bootstrap.
DEFINED = {"0", "0.05", "1", "1,000", "10", "3", "30", "90", "95", "168"}


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Every text with Korean letters, and every text handed to Sentence as it is."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        said = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        if re.search("[가-힣]", said) and ">>>" not in said:  # an example in a docstring is no sentence
            yield node.lineno, said
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Sentence":
            for one in node.args[:2]:
                if isinstance(one, ast.Constant) and isinstance(one.value, str):
                    yield one.lineno, one.value


@pytest.mark.parametrize("path", SAYING, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_no_number_is_typed_into_a_sentence(path: Path) -> None:
    typed = {
        (line, number)
        for line, text in texts(path)
        for number in re.findall(r"\d[\d,.]*", re.sub(r"\{[^}]*\}", "", text))
        if number.strip(".,") not in DEFINED
    }
    assert not typed
