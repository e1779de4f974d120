"""Everything that can go wrong on our side, classified by what the caller may do next.

::

    RoutingError                 root of every error this product raises
    |-- ProblemError             the input is wrong: mend it (carries one `Violation` per problem)
    |   `-- DocumentError        the input document cannot be read as what it claims to be
    |-- Unsatisfiable            no decision serves every order that has to be served
    `-- SolverError              a back-end broke or returned something impossible: our bug

Unroutable orders, a time limit and a rejected child order are results, not exceptions. The errors of the
outside world (`brokers.errors`) hang below `RoutingError` too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class RoutingError(Exception):
    """Root of all errors of multibroker."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One problem of an input: where it is, what stands there and what would be allowed.

    Attributes
    ----------
    message : str
        What is wrong and the allowed form, in one sentence.
    table : str
        The table or document, for instance ``orders``; a file name where the input came from a file.
    line : int or None
        1-based line of a text file, or 1-based row of a table; None when the whole table is meant.
    column : str
        The column or key; empty when the whole line is meant.
    value : str
        The offending value, escaped and clipped so that it can be printed.
    by_row : bool
        Whether `line` counts the rows of a table.
    """

    message: str
    table: str = ""
    line: int | None = None
    column: str = ""
    value: str = ""
    by_row: bool = False

    def __str__(self) -> str:
        place = self.table
        if self.line is not None:
            words = f"{'row' if self.by_row else 'line'} {self.line}"
            place = f"{place}:{self.line}" if place and not self.by_row else ", ".join(filter(None, (place, words)))
        if self.column:
            place += f" [{self.column}]" if place else f"[{self.column}]"
        shown = f" (got {self.value})" if self.value else ""
        return f"{place}: {self.message}{shown}" if place else f"{self.message}{shown}"


class ProblemError(RoutingError):
    """The input is wrong; nothing was stored or sent.

    Parameters
    ----------
    problems : str or sequence of Violation
        Every problem found, all of them at once; a bare string is a problem without a place.
    """

    def __init__(self, problems: str | Sequence[Violation]) -> None:
        if isinstance(problems, str):
            problems = (Violation(problems),)
        self.violations: tuple[Violation, ...] = tuple(problems)
        super().__init__("\n".join(str(violation) for violation in self.violations))


class DocumentError(ProblemError):
    """A document (JSON, TOML, CSV) cannot be read as what it claims to be."""


class Unsatisfiable(RoutingError):  # noqa: N818 - a fact about the input, not a failure
    """No decision serves every order that has to be served, whatever else is given up."""


class SolverError(RoutingError):
    """A back-end failed or returned something impossible; the batch absorbs everything, so it is our bug."""
