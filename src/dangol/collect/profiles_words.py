"""The sentences of ``merge_profiles``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from dangol.core.words import Sentence

if TYPE_CHECKING:
    import pandas as pd

    from .merge import Merged

_NAMED: Final = 5  # accounts that a sentence names before it counts the others
_WHY: Final = {
    "no_metrics": ("without metrics of posts", "게시물 지표가 없는 계정"),
    "no_posts": ("not in the posts", "게시물 자료에 없는 계정"),
    "no_profile": ("in the posts alone", "프로필 자료에 없는 계정"),
}


def listed(names: Sequence[str], lang: str) -> str:
    """Name the first few of some accounts and count the others.

    >>> listed(["a", "b"], "en"), listed(list("abcdefg"), "ko")
    ('a, b', 'a, b, c, d, e 외 2개')
    """
    more = len(names) - _NAMED
    shown = ", ".join(names[:_NAMED])
    if more <= 0:
        return shown
    return f"{shown} 외 {more:,}개" if lang == "ko" else f"{shown} and {more:,} more"


def sentences(made: Merged, table: pd.DataFrame) -> tuple[Sentence, ...]:
    """Say how many accounts were merged and why others were not; then what was changed in the numbers."""
    found = [_headline(made, len(table)), *_left_out(made), *_kept(made), *_set_aside(made)]
    if made.zeros:
        found.append(
            Sentence(
                "Zero likes with zero comments of a type mean that there is no such post: pairs of means that became "
                "missing: {zeros:,}.",
                "좋아요와 댓글 평균이 모두 0인 유형은 게시물이 없는 것으로 보아 결측 처리했습니다({zeros:,}쌍).",
                {"zeros": made.zeros},
            )
        )
    if made.hidden:
        found.append(
            Sentence(
                "Posts that do not tell their likes: {hidden:,}; the means of likes leave them out.",
                "좋아요 수를 공개하지 않은 게시물 {hidden:,}건은 좋아요 평균에서 제외했습니다.",
                {"hidden": made.hidden},
            )
        )
    if missing := int(table["ER"].isna().sum()):
        found.append(
            Sentence(
                "ER is missing for {missing:,} of the merged accounts: no mean over images, or no followers.",
                "병합한 계정 가운데 {missing:,}개는 이미지 게시물 평균이나 팔로워가 없어 ER을 계산하지 않았습니다.",
                {"missing": missing},
            )
        )
    return tuple(found)


def _told(made: Merged) -> dict[str, dict[str, int]]:
    """The rows of either side by what became of them."""
    columns = [made.account[name].to_list() for name in ("what", "profiles", "posts")]
    return {what: {"profiles": left, "posts": right} for what, left, right in zip(*columns, strict=True)}


def _headline(made: Merged, merged: int) -> Sentence:
    values = {"merged": merged, "all": merged + len(made.dropped), "out": len(made.dropped)}
    if not merged:
        return Sentence(
            "No account was merged: of {all:,}, none has both a profile and metrics of posts.",
            "병합한 계정이 없습니다. 계정 {all:,}개 가운데 프로필과 게시물 지표가 모두 있는 계정이 없습니다.",
            values,
        )
    return Sentence(
        "Merged {merged:,} of {all:,} accounts; left out {out:,}.",
        "계정 {all:,}개 가운데 {merged:,}개를 병합하고 {out:,}개를 제외했습니다.",
        values,
    )


def _left_out(made: Merged) -> list[Sentence]:
    """Name those left out, reason by reason."""
    found = []
    for reason, (en, ko) in _WHY.items():
        names = list(made.dropped["account"][made.dropped["reason"] == reason])
        if names:
            values = {"n": len(names), "names": listed(names, "en"), "names_ko": listed(names, "ko")}
            found.append(Sentence(f"Left out, {en}: {{n:,}} ({{names}}).", f"{ko} {{n:,}}개: {{names_ko}}.", values))
    return found


def _kept(made: Merged) -> list[Sentence]:
    if not made.kept:
        return []
    values = {"n": len(made.kept), "names": listed(made.kept, "en"), "names_ko": listed(made.kept, "ko")}
    return [
        Sentence(
            "Kept as asked without metrics of posts: {n:,} ({names}); their means are missing.",
            "게시물 지표가 없지만 요청에 따라 남긴 계정 {n:,}개: {names_ko}. 평균은 결측입니다.",
            values,
        )
    ]


def _set_aside(made: Merged) -> list[Sentence]:
    """Say which rows were replaced, repeated, or without an account."""
    texts: Mapping[str, tuple[str, str]] = {
        "replaced": (
            "Rows that a later export replaces: {profiles:,} of profiles, {posts:,} of posts.",
            "나중 자료로 대체한 행: 프로필 {profiles:,}행, 게시물 {posts:,}행.",
        ),
        "duplicate": (
            "Repeated rows: {profiles:,} of profiles, {posts:,} of posts.",
            "중복된 행: 프로필 {profiles:,}행, 게시물 {posts:,}행.",
        ),
        "no_account": (
            "Rows without an account: {profiles:,} of profiles, {posts:,} of posts.",
            "계정 이름이 없는 행: 프로필 {profiles:,}행, 게시물 {posts:,}행.",
        ),
    }
    told = _told(made)
    return [Sentence(en, ko, told[what]) for what, (en, ko) in texts.items() if any(told[what].values())]


def explain(made: Merged) -> dict[str, Sentence]:
    """Say how it was computed."""
    told = _told(made)
    values = {"profiles": told["in"]["profiles"], "posts": told["in"]["posts"]}
    return {
        "unit": Sentence("one account", "계정 하나"),
        "n": Sentence(
            "{profiles:,} rows of profiles, {posts:,} rows of posts",
            "프로필 {profiles:,}행, 게시물 {posts:,}행",
            values,
        ),
        "denominator": Sentence(
            "means over the account's posts of the type; ER = (image_love + image_comment) / follower × {whole}; "
            "active_rate = image_comment / (image_love + 1) × {whole}",
            "유형별 평균은 그 계정의 해당 유형 게시물 기준, ER = (image_love + image_comment) / follower × {whole}, "
            "active_rate = image_comment / (image_love + 1) × {whole}",
            {"whole": 100},
        ),
        "exclusions": Sentence(
            "accounts without a profile or without metrics of posts", "프로필이 없거나 게시물 지표가 없는 계정"
        ),
    }
