"""A Graph API on this machine, and a way to ask it that never waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from dangol.collect import Graph

from .api import ASKER, TOKEN, Account, Api, posts, served


@pytest.fixture
def api() -> Iterator[Api]:
    """Three accounts: one with three pages of posts at 50 a page, one with two posts, one without."""
    found = Api(
        {
            "blue.bottle": Account(267_793, 12, posts(120)),
            "dangol_shop": Account(1_000, 7, posts(2)),
            "quiet": Account(30, 0, []),
        }
    )
    with served(found) as ready:
        yield ready


@pytest.fixture
def slept() -> list[float]:
    """The pauses that were asked for."""
    return []


@pytest.fixture
def graph(api: Api, slept: list[float]) -> Callable[..., Graph]:
    """Make a Graph that asks the local API and only notes its pauses."""

    def make(**changes: object) -> Graph:
        given = {"token": TOKEN, "user_id": ASKER, "url": api.url, "sleep": slept.append, "timeout_s": 5.0, **changes}
        return Graph(**given)  # type: ignore[arg-type]

    return make
