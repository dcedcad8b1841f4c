"""Where keys stand in TOML."""

from __future__ import annotations

from dangol.playbooks.lines import locate

TEXT = '''# a comment = "no key"
title = "a # b"
[source]            # with a comment
path = [
  "a.csv",          # one = two
  "b].csv",
]
"quoted key" = 1
text = """
inside = 1
[not.a.table]
"""
after = { a = 1, b = [1, 2] }

[[questions]]
ask = 'overview'
[[questions]]
steps = ["a",
  "b"]
within = "7d"
'''


def test_lines_of_tables_and_keys_of_several_lines() -> None:
    assert locate(TEXT) == {
        ("title",): 2,
        ("source",): 3,
        ("source", "path"): 4,
        ("source", "quoted key"): 8,
        ("source", "text"): 9,
        ("source", "after"): 13,
        ("questions", 0): 15,
        ("questions", 0, "ask"): 16,
        ("questions", 1): 17,
        ("questions", 1, "steps"): 18,
        ("questions", 1, "within"): 20,
    }
