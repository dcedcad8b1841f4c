"""``dangol demo``: the real shop that ships with the package, from file to answers."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from dangol.catalogue import QUESTIONS
from dangol.core.errors import choice
from dangol.core.words import LANGUAGES
from dangol.datasets import online_retail
from dangol.log import ingest

from .app import app
from .ingest import print_report
from .terminal import console, show

ORDERS: Final[dict[str, Any]] = {
    "user": "CustomerID",
    "event": "CASE WHEN InvoiceNo LIKE 'C%' THEN 'cancel' ELSE 'order' END",
    "time": "InvoiceDate",
    "amount": "Quantity * UnitPrice",
    "collapse": ["InvoiceNo"],
    "zone": "Europe/London",
}
# A shop that sells wholesale has no page views: its funnel is the first order, the second, the third.
QUESTIONS_ASKED: Final[tuple[tuple[str, dict[str, Any], dict[str, Any]], ...]] = (
    ("overview", {"every": "1w"}, {}),
    ("sessions", {"gap": "30m"}, {}),
    ("funnel", {"steps": ["order", "order", "order", "order"], "within": "90d"}, {}),
    ("retention", {"every": "1mo", "counting": "on"}, {"event": "order"}),
    ("flows", {}, {}),
)


@app.command("demo")
def demo(
    out: Annotated[Path, typer.Option(help="The folder for the log and the figures.")] = Path("demo"),
    lang: Annotated[str, typer.Option(help="Language of the sentences: en or ko.")] = "en",
) -> None:
    """Load a real shop (541,909 invoice lines), ask the questions, and write each figure as a page."""
    from dangol.report.page import page

    choice("lang", lang, LANGUAGES)
    began = time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    log = ingest(online_retail(), out=out / "shop.log", replace=True, **ORDERS)
    print_report(log, lang)
    for name, options, only in QUESTIONS_ASKED:
        view = log.where("event", "==", only["event"]) if only else log
        result = QUESTIONS[name](view, **options)
        console().print()
        show(result, lang, result.shown)
        target = out / f"{name}.html"
        target.write_text(page(result, lang), encoding="utf-8")
        console().print(f"→ {target}", style="bold")
    print(
        f"\nDone in {time.monotonic() - began:.0f} s. The log is {out / 'shop.log'}; ask more: dangol --help",
        file=sys.stderr,
    )
