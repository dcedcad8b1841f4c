"""What questions about activity say of a part of a log without any."""

from __future__ import annotations

from dangol.core.words import Sentence


def nobody(event: str | None = None) -> Sentence:
    """Say that there is no user, where one event is asked about, none who did it."""
    if event is None:
        return Sentence(
            "There are no users: this part of the log holds no event.",
            "사용자가 없습니다. 로그의 이 부분에는 이벤트가 없습니다.",
        )
    return Sentence(
        "There are no users: this part of the log holds no event '{event}'.",
        "사용자가 없습니다. 로그의 이 부분에는 ‘{event}’ 이벤트가 없습니다.",
        {"event": event},
    )
