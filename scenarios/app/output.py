"""Results to standard output, messages and progress to standard error; plain text where nobody looks on."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from brokers.connector import ExecutionReport
from scenarios.report.screen import MOST_WIDTH, plain
from scenarios.report.tables import Sheet


class Output:
    """Where a command writes.

    Attributes
    ----------
    is_terminal : bool
        Whether a person reads standard output on a terminal that shows colours.
    width : int
        Columns to write for.
    """

    def __init__(self) -> None:
        self._console = Console(highlight=False, markup=False, emoji=False, soft_wrap=False)
        colours = not os.environ.get("NO_COLOR") and os.environ.get("TERM", "") != "dumb"
        self.is_terminal = self._console.is_terminal and colours
        self.width = self._console.width if self._console.is_terminal else MOST_WIDTH

    def lines(self, lines: Sequence[Text]) -> None:
        """Write the lines of a screen."""
        if self.is_terminal:
            for line in lines:
                self._console.print(line)
        else:
            sys.stdout.write(plain(lines))

    def sheet(self, sheet: Sheet) -> None:
        """Write a table, after an empty line."""
        sys.stdout.write("\n")
        if self.is_terminal:
            sys.stdout.flush()
            self._console.print(sheet.table())
        else:
            sys.stdout.write(sheet.plain())

    def text(self, words: str) -> None:
        """Write text as it is."""
        sys.stdout.write(f"{words}\n")


def notify(lines: Iterable[str]) -> None:
    """Write messages to standard error, one a line."""
    for line in lines:
        sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


class Reports:
    """Counts the reports that come in, and shows them broker by broker where a person looks on."""

    def __init__(self, progress: Progress | None, tasks: Mapping[str, TaskID]) -> None:
        self._progress, self._tasks = progress, tasks
        self._seen: set[str] = set()

    def __call__(self, report: ExecutionReport) -> None:
        """Take a report; several of one order count once."""
        if report.client_order_id in self._seen:
            return
        self._seen.add(report.client_order_id)
        if self._progress is not None:
            self._progress.advance(self._tasks[report.broker])


@contextmanager
def live_reports(children: Counter[str], titles: Mapping[str, str]) -> Iterator[Reports]:
    """Show one bar a broker on standard error while its child orders are reported.

    Parameters
    ----------
    children : Counter of str
        Child orders by broker.
    titles : mapping of str to str
        The brokers' names for people.
    """
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal or os.environ.get("TERM") == "dumb":
        yield Reports(None, {})
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        tasks = {name: progress.add_task(titles.get(name, name), total=count) for name, count in children.items()}
        yield Reports(progress, tasks)
