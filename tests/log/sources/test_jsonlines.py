"""JSON lines: nothing is lost, numbers stay as they are written."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .files import fails, one, read, rows


def test_values_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(
        '{"user": "007", "n": 1.50, "big": 12345678901234567890123, "ok": true, "none": null}\r\n'
        "\n"
        '  {"user": "NA", "e": 1E5, "tags": ["a", 1.50, null, {"b": false}], "p": {"page": "/", "deep": {"x": [1]}}}\n'
        '{"user": "", "p": {}, "late": "\\uac00"}'
    )
    source = one(path)
    assert source.format == "JSON lines"
    assert source.schema.names == ["user", "n", "big", "ok", "none", "e", "tags", "p.page", "p.deep", "p", "late"]
    assert rows(source) == [
        ("007", "1.50", "12345678901234567890123", "true", None, None, None, None, None, None, None),
        ("NA", None, None, None, None, "1E5", '["a", 1.50, null, {"b": false}]', "/", '{"x": [1]}', None, None),
        ("", None, None, None, None, None, None, None, None, "{}", "가"),
    ]
    assert source.counted() == 3
    assert source.details == {"encoding": "UTF-8", "compression": "none"}


def test_a_key_that_comes_late_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "x.ndjson"
    path.write_text('{"user": "u"}\n' * 50_000 + '{"user": "u", "coupon": 3}\n')
    source = one(path)
    found = rows(source)
    assert source.schema.names == ["user", "coupon"]
    assert found[0] == ("u", None)
    assert found[-1] == ("u", "3")
    assert len(found) == source.counted() == 50_001


def test_broken_lines_are_problems(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    bad = ['{"a": 1', "[1, 2]", "3", '{"a": 1, "a": 2}', '{"a": 1} x', '{"b": "\\ud800"}', '{"p.q": 1, "p": {"q": 2}}']
    deep = '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}"
    path.write_text("\n".join(['{"a": 0}', "", *bad, deep, '{"a": 9}']))
    source = one(path)
    assert [row[0] for row in rows(source)] == ["0", "9"]
    assert [(problem.row, problem.reason) for problem in source.problems] == [
        (2, "not valid JSON: Expecting ',' delimiter at character 8"),
        (3, "not a JSON object"),
        (4, "not a JSON object"),
        (5, "key 'a' appears twice"),
        (6, "not valid JSON: Extra data at character 10"),
        (7, "an escape \\ud800 to \\udfff stands alone, which is no character"),
        (8, "a key with a dot and a key inside an object give the same column"),
        (9, "nested too deeply"),
    ]
    assert source.problems[0].value == '{"a": 1'
    assert len(source.problems[-1].value) == 200
    assert source.counted() == 10


def test_told_from_csv_without_an_ending(tmp_path: Path) -> None:
    path = tmp_path / "export"
    path.write_text('{"user": "u", "event": "view"}\n')
    assert read(path) == [("u", "view")]
    path.write_text("{x},y\n1,2\n")
    assert one(path).format == "CSV"


def test_what_is_no_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('[{"a": 1},\n{"a": 2}]')
    fails(path, "one JSON array", "jq -c")
    path.write_text('{\n"a": 1\n}\n')
    fails(path, "no line of", "one object per line")
    path.write_text("\n \n")
    fails(path, "no record, only blank lines")
    path.write_text("{}\n{}\n")
    fails(path, "have no keys")
    path.write_text('{"a": 1}\n')
    fails(path, "delimiter= does not apply", "JSON lines takes encoding=", delimiter=",")


def test_encodings(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    for codec in ("utf-8", "utf-8-sig", "cp949", "utf-16"):
        path.write_bytes('{"이름": "김철수"}\n{"이름": "이영희"}\n'.encode(codec))
        assert one(path).schema.names == ["이름"]
        assert read(path) == [("김철수",), ("이영희",)]


plain = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
keys = st.text('abc가"\\ ', min_size=1, max_size=2)
values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | plain
deep = st.recursive(values, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=2))
records = st.dictionaries(keys, deep | st.dictionaries(keys, deep, max_size=3), max_size=4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(records.filter(bool), min_size=1, max_size=5), st.booleans())
def test_every_value_comes_back(tmp_path: Path, made: list[dict[str, object]], ascii_only: bool) -> None:
    """The json module is the witness: what is not text is JSON again, one level of objects is in dotted columns."""
    path = tmp_path / "x.jsonl"
    path.write_text("".join(json.dumps(one, ensure_ascii=ascii_only) + "\n" for one in made))
    source = one(path)
    found = rows(source)
    assert source.problems == []
    for record, row in zip(made, found, strict=True):
        flat: dict[str, object] = {}
        for key, value in record.items():
            inner = {f"{key}.{below}": one for below, one in value.items()} if isinstance(value, dict) else {}
            flat.update(inner or {key: value})
        got = dict(zip(source.schema.names, row, strict=True))
        assert {key: text for key, text in got.items() if text is not None} == {
            key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            for key, value in flat.items()
            if value is not None
        }
