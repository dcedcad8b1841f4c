"""XES: one record per event, with its trace's attributes."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.log.sources.markup import count_tags

from .files import data, fails, one, read, rows

LOG = """<?xml version="1.0" encoding="UTF-8"?>
<!-- <event> in a comment -->
<log xes.version="1.0" xmlns="http://www.xes-standard.org/">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <global scope="event"><string key="concept:name" value="none"/></global>
  <string key="description" value="&lt;event&gt; escaped"/>
  <trace>
    <string key="concept:name" value="case 1"/>
    <event>
      <string key="concept:name" value="주문 &amp; 결제"/>
      <date key="time:timestamp" value="2010-12-30T11:02:00.000+01:00"/>
      <int key="cost" value="007"/>
    </event>
    <event><string key="concept:name" value="ship"><string key="kind" value="express"/></string>
      <list key="items"><values><string key="sku" value="a"/><int key="sku" value="2"/></values></list>
      <container key="box"><float key="w" value="1.50"/></container></event>
    <float key="amount" value="1.5"/>
  </trace>
  <trace><string key="concept:name" value="case 2"/></trace>
  <event><boolean key="alone" value="true"/></event>
</log>
"""


def test_attributes_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "x.xes"
    path.write_text(LOG)
    source = one(path)
    assert source.format == "XES"
    assert source.schema.names == [
        "case:concept:name",
        "case:amount",
        "concept:name",
        "time:timestamp",
        "cost",
        "concept:name.kind",
        "items",
        "box.w",
        "alone",
    ]
    assert rows(source) == [
        ("case 1", "1.5", "주문 & 결제", "2010-12-30T11:02:00.000+01:00", "007", None, None, None, None),
        ("case 1", "1.5", "ship", None, None, "express", '[{"sku": "a"}, {"sku": "2"}]', "1.50", None),
        (None, None, None, None, None, None, None, None, "true"),
    ]
    assert source.counted() == 3
    assert source.position() == source.size


def test_other_encodings_and_prefixes(tmp_path: Path) -> None:
    path = tmp_path / "x.xes"
    path.write_bytes(LOG.replace("UTF-8", "UTF-16").encode("utf-16"))
    assert len(read(path)) == 3
    path.write_text('<x:log xmlns:x="u"><x:trace><x:event><x:string key="a" value="1"/></x:event></x:trace></x:log>')
    assert read(path) == [("1",)]


def test_an_attribute_twice_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "x.xes"
    twice = '<event><string key="a" value="1"/><string key="a" value="2"/></event>'
    path.write_text(f'<log><trace><event><string key="a" value="0"/></event>{twice}</trace></log>')
    source = one(path)
    assert rows(source) == [("0",)]
    (problem,) = source.problems
    assert (problem.row, problem.column, problem.value) == (2, "a", "a=1; a=2")
    assert source.counted() == 2


def test_bombs_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.xes"
    entities = '<!ENTITY a "lol">' + "".join(f'<!ENTITY b{at} "{"&a;" * 10}">' for at in range(10))
    path.write_text(
        f'<?xml version="1.0"?><!DOCTYPE log [{entities}]><log><event><string key="a" value="&b9;"/></event></log>'
    )
    fails(path, "document type", "not accepted")
    path.write_text('<!DOCTYPE log SYSTEM "file:///etc/passwd"><log></log>')
    fails(path, "document type")


def test_damaged_logs(tmp_path: Path) -> None:
    path = tmp_path / "x.xes"
    path.write_text(LOG[:700])
    fails(path, "is not well-formed XML at line", "may be cut off")
    path.write_text("<log></log>")
    fails(path, "holds no event")
    path.write_text('<log><event><string value="1"/></event></log>')
    fails(path, "<string> without a key")
    path.write_text("<?xml version='1.0'?><svg></svg>")
    fails(path, "is XML without an XES <log>")
    path.write_text("<!DOCTYPE html><html><table><tr><td>1</td></tr></table></html>")
    fails(path, "is a web page without")
    path.write_text(LOG)
    fails(path, "encoding= does not apply", encoding="utf-8")


parts = st.sampled_from(
    [
        "<event>",
        "<event/>",
        "<event\n>",
        "<x:event >",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?p",
        "?>",
        "<events>",
        "<",
        "event",
    ]
)


@given(st.lists(parts, max_size=12), st.integers(1, 9))
def test_tags_are_counted_however_the_bytes_are_cut(pieces: list[str], size: int) -> None:
    text = "".join(pieces).encode()
    whole, rest = 0, text.decode()
    while rest:  # one construct after another, from the left
        for opening, closing in (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")):
            if rest.startswith(opening):
                _, _, rest = rest[len(opening) :].partition(closing)
                break
        else:
            whole += rest.startswith(("<event>", "<event/", "<event\n", "<x:event "))
            rest = rest[1:]
    assert count_tags((text[at : at + size] for at in range(0, len(text), size)), "event") == whole


def test_running_example_equals_its_csv() -> None:
    """README of the data: 42 events, 6 cases, 8 activities, as CSV and as XES."""
    log = one(data("process_logs/running-example.xes"))
    table = one(data("process_logs/running-example.csv"))
    events, lines = rows(log), rows(table)
    assert len(events) == log.counted() == len(lines) == table.counted() == 42
    pick = ["case:concept:name", "concept:name", "org:resource", "Costs"]
    chosen = [sorted(tuple(row[one.schema.names.index(name)] for name in pick) for row in found)
              for one, found in ((log, events), (table, lines))]  # fmt: skip
    assert chosen[0] == chosen[1]
    assert len({row[0] for row in chosen[0]}) == 6
    assert len({row[1] for row in chosen[0]}) == 8


@pytest.mark.parametrize("packed", [False, True])
def test_many_events(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / ("x.xes.gz" if packed else "x.xes")
    traces = "".join(
        f'<trace><string key="concept:name" value="{case}"/>'
        + "".join(f'<event><int key="n" value="{at}"/></event>' for at in range(case % 5))
        + "</trace>"
        for case in range(20_000)
    )
    text = f"<log>{traces}</log>".encode()
    path.write_bytes(gzip.compress(text) if packed else text)
    assert read(path) == [(str(case), str(at)) for case in range(20_000) for at in range(case % 5)]
