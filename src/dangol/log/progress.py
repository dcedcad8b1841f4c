"""Progress of long work: a bar with rate and time left, shown only where a person watches, after two seconds."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from types import TracebackType

_PATIENCE_S: Final = 2.0


class Progress:
    """A bar on standard error; silent when ``show`` is false or nobody watches, as in a pipe."""

    def __init__(self, show: bool = True) -> None:
        self._show = show and sys.stderr.isatty()
        self._began = time.monotonic()
        self._bar: Any = None
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, stage: str, done: float, total: float, rows: int | None = None) -> None:
        """Say how far a stage has come; ``rows`` is shown beside it."""
        if not self._show or time.monotonic() - self._began < _PATIENCE_S:
            return
        if self._bar is None:
            self._start()
        if stage not in self._tasks:
            for task in self._tasks.values():
                self._bar.update(task, completed=self._bar.tasks[task].total)
            self._tasks[stage] = self._bar.add_task(stage, total=total or None, rows="")
        self._bar.update(self._tasks[stage], completed=done, total=total or None, rows=f"{rows:,} rows" if rows else "")

    def _start(self) -> None:
        from rich import progress
        from rich.console import Console

        self._bar = progress.Progress(
            progress.TextColumn("{task.description:>9}"),
            progress.BarColumn(),
            progress.TaskProgressColumn(),
            progress.TextColumn("{task.fields[rows]}"),
            progress.TaskProgressColumn("", show_speed=True),
            progress.TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._bar.start()
