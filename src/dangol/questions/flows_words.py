"""The sentences of ``flows``, and how it was computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from dangol.core import calendar
from dangol.core.durations import in_korean, spell
from dangol.core.proportions import share
from dangol.core.words import Sentence, joined, percent

from .flows_moves import Ints
from .flows_tables import TESTED, Answer

_FEW: Final = 30  # users below which the first sentence says that the evidence is weak
_CALLED: Final = 0.05  # false discoveries tolerated among the differences that are called so
_AROUND: Final = (
    ("Right after", "뒤", "end there", "거기서 끝납니다"),
    ("Just before", "앞", "begin with it", "그것으로 시작합니다"),
)


def sentences(answer: Answer) -> tuple[Sentence, ...]:
    """Say what was found, most important first; what weakens it stands in the first sentence."""
    users = int(answer.moves.people.sum())
    if not users:
        return (
            Sentence(
                "Nothing flows: this part of the log holds no event.",
                "흐름이 없습니다. 로그의 이 부분에는 이벤트가 없습니다.",
            ),
        )
    found = [_headline(answer, users)]
    if answer.walk.anchor >= 0:
        found.insert(0, _around(answer))
    if answer.pair:
        found.insert(0, _compared(answer))
    elif users < _FEW:
        found[0] = _weak(found[0], users)
    found += _between(answer)
    found.append(_boundaries(answer))
    if answer.labels and not answer.pair:
        found += _by_segment(answer)
    if any(answer.log.column(name).level == "event" for one in answer.log.filters for name in one.needs):
        found.append(
            Sentence(
                "The view leaves events out, so a move may pass over events that happened in between.",
                "일부 이벤트를 뺀 뷰이므로, 이동 사이에 실제로는 다른 이벤트가 있었을 수 있습니다.",
            )
        )
    return tuple(found)


def _weak(first: Sentence, users: int) -> Sentence:
    values = {**first.values, "all_users": users}
    return Sentence(
        "Weak evidence, only {all_users:,} users: " + first.en,
        "사용자가 {all_users:,}명뿐이라 근거가 약합니다. " + first.ko,
        values,
    )


def _pooled(answer: Answer) -> tuple[Ints, Ints, Ints]:
    """Return the moves from event to event with the segments together: number, count, users; most frequent first."""
    inner = answer.moves.inner
    number, place = np.unique(inner.source * answer.rules.side + inner.target, return_inverse=True)
    count = np.bincount(place, inner.count, minlength=len(number)).astype(np.int64)
    users = np.bincount(place, inner.users, minlength=len(number)).astype(np.int64)
    order = np.lexsort((number, -count))
    return number[order], count[order], users[order]


def _headline(answer: Answer, users: int) -> Sentence:
    number, count, doing = _pooled(answer)
    values: dict[str, Any] = {"n": users, "moves": int(count.sum())} | _unit(answer)
    if not len(number):
        return Sentence(
            "Nobody moves: every {unit} of the {n:,} users has a single event.",
            "이동이 없습니다. 사용자 {n:,}명의 모든 {unit_ko}에 이벤트가 하나씩뿐입니다.",
            values,
        )
    values |= _move(answer, int(number[0])) | {"count": int(count[0]), "users": int(doing[0])}
    values["share"] = percent(count[0] / count.sum())
    en = (
        "The most common move is '{source}' → '{target}': {count:,} of {moves:,} moves ({share}), "
        "made by {users:,} of {n:,} users"
    )
    ko = (
        "가장 잦은 것은 ‘{source}’ → ‘{target}’ 이동으로, 전체 {moves:,}회 가운데 {count:,}회({share})이며 "
        "사용자 {n:,}명 가운데 {users:,}명이 했습니다"
    )
    if answer.labels is None:
        inner = answer.moves.inner
        same = inner.source * answer.rules.side + inner.target == number[0]
        median = float(inner.median[same][0])
        values |= {"median": spell(median), "median_ko": spell(median, "ko")}
        en += ", half of them within {median}"
        ko += "(간격의 중앙값 {median_ko})"
    return Sentence(en + ".", ko + ".", values)


def _between(answer: Answer) -> list[Sentence]:
    """Where an event followed by itself leads, name the most common real change too."""
    number, count, _ = _pooled(answer)
    source, target = np.divmod(number, answer.rules.side)
    changes = np.flatnonzero(source != target)
    if not len(changes) or changes[0] == 0:
        return []
    values = _move(answer, int(number[changes[0]])) | {"count": int(count[changes[0]])}
    return [
        Sentence(
            "Between different events the most common is '{source}' → '{target}' ({count:,}).",
            "서로 다른 이벤트 사이에서는 ‘{source}’ → ‘{target}’ 이동이 {count:,}회로 가장 잦습니다.",
            values,
        )
    ]


def _boundaries(answer: Answer) -> Sentence:
    values: dict[str, Any] = _unit(answer) | {"units": int(answer.units.sum())}
    for name, some in (("start", answer.moves.starts), ("end", answer.moves.ends)):
        code = np.bincount(some.target if name == "start" else some.source, some.count)
        values |= {name: answer.names[int(code.argmax())], f"{name}_share": percent(code.max() / code.sum())}
    return Sentence(
        "Of {units:,} {units_en}, more begin with '{start}' ({start_share}), and more end with '{end}' ({end_share}), "
        "than with any other event.",
        "{unit_ko} {units:,}{each} 가운데 ‘{start}’ 이벤트로 시작하는 경우({start_share})와 "
        "‘{end}’ 이벤트로 끝나는 경우({end_share})가 가장 많습니다.",
        values,
    )


def _around(answer: Answer) -> Sentence:
    """Say what comes first after, or before, the anchor."""
    next_ = answer.paths.reached[:, 0].sum(axis=0)
    n, unit = int(next_.sum()), _unit(answer)
    values: dict[str, Any] = unit | {"anchor": answer.names[answer.walk.anchor], "n": n, "all": int(answer.units.sum())}
    if not n:
        return Sentence(
            "None of the {all:,} {units_en} has '{anchor}', so there is nothing to follow.",
            "{unit_ko} {all:,}{each} 가운데 ‘{anchor}’ 이벤트가 있는 경우가 없어 따라갈 흐름이 없습니다.",
            values,
        )
    codes = [int(code) for code in np.argsort(-next_[:-1], kind="stable")[:2] if next_[code]]
    shares = [(answer.names[code], percent(next_[code] / n)) for code in codes]
    values |= {"next": ", ".join(f"'{name}' ({share_})" for name, share_ in shares), "none": percent(next_[-1] / n)}
    values["next_ko"] = ", ".join(f"‘{name}’({share_})" for name, share_ in shares)
    side, side_ko, stop, stop_ko = _AROUND[answer.walk.backward]
    en = side + " the first '{anchor}' of {n:,} {units_en} (of {all:,}) comes {next}; {none} " + stop + "."
    ko = "‘{anchor}’ 이벤트가 있는 {unit_ko} {n:,}{each}(전체 {all:,}{each})에서 첫 ‘{anchor}’ 바로 " + side_ko
    ko += "에는 {next_ko}의 순으로 많고, {none}는 " + stop_ko + "."
    if not codes:
        en, ko = en.replace("comes {next}", "nothing comes"), ko.replace("{next_ko}의 순으로 많고", "아무것도 없고")
    if n < _FEW:
        en = "Weak evidence, only {n:,} {units_en}: " + en[0].lower() + en[1:]
        ko = "해당하는 {unit_ko} 수가 {n:,}{each}뿐이라 근거가 약합니다. " + ko
    return Sentence(en, ko, values)


def _compared(answer: Answer) -> Sentence:
    found, labels = answer.differences, answer.labels or ()
    a, b = (labels[code] for code in answer.pair or (0, 0))
    called = int((found.q <= _CALLED).sum())
    values: dict[str, Any] = {"a": a, "b": b, "n_a": found.n[0], "n_b": found.n[1]}
    values |= {"called": called, "family": found.family, "limit": percent(_CALLED)}
    weak = "Weak evidence, " if min(found.n) < _FEW else ""
    weak_ko = "근거가 약합니다. " if weak else ""
    en = "'{a}' ({n_a:,} users) and '{b}' ({n_b:,} users) differ in {called:,} of {family:,} tested moves (q ≤ {limit})"
    ko = (
        "‘{a}’ 사용자 {n_a:,}명과 ‘{b}’ 사용자 {n_b:,}명은 검정한 이동 {family:,}개 가운데 {called:,}개에서 "
        "차이가 있습니다(q ≤ {limit})"
    )
    if not found.family:
        en = "'{a}' ({n_a:,} users) and '{b}' ({n_b:,} users) cannot be compared: no move has enough users"
        ko = "‘{a}’ 사용자 {n_a:,}명과 ‘{b}’ 사용자 {n_b:,}명은 사람 수가 충분한 이동이 없어 비교할 수 없습니다"
    if called:
        top = int(np.argmax(np.where(found.q <= _CALLED, np.abs(found.difference), -1)))
        values |= _move(answer, int(found.source[top] * answer.rules.side + found.target[top]))
        values |= {"rate_a": percent(found.rates[0][top]), "rate_b": percent(found.rates[1][top])}
        values |= {"lower": 100 * found.lower[top], "upper": 100 * found.upper[top], "by": 100 * found.difference[top]}
        en += (
            "; the largest is '{source}' → '{target}', made by {rate_a} against {rate_b} "
            "({by:+.1f} points, 95 % interval {lower:+.1f} to {upper:+.1f})"
        )
        ko += (
            ". 가장 큰 차이는 ‘{source}’ → ‘{target}’ 이동으로, 한 사용자의 비율이 {rate_a} 대 {rate_b}입니다"
            "({by:+.1f} %p, 95 % 신뢰구간 {lower:+.1f}~{upper:+.1f})"
        )
    return Sentence(weak + en + ".", weak_ko + ko + ".", values)


def _by_segment(answer: Answer) -> list[Sentence]:
    """Say in which segments the most common move is most, and least, common."""
    number, _, _ = _pooled(answer)
    people = answer.moves.people
    if not len(number):
        return []
    inner = answer.moves.inner
    users = np.zeros(len(people), np.int64)
    same = inner.source * answer.rules.side + inner.target == number[0]
    users[inner.segment[same]] = inner.users[same]
    rate = np.where(people >= _FEW, share(users, people), np.nan)
    if np.isfinite(rate).sum() < 2:
        return []
    values: dict[str, Any] = _move(answer, int(number[0]))
    labels = answer.labels or ()
    for name, one in (("best", int(np.nanargmax(rate))), ("worst", int(np.nanargmin(rate)))):
        values |= {name: labels[one], f"{name}_n": int(people[one]), f"{name}_rate": percent(float(rate[one]))}
    return [
        Sentence(
            "'{source}' → '{target}' is made by most users of '{best}' ({best_rate} of {best_n:,}) and fewest of "
            "'{worst}' ({worst_rate} of {worst_n:,}), among segments of at least " + f"{_FEW} users.",
            "‘{source}’ → ‘{target}’ 이동을 한 사용자의 비율은 ‘{best}’에서 가장 높고({best_n:,}명 중 {best_rate}) "
            "‘{worst}’에서 가장 낮습니다({worst_n:,}명 중 {worst_rate}). "
            + f"{_FEW}명 이상인 세그먼트만 비교했습니다.",
            values,
        )
    ]


def _unit(answer: Answer) -> dict[str, Any]:
    if answer.rules.session:
        return {"unit": "session", "units_en": "sessions", "unit_ko": "세션", "each": "개"}
    return {"unit": "user's history", "units_en": "users", "unit_ko": "사용자", "each": "명"}


def _move(answer: Answer, number: int) -> dict[str, str]:
    source, target = divmod(number, answer.rules.side)
    return {"source": answer.names[source], "target": answer.names[target]}


def explain(answer: Answer, asked: Mapping[str, Any]) -> dict[str, Sentence]:
    """Say how it was computed."""
    log, session = answer.log, answer.rules.session
    values: dict[str, Any] = _unit(answer) | {"gap": asked["gap"], "gap_ko": in_korean(asked["gap"])}
    values |= {"users": int(answer.moves.people.sum()), "units": int(answer.units.sum())}
    values["moves"] = int(answer.moves.inner.count.sum())
    unit = Sentence(
        "session (a pause longer than {gap} begins a new one)", "세션(이벤트 없이 {gap_ko:을} 넘으면 새 세션)", values
    )
    sessions, sessions_ko = (" {units:,} sessions,", " 세션 {units:,}개,") if session else ("", "")
    how = {
        "unit": unit if session else Sentence("user", "사용자"),
        "window": Sentence(
            "{start} to {end}",
            "{start}부터 {end}까지",
            {"start": calendar.write(log.start, log.zone), "end": calendar.write(log.end, log.zone)},
        ),
        "denominator": Sentence(
            "moves: all events of the source, a unit's last one included; first and last events, paths: all units; "
            "steps: units that have the anchor",
            "이동은 출발 이벤트 전체(맨 마지막 이벤트 포함), 첫 이벤트·끝 이벤트·경로는 모든 {unit_ko}, 단계별 비율과 "
            "흐름도는 기준 이벤트가 있는 {unit_ko}",
            values,
        ),
        "n": Sentence(
            "{users:,} users," + sessions + " {moves:,} moves",
            "사용자 {users:,}명," + sessions_ko + " 이동 {moves:,}회",
            values,
        ),
        "zone": Sentence("{zone}", "{zone}", {"zone": log.zone}),
        "exclusions": joined(_cut_short(answer, values)),
    }
    if answer.pair:
        how["family"] = Sentence(
            "{family:,} moves with at least {tested} users in the two segments together",
            "두 세그먼트를 합쳐 사용자가 {tested}명 이상인 이동 {family:,}개",
            {"family": answer.differences.family, "tested": TESTED},
        )
    return how


def _cut_short(answer: Answer, values: Mapping[str, Any]) -> list[Sentence]:
    said = [
        Sentence(
            "units still going on at the end of the log count as ended there",
            "로그가 끝날 때 이어지고 있던 {unit_ko}의 흐름은 거기서 끝난 것으로 봅니다.",
            values,
        )
    ]
    if answer.log.span:
        said.append(
            Sentence(
                "units are cut at the view's first and last moment",
                "{unit_ko}의 흐름은 뷰의 첫 시각과 마지막 시각에서 자릅니다.",
                values,
            )
        )
    return said
