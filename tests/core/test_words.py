"""Sentences: values in two languages, and the particle that fits the last sound in Korean."""

from __future__ import annotations

import pytest

from dangol.core.errors import InputError
from dangol.core.words import Sentence, money, percent, thousands

# word, then 은/는, 이/가, 을/를, 과/와, 으로/로 as a Korean reads it aloud
PARTICLES = [
    ("구매", "는 가 를 와 로"),
    ("상품", "은 이 을 과 으로"),
    ("서울", "은 이 을 과 로"),  # after ㄹ: 로
    ("값", "은 이 을 과 으로"),
    ("'장바구니'", "는 가 를 와 로"),
    ("'주문'", "은 이 을 과 으로"),
    ("view", "는 가 를 와 로"),
    ("cart", "는 가 를 와 로"),
    ("order", "는 가 를 와 로"),  # 오더
    ("register", "는 가 를 와 로"),  # 레지스터
    ("login", "은 이 을 과 으로"),  # 로그인
    ("item", "은 이 을 과 으로"),  # 아이템
    ("email", "은 이 을 과 로"),  # 이메일
    ("setting", "은 이 을 과 으로"),  # 세팅
    ("PR", "은 이 을 과 로"),  # 피알
    ("URL", "은 이 을 과 로"),  # 유알엘
    ("A", "는 가 를 와 로"),
    ("10", "은 이 을 과 으로"),  # 십
    ("1", "은 이 을 과 로"),  # 일
    ("2", "는 가 를 와 로"),
    ("3", "은 이 을 과 으로"),
    ("4", "는 가 를 와 로"),
    ("5", "는 가 를 와 로"),
    ("6", "은 이 을 과 으로"),
    ("7", "은 이 을 과 로"),
    ("8", "은 이 을 과 로"),
    ("9", "는 가 를 와 로"),
    ("12.3 %", "는 가 를 와 로"),  # 퍼센트
    ("3%", "는 가 를 와 로"),
    ("(주문)", "은 이 을 과 으로"),
]


@pytest.mark.parametrize(("word", "fitting"), PARTICLES)
def test_particles_fit_the_last_sound(word: str, fitting: str) -> None:
    for particle, wanted in zip(("은", "이", "을", "과", "으로"), fitting.split(), strict=True):
        assert Sentence("", f"{{word:{particle}}}", {"word": word}).write("ko") == word + wanted


def test_a_particle_follows_a_formatted_value() -> None:
    sentence = Sentence("{n:,} users", "{n:,|이} 있습니다", {"n": 1234})
    assert sentence.write() == "1,234 users"
    assert sentence.write("ko") == "1,234가 있습니다"


def test_plain_format_codes_still_work() -> None:
    assert Sentence("{x:.1f} {y:>4} {z}", "", {"x": 1.25, "y": "a", "z": None}).write("en") == "1.2    a None"


def test_conversions_are_those_of_the_value() -> None:
    assert Sentence("{event!r} and {event!s}", "", {"event": "view"}).write() == "'view' and view"


def test_braces_in_values_are_values() -> None:
    assert Sentence("{event} leads", "", {"event": "{view}"}).write() == "{view} leads"


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(InputError, match="lang='fr' is not known; use 'en' or 'ko'"):
        Sentence("a", "b").write("fr")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.0 %"), (1.0, "100.0 %"), (0.0004, "0.04 %"), (0.001, "0.1 %"), (-0.0004, "−0.04 %"), (float("nan"), "–")],
)
def test_percent(value: float, text: str) -> None:
    assert percent(value) == text


def test_thousands() -> None:
    assert [thousands(value) for value in (0, 999, 1000, 1234567.6)] == ["0", "999", "1,000", "1,234,568"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((8_911_407.9, "8,911,408"), (1000.5, "1,000"), (999.5, "999.50"), (20, "20"), (-20.25, "−20.25")),
        *((0, "0"), (0.004, "0"), (-0.004, "0"), (float("nan"), "–")),
    ],
)
def test_money(value: float, text: str) -> None:
    assert money(value) == text
