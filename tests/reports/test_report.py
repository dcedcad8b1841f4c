"""Reports: whole, self-contained, the same bytes each time, in two languages, safe against what a log may hold."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from dangol import catalogue
from dangol.core.errors import InputError, StoreError
from dangol.core.words import LANGUAGES
from dangol.log.eventlog import EventLog
from dangol.reports.findings import findings
from dangol.reports.page import Section, page
from dangol.reports.plan import plan
from dangol.reports.report import report
from tests.logs import make_log

NASTY = "</script><script>alert(1)</script>{{7*7}}"
DAY = 86_400_000_000
START = 1_704_034_800_000_000  # 2024-01-01 in Seoul


def shop(days: int = 120, users: int = 60, *, paid: bool = True, step: int = 1_234_567) -> EventLog:
    """A log of visits and orders spread over some days; ``step`` breaks the midnights."""
    rows, amounts = [], []
    for user in range(users):
        for visit in range(1 + user % 7):
            time = START + (user * 13 + visit * 17) % days * DAY + user * step
            for event, amount in (("view", None), ("cart", None), ("order", 10.0 + user)):
                if event == "view" or (user + visit) % (2 if event == "cart" else 3) == 0:
                    rows.append((f"u{user}", event, time))
                    amounts.append(amount)
                    time += 60_000_000 if step else 0
    return make_log(rows, zone="Asia/Seoul", properties={"amount": amounts} if paid else None)


def body(path: Path) -> str:
    """The page without its scripts, as text."""
    text = re.sub(r"<script.*?</script>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    text = unescape(re.sub(r"<style.*?</style>", "", text, flags=re.DOTALL))
    return text.replace("\u00a0", " ").replace("\u2060", "")  # what holds a line together


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    return {lang: report(shop(), folder / f"{lang}.html", lang=lang, progress=False) for lang in LANGUAGES}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_sentence_of_every_answer_stands_in_the_report(pages: dict[str, Path], lang: str) -> None:
    text = body(pages[lang])
    log = shop()
    for recipe in plan(log):
        result = catalogue.ask(log, recipe)
        for said in [*(one.write(lang) for one in result.sentences), *result.explain(lang).values()]:
            assert said in text, said


def test_findings_are_the_first_sentences_linked_to_their_sections(pages: dict[str, Path]) -> None:
    text = pages["en"].read_text(encoding="utf-8")
    listed = text[text.index('class="findings"') : text.index("<nav")]
    anchors = re.findall(r'href="#([\w-]+)"', listed)
    assert len(anchors) == len(plan(shop()))
    assert all(f'<section id="{anchor}">' in text for anchor in anchors)
    assert anchors[0].startswith(("sales", "lifecycle"))


def test_changes_stand_before_how_things_usually_are() -> None:
    log = shop()
    sections = [
        Section(name, name, catalogue.ask(log, {"question": name, "parameters": {}}))
        for name in ("sessions", "overview", "lifecycle")
    ]
    assert [anchor for anchor, _ in findings(sections)] == ["lifecycle", "overview", "sessions"]


def test_a_page_needs_no_network(pages: dict[str, Path]) -> None:
    text = pages["en"].read_text(encoding="utf-8")
    assert not re.search(r"<(script|img|iframe|link)[^>]+(src|href)\s*=", text)
    assert not re.search(r"@import|url\(", text[: text.index("</style>")])
    assert "showSendToCloud: false" in text  # Plotly's own bar would offer to upload the figure's data
    assert text.count("<script") - text.count('type="application/json"') == 2  # the library, and what draws


def test_the_same_log_gives_the_same_bytes_and_the_date_is_an_argument(pages: dict[str, Path], tmp_path: Path) -> None:
    again = report(shop(), tmp_path / "again.html", progress=False)
    assert again.read_bytes() == pages["en"].read_bytes()
    dated = report(shop(), tmp_path / "dated.html", date="2026-11-24", progress=False).read_text(encoding="utf-8")
    assert dated.replace(" · Run on 2026-11-24", "").encode() == pages["en"].read_bytes()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_names_from_the_log_cannot_write_html(tmp_path: Path, lang: str) -> None:
    log = make_log([(NASTY, NASTY, "2024-01-01"), ("b", "b", "2024-01-02")], properties={"group": [NASTY, "x"]})
    questions = [
        {"question": "overview", "parameters": {"by": "group"}},
        {"question": "flows", "parameters": {}},
        {"question": "funnel", "parameters": {"steps": [NASTY, "b"], "within": "1d"}},
    ]
    path = report(log, tmp_path / "r.html", questions=questions, title=NASTY, lang=lang, progress=False)
    text = path.read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "49" not in body(path).split("{{7*7}}")[0][-40:]
    for data in re.findall(r'<script type="application/json">(.*?)</script>', text, re.DOTALL):
        json.loads(data)


def test_figures_and_headings_speak_the_language(pages: dict[str, Path]) -> None:
    text = pages["ko"].read_text(encoding="utf-8")
    for heading in re.findall(r"<h[123][^>]*>(.*?)</h[123]>", text):
        assert re.search(r"[가-힣]", heading) or heading == "RFM", heading
    for data in re.findall(r'<script type="application/json">(.*?)</script>', text, re.DOTALL):
        title = json.loads(data)["layout"]["title"]["text"]
        assert re.search(r"[가-힣]", title), title


def test_what_is_asked_fits_the_log() -> None:
    def asked(log: EventLog) -> dict[str, Any]:
        return {one["question"]: one["parameters"] for one in plan(log)}

    long = asked(shop())
    assert {"sales", "rfm", "repurchase", "drivers", "funnel", "sessions", "rhythm", "flows"} <= set(long)
    assert long["funnel"]["steps"][-1] == "order"
    assert long["overview"]["every"] == "1w"
    unpriced = asked(shop(paid=False))
    assert not {"sales", "rfm", "repurchase"} & set(unpriced)
    dates = asked(shop(step=0))
    assert not {"sessions", "rhythm"} & set(dates)  # midnights alone tell nothing of sessions and hours
    short = asked(shop(days=3))
    assert short["overview"]["every"] == "1d"
    assert "drivers" not in short
    single = asked(make_log([("a", "visit", "2024-01-01 10:00"), ("b", "visit", "2024-01-02 11:00")]))
    assert not {"flows", "funnel", "drivers"} & set(single)


@pytest.mark.parametrize("days", [1, 3, 20, 40, 200, 900])
def test_a_report_of_any_length_of_log(days: int, tmp_path: Path) -> None:
    assert report(shop(days=days, users=12), tmp_path / "r.html", progress=False).stat().st_size > 1_000_000


def test_one_user_one_event(tmp_path: Path) -> None:
    assert report(make_log([("a", "visit", "2024-01-01 10:00")]), tmp_path / "r.html", progress=False).exists()


def test_errors_name_what_is_wrong_and_leave_the_old_file(tmp_path: Path) -> None:
    target = report(shop(), tmp_path / "r.html", questions=[{"question": "overview"}], progress=False)
    before = target.read_bytes()
    for questions, words in (
        ([], "asks nothing"),
        ([{"question": "overvew"}], "did you mean 'overview'"),
        ([{"question": "overview", "parameters": {"evry": "1d"}}], "did you mean 'every'"),
        ([{"ask": "overview"}], "needs a question"),
    ):
        with pytest.raises(InputError, match=words):
            report(shop(), target, questions=questions, progress=False)
    with pytest.raises(InputError, match="use 'en' or 'ko'"):
        report(shop(), target, lang="fr", progress=False)
    assert target.read_bytes() == before
    with pytest.raises(StoreError, match="cannot be written"):
        report(shop(), target / "inside.html", questions=[{"question": "overview"}], progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ["r.html"]


def test_a_page_of_one_answer_has_no_table_of_contents() -> None:
    text = page(catalogue.ask(shop(), {"question": "overview"}), "en")
    assert "<nav" not in text
    assert 'class="findings"' not in text.split("</style>")[1]


def test_numbers_keep_their_percent_sign_and_korean_its_endings(pages: dict[str, Path]) -> None:
    text = re.sub(r"<script.*?</script>", "", pages["ko"].read_text(encoding="utf-8"), flags=re.DOTALL)
    said = re.findall(r"<p[^>]*>(.*?)</p>", text[text.index("<body") :], re.DOTALL)
    assert said
    assert any("\u00a0%" in one for one in said)
    assert not any(re.search(r"\d %|[%)’][가-힣]", one) for one in said)


def test_tables_name_what_is_no_event_in_the_language(pages: dict[str, Path]) -> None:
    korean, english = (body(pages[lang]) for lang in ("ko", "en"))
    assert ">종료<" in korean
    assert ">exit<" in english
    assert ">exit<" not in korean
    assert ">월요일<" in korean
    assert ">Monday<" in english


def test_figures_are_scaled_on_paper_and_scroll_in_narrow_windows(pages: dict[str, Path]) -> None:
    """What keeps titles and labels whole: made for one width, shown at any."""
    text = pages["en"].read_text(encoding="utf-8")
    assert "aspect-ratio: var(--shape)" in text
    assert 'setAttribute("viewBox"' in text
    for data in re.findall(r'<script type="application/json">(.*?)</script>', text, re.DOTALL):
        assert json.loads(data)["layout"]["height"] > 0


def test_no_figure_offers_to_upload_the_data() -> None:
    log = shop()
    for recipe in plan(log):
        removed = catalogue.ask(log, recipe).figure().layout.modebar.remove
        assert removed is not None, recipe
        assert "sendChartToCloud" in removed, recipe
