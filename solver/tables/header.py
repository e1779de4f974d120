"""The header of a table: which columns are there, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from solver.errors import Violation
from solver.tables.display import shown, suggestion
from solver.tables.schema import Table

SYNONYMS = {
    "id": "order_id",
    "ticker": "symbol",
    "qty": "quantity",
    "shares": "quantity",
    "amount": "notional",
    "price": "limit_price",
    "type": "order_type",
    "tif": "time_in_force",
    "exchange": "mic",
    "ccy": "currency",
}
"""Common names of columns that resemble ours too little to be found by spelling."""

MAX_UNKNOWN = 20
"""Unknown columns that are named one by one."""


def read_header(table: Table, labels: Iterable[Hashable], place: str) -> tuple[dict[str, int], tuple[Violation, ...]]:
    """Return where each known column stands, and every problem of the header.

    A column that stands twice is a problem and has no place.
    """
    names = [label.strip(" ") if isinstance(label, str) else label for label in labels]
    positions: dict[str, int] = {}
    problems: list[Violation] = []
    for position, name in enumerate(names):
        if isinstance(name, str) and name in table.names and name not in positions:
            positions[name] = position
    repeated = [name for name in positions if names.count(name) > 1]
    problems += [Violation("the column stands more than once", place, None, name) for name in repeated]
    unknown = list(dict.fromkeys(name for name in names if name not in positions))
    problems += _unknown(table, unknown, positions, place)
    problems += _missing(table, positions, place)
    for name in repeated:
        del positions[name]
    return positions, tuple(problems)


def _unknown(table: Table, unknown: Sequence[Hashable], positions: dict[str, int], place: str) -> list[Violation]:
    absent = [name for name in table.names if name not in positions]
    problems = []
    for label in unknown[:MAX_UNKNOWN]:
        name = label if isinstance(label, str) else type(label).__name__ + " " + str(label)
        column = name if name.isascii() and name.isidentifier() and len(name) <= 40 else ""
        synonym = SYNONYMS.get(name.lower(), "")
        hint = f"; did you mean {synonym!r}?" if synonym in absent else suggestion(name.lower(), absent)
        if not hint:
            hint = f"; the columns of {table.name} are {', '.join(table.names)}"
        message = f"unknown column {shown(name)}{hint}" if name else f"a column without a name{hint}"
        problems.append(Violation(message, place, None, column))
    if len(unknown) > MAX_UNKNOWN:
        problems.append(Violation(f"{len(unknown) - MAX_UNKNOWN} more unknown columns", place))
    return problems


def _missing(table: Table, positions: dict[str, int], place: str) -> list[Violation]:
    problems = [
        Violation("the column is missing", place, None, column.name)
        for column in table.columns
        if column.required and column.name not in positions
    ]
    if table.any_of and not any(name in positions for name in table.any_of):
        wanted = " or ".join(table.any_of)
        problems.append(Violation(f"a column {wanted} is missing", place, None, table.any_of[0]))
    return problems
