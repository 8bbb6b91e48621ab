"""What commands share: the error console, progress bars, and the options several of them have."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from drgpay.engine import LocalEngine
from drgpay.engine import Progress as EngineProgress
from drgpay.places import masked, shown
from drgpay.words import pass_word


class _Plain(Console):
    """A console on which no text from a file acts, and no number of an identity card or telephone is shown: control
    and direction signs are written as codes, such numbers masked."""

    def render_str(self, text: str, **how: Any) -> Any:
        return super().render_str(masked(shown(text)), **how)


class _Screen(_Plain):
    """A console that cuts no table: a figure that ends in dots is none. A narrow terminal wraps the lines."""

    def print(self, *objects: Any, **how: Any) -> None:
        unbounded = self.options.update(width=_UNBOUNDED)
        tables = (o for o in objects if isinstance(o, Table))
        width = max((Measurement.get(self, unbounded, table).maximum for table in tables), default=0)
        usual, self.width = self.width, max(self.width, width)
        super().print(*objects, **how)
        self.width = usual


_UNBOUNDED = 10_000
err = _Plain(stderr=True, soft_wrap=True, emoji=False)
out = _Screen(soft_wrap=True, highlight=False, markup=False, emoji=False)

Lang = Annotated[str, typer.Option("--lang", help="输出语言 language of the output: zh | en", metavar="zh|en")]
Threads = Annotated[
    int, typer.Option("--threads", min=1, help="线程数 threads; they change the speed and nothing else")
]
CPUS = os.cpu_count() or 1


def in_lang(lang: str) -> str:
    """``zh`` or ``en``; anything else is a usage error."""
    if lang not in ("zh", "en"):
        raise typer.BadParameter("zh | en", param_hint="--lang")
    return lang


@contextmanager
def engine_with_progress(threads: int, lang: str) -> Iterator[LocalEngine]:
    """An embedded engine that shows bars on a terminal and is silent elsewhere."""
    with progress_bars(lang) as progress:
        yield LocalEngine(threads, progress)


@contextmanager
def progress_bars(lang: str) -> Iterator[EngineProgress]:
    """What an engine tells its progress to: a bar for every step."""
    with _bars() as bars:
        tasks: dict[str, object] = {}

        def progress(label: str, done: int, total: int) -> None:
            if label not in tasks:
                tasks[label] = bars.add_task(pass_word(label, lang), total=total)
            bars.update(tasks[label], completed=done, total=total)  # type: ignore[arg-type]

        yield progress


@contextmanager
def bar(name: str) -> Iterator[object]:
    """A callback ``(done, total)`` that moves one bar."""
    with _bars() as bars:
        task = bars.add_task(name, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def _bars() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
        disable=not err.is_terminal,
        transient=True,
    )
