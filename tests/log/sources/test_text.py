"""Encodings: found out, stated, and never guessed past an error."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .files import fails, one, read

KOREAN = "이름,행동,시각\n김철수,구매,2024-01-01\n이영희,조회,2024-01-02\n"
EXPECTED = [("김철수", "구매", "2024-01-01"), ("이영희", "조회", "2024-01-02")]


@pytest.mark.parametrize(
    ("codec", "label"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8 with byte-order mark"),
        ("cp949", "CP949"),
        ("utf-16", "UTF-16 LE with byte-order mark"),
        ("utf-32", "UTF-32 LE with byte-order mark"),
    ],
)
def test_korean_in_every_encoding(tmp_path: Path, codec: str, label: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(KOREAN.encode(codec))
    source = one(path)
    assert source.details["encoding"] == label
    assert source.schema.names == ["이름", "행동", "시각"]
    assert read(path) == EXPECTED


def test_utf_16_big_endian_with_its_mark(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"\xfe\xff" + KOREAN.encode("utf-16-be"))
    assert one(path).details["encoding"] == "UTF-16 BE with byte-order mark"
    assert read(path) == EXPECTED


def test_syllables_that_only_cp949_has(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    text = "이름,n\n똠방각하,1\n펲시,2\n"
    data = text.encode("cp949")
    assert b"\x8cc" in data  # below 0xA1, where EUC-KR has no characters
    path.write_bytes(data)
    assert read(path) == [("똠방각하", "1"), ("펲시", "2")]


def test_encoding_given(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes("name,n\nJosé,1\n".encode("latin-1"))
    fails(path, "line 2", "neither UTF-8 nor CP949", "pass encoding=")
    assert read(path, encoding="latin-1") == [("José", "1")]
    assert one(path, encoding="latin-1").details["encoding"] == "LATIN-1"
    path.write_bytes(KOREAN.encode("utf-16-le"))
    fails(path, "UTF-16", "encoding='utf-16-le'")
    assert read(path, encoding="utf-16-le") == EXPECTED
    path.write_bytes(KOREAN.encode("euc-kr"))
    assert read(path, encoding="euc-kr") == EXPECTED


def test_encoding_given_wrongly(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(KOREAN.encode("cp949"))
    fails(path, "line 1 of", "is not UTF-8", encoding="utf-8")
    fails(path, "line 1 of", "is not UTF-16", encoding="utf-16")
    path.write_bytes("a,b\n1,2\n3,가\n".encode())
    fails(path, "line 3 of", "is not ASCII", encoding="ascii")
    fails(path, "line 3 of", "is not CP949", encoding="cp949")
    fails(path, "encoding 'uft-8'", "did you mean 'utf-8'?", encoding="uft-8")
    fails(path, "encoding 'base64'", encoding="base64")


def test_mixed_encodings_end_with_both_lines(tmp_path: Path) -> None:
    """UTF-8 until line 16, CP949 in line 17: some months' exports put together by hand."""
    path = tmp_path / "x.csv"
    utf8 = "user,event\n" + "".join(f"u{at},가\n" for at in range(2, 17))
    path.write_bytes(utf8.encode() + "u17,구매\n".encode("cp949"))
    fails(path, "neither all UTF-8 nor all CP949", "line 17 is not UTF-8", "line 2 is not CP949", "pass encoding=")


def test_a_line_that_is_in_no_encoding(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"user,event\n" + b"u,view\n" * 15 + b"u,\xff\xfe\xff\n" + b"u,view\n")
    fails(path, "line 17 of", "is neither UTF-8 nor CP949; pass encoding=")
    path.write_bytes(b"user,event\r" + b"u,view\r" * 15 + b"u,\xff\xfe\xff\r" + b"u,view\r")
    fails(path, "line 17 of")


def test_damaged_utf_8_is_not_taken_for_cp949(tmp_path: Path) -> None:
    """A line in CP949 below lines in UTF-8, or a cut in a character: CP949 even has a reading of the first."""
    path = tmp_path / "x.csv"
    utf8 = "user,event\nu1,구매\nu2,조회\n".encode()
    path.write_bytes(utf8 + "u3,결제".encode()[:-1] + b"\n")
    fails(path, "line 4 of", "is neither UTF-8 nor CP949")
    data = utf8 + "u3,결제\n".encode("cp949")
    assert "援щℓ" in data.decode("cp949")  # what 구매 would have become
    path.write_bytes(data)
    fails(path, "is UTF-8 up to line 4, which is not", "pass encoding=")


def test_bytes_beyond_the_first_megabyte_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"user,event\n" + b"someone,view\n" * 200_000 + "김,구매\n".encode("cp949"))
    source = one(path)
    assert source.details["encoding"] == "CP949"
    assert read(path)[-1] == ("김", "구매")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1), min_size=1))
def test_any_hangul_in_cp949_and_utf_8(tmp_path: Path, words: list[str]) -> None:
    path = tmp_path / "x.csv"
    for codec in ("utf-8", "cp949"):
        path.write_bytes(("이름,n\n" + "".join(f"{word},1\n" for word in words)).encode(codec))
        assert read(path, encoding=codec) == [(word, "1") for word in words]


def test_binary_files(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"a,b\n1,2\n3,\x00\n")
    fails(path, "line 3 of", "NUL byte")
    assert read(path, encoding="utf-8") == [("1", "2"), ("3", "\0")]  # asked for, so it is text
    path.write_bytes(bytes(range(256)) * 100)
    fails(path, "NUL byte")
    path.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(1000))
    fails(path, "NUL byte")
