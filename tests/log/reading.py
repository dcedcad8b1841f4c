"""Reading a log back, event by event, to compare it with the rows that it was made of."""

from __future__ import annotations

from typing import Any

from dangol.log.block import Block
from dangol.log.eventlog import EventLog
from tests.logs import make_log
from tests.oracles import histories
from tests.oracles.strategies import Small

COLUMNS = ("time", "event", "item", "amount", "country", "age")
Line = tuple[str, str, int, Any, Any, Any, Any]


def lines(log: EventLog) -> list[Line]:
    """Everything a log holds, one event after another, read through its blocks."""
    found: list[Line] = []
    ids = log.ids().tolist()
    texts = {name: log.names(name) for name in COLUMNS[1:] if log.column(name).kind == "text"}

    def value(block: Block, name: str, position: int) -> Any:
        one = block.columns[name][position].item()
        if name in texts:
            return texts[name][one]
        return None if one != one else one

    for block in log.blocks(COLUMNS):
        assert block.time is block.columns["time"]
        assert block.event is block.columns["event"]
        assert len(block.offsets) == len(block.users) + 1
        for position, user in enumerate(block.users.tolist()):
            for row in range(block.offsets[position], block.offsets[position + 1]):
                own = [value(block, name, row) for name in ("event", "time", "item", "amount")]
                theirs = [value(block, name, position) for name in ("country", "age")]
                found.append((ids[user], *own, *theirs))  # type: ignore[arg-type]
    return found


def expected(small: Small) -> list[Line]:
    """The same from the rows."""
    names = ("item", "amount", "country", "age")
    return [
        (event.user, event.name, event.time, *(event.values[name] for name in names))  # type: ignore[misc]
        for history in histories(small.events).values()
        for event in history
    ]


def example(**changes: Any) -> EventLog:
    """Three users; the second has no item, the third no country."""
    rows = [
        ("ann", "view", "2011-03-01 10:00"),
        ("ann", "buy", "2011-03-01 11:00"),
        ("bob", "view", "2011-03-02 10:00"),
        ("cho", "view", "2011-03-02 00:00"),
        ("cho", "구매", "2011-03-03 09:30"),
    ]
    options: dict[str, Any] = {
        "zone": "Asia/Seoul",
        "properties": {"item": ["x", "y", None, "x", "z"], "amount": [1, 2.5, None, 4, 5]},
        "attributes": {"country": {"ann": "KR", "bob": "US"}, "age": {"ann": 20, "bob": 30}},
    }
    return make_log(rows, **{**options, **changes})
