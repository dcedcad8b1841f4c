"""``dangol demo``: a real shop and a generated school network, each from its raw data to a report."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Final

import typer

from dangol.core.errors import choice
from dangol.core.words import LANGUAGES
from dangol.log import open_log

from .app import app
from .ingest import print_report
from .terminal import console

PLAYBOOKS: Final = ("online-retail", "school-sns")


@app.command("demo")
def demo(
    out: Annotated[Path, typer.Option(help="The folder for logs, results and reports.")] = Path("demo"),
    lang: Annotated[str, typer.Option(help="Language of every word: en or ko.")] = "en",
) -> None:
    """Run two playbooks that ship: a real shop (541,909 invoice lines), and a generated school network."""
    from dangol.playbooks.run import run

    choice("lang", lang, LANGUAGES)
    began = time.monotonic()
    pages = []
    for name in PLAYBOOKS:
        console().rule(f"[bold]dangol run {name}")
        pages.append(run(name, out / name, lang=lang))
        print_report(open_log(out / name / "data.log"), lang)
        for answer in sorted((out / name / "results").glob("*/answer.json")):
            said = json.loads(answer.read_text(encoding="utf-8"))["summary"][lang]
            console().print(f"\n[bold]{answer.parent.name[3:]}[/bold]")
            console().print(said[0], markup=False)
    print(f"\nDone in {time.monotonic() - began:.0f} s. The reports:", file=sys.stderr)
    for page in pages:
        print(page)
