"""How a text table is written: what separates cells, and what stands before the decimals."""

from __future__ import annotations

from dataclasses import dataclass

from solver.errors import ProblemError


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way to write a table as text; it is declared by the user, never guessed.

    Attributes
    ----------
    name : str
    separator : str
        Between cells.
    decimal_mark : str
        Before the decimals of a number.
    """

    name: str
    separator: str
    decimal_mark: str


DIALECTS: dict[str, Dialect] = {
    dialect.name: dialect
    for dialect in (Dialect("plain", ",", "."), Dialect("fr", ";", ","), Dialect("tab", "\t", "."))
}
"""By name: ``plain`` (1000.5 and commas), ``fr`` (1000,5 and semicolons), ``tab`` (1000.5 and tabulators)."""


def find_dialect(name: str) -> Dialect:
    """Return the dialect of that name.

    Raises
    ------
    ProblemError
        If there is none.
    """
    try:
        return DIALECTS[name]
    except KeyError:
        raise ProblemError(f"no dialect is called {name!r}: use {', '.join(DIALECTS)}") from None


def dialect_written_in(header: str, declared: Dialect) -> Dialect | None:
    """Return another dialect whose separator stands in a header line that the declared one cannot split."""
    for dialect in DIALECTS.values():
        if dialect is not declared and dialect.separator in header:
            return dialect
    return None
