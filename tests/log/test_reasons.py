"""Why rows were rejected and who is like a program, in both languages; the log keeps one form of each."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from dangol.log import ingest, open_log
from dangol.log.reasons import in_korean, reasons, signs_of_a_program
from dangol.log.report import LoadReport

ROLES = {"user": "u", "event": "e", "time": "t"}
GOOD = '{"u": "a", "e": "x", "t": "2024-01-01"}'


@pytest.mark.parametrize(
    ("line", "korean"),
    [
        ('{"u": "a", "e"', "올바른 JSON이 아님(15번째 글자)"),
        (f"{GOOD} 7", "올바른 JSON이 아님(41번째 글자)"),
        ('["a"]', "JSON 객체가 아님"),
        ('{"u": "a", "u": "b"}', "키 'u' 중복"),
        ('{"u": ' + "[" * 100_000 + "]" * 100_000 + "}", "중첩이 너무 깊음"),
        ('{"u.x": 1, "u": {"x": 2}}', "점이 든 키와 객체 안의 키가 같은 열이 됨"),
        (r'{"u": "\ud800"}', "짝이 없는 유니코드 이스케이프는 글자가 아님"),
    ],
    ids=["cut", "extra", "list", "twice", "deep", "dotted", "surrogate"],
)
def test_every_reason_of_the_reader_of_json_lines_has_korean(tmp_path: Path, line: str, korean: str) -> None:
    (tmp_path / "a.jsonl").write_text(f"{GOOD}\n{line}\n", encoding="utf-8")
    report = ingest(str(tmp_path / "a.jsonl"), **ROLES, zone="UTC").report
    assert f"1행 거부: {korean}." in report.summary("ko").splitlines()
    (reason,) = report.reasons
    assert f"Rejected 1 row: {reason}." in report.summary("en").splitlines()


def test_every_reason_of_our_own_has_korean() -> None:
    for one in reasons("dates").values():
        assert in_korean(one.en, "dates") == one.ko
        assert not re.search("[A-Za-z]", one.ko)
    assert in_korean("attribute 'cost' appears twice", "dates") == "속성 'cost' 중복"
    assert in_korean("something new", "dates") == "something new"


def test_a_report_of_an_earlier_version_is_still_read(tmp_path: Path) -> None:
    """Then the reason of a bot was a text in English."""
    (tmp_path / "a.jsonl").write_text(GOOD, encoding="utf-8")
    report = ingest(str(tmp_path / "a.jsonl"), **ROLES, zone="UTC", out=tmp_path / "a.log").report
    bot = {"user": "a", "events": 75, "why": "75 events within a minute"}
    kept = LoadReport.from_dict(replace(report, bots=(bot,), n_bots=1).to_dict())
    assert kept.summary("en").endswith("the busiest is a: 75 events within a minute.")
    assert kept.summary("ko").endswith("가장 활발한 사용자는 a입니다(75 events within a minute).")
    assert open_log(tmp_path / "a.log").report == report


def test_signs_of_a_program_are_told_together() -> None:
    english, korean = signs_of_a_program({"per_minute": 75, "per_day": 6_000, "regular": 0.954})
    assert english == "75 events within a minute, 6,000 events within a day, 95% of the gaps equal within 2 %"
    assert korean == "1분 안에 이벤트 75건, 하루 안에 이벤트 6,000건, 이벤트 간격의 95%가 2 % 이내로 같음"
