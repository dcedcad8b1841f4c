"""The sentences of ``collect_instagram``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dangol.core.words import Sentence

from .profiles_words import listed

if TYPE_CHECKING:
    import pandas as pd

    from .instagram import Collected


def sentences(made: Collected, profiles: pd.DataFrame, posts: pd.DataFrame) -> tuple[Sentence, ...]:
    """Say first what is still missing, then what was found."""
    found = [*_unfinished(made), _headline(made, len(posts))]
    if absent := made.absent():
        found.append(
            Sentence(
                "No such name, or no professional account: {n:,} ({names}).",
                "이름이 없거나 프로페셔널 계정이 아닌 계정 {n:,}개: {names_ko}.",
                _names(absent),
            )
        )
    found += _untold(profiles, posts)
    if made.earlier:
        found.append(
            Sentence(
                "Known from an earlier run, and not asked for again: {earlier:,}.",
                "이전 실행에서 수집해 다시 요청하지 않은 계정: {earlier:,}개.",
                {"earlier": made.earlier},
            )
        )
    if made.repeated:
        found.append(
            Sentence(
                "Names that the list repeats: {repeated:,}.",
                "목록에 중복된 이름: {repeated:,}개.",
                {"repeated": made.repeated},
            )
        )
    return tuple(found)


def _untold(profiles: pd.DataFrame, posts: pd.DataFrame) -> list[Sentence]:
    """Say which numbers the API keeps to itself."""
    found = []
    if hidden := int(posts["like_count"].isna().sum()):
        found.append(
            Sentence(
                "Posts that hide their likes: {hidden:,}; their like_count is missing, not zero.",
                "좋아요 수를 숨긴 게시물 {hidden:,}건은 0이 아니라 결측으로 두었습니다.",
                {"hidden": hidden},
            )
        )
    if unsaid := int(profiles["follow"].isna().sum()):
        found.append(
            Sentence(
                "Accounts of which the API does not tell how many they follow: {unsaid:,}.",
                "API가 팔로잉 수를 알려 주지 않은 계정: {unsaid:,}개.",
                {"unsaid": unsaid},
            )
        )
    return found


def _names(names: list[str]) -> dict[str, object]:
    return {"n": len(names), "names": listed(names, "en"), "names_ko": listed(names, "ko")}


def _unfinished(made: Collected) -> list[Sentence]:
    if not made.failed:
        return []
    return [
        Sentence(
            "Not finished: {n:,} of {all:,} accounts got no answer ({names}); the same command asks for them again.",
            "수집이 끝나지 않았습니다. 계정 {all:,}개 가운데 {n:,}개는 응답이 없었습니다({names_ko}). 같은 명령을 다시 "
            "실행하면 이 계정만 요청합니다.",
            {"all": len(made.names), **_names(list(made.failed))},
        )
    ]


def _headline(made: Collected, posts: int) -> Sentence:
    return Sentence(
        "Collected {found:,} of {all:,} accounts, with {posts:,} of their latest posts.",
        "계정 {all:,}개 가운데 {found:,}개와 최근 게시물 {posts:,}건을 수집했습니다.",
        {"found": len(made.found()), "all": len(made.names), "posts": posts},
    )


def explain(made: Collected) -> dict[str, Sentence]:
    """Say how it was collected."""
    return {
        "unit": Sentence("one account", "계정 하나"),
        "window": Sentence("at most the {posts:,} latest posts", "최근 게시물 최대 {posts:,}건", {"posts": made.posts}),
        "exclusions": Sentence(
            "personal accounts and accounts with an age limit, which the API does not give",
            "API가 제공하지 않는 개인 계정과 연령 제한 계정",
        ),
    }
