"""Write the demo's files from `universe/`: ``python -m scenarios.demo.generate [--check]``.

The program is deterministic: its draws are seeded with `scenarios.demo.catalogue.SEED`, and amounts are
decimals throughout. With ``--check`` nothing is written; the exit code is 1 if a file on disk differs from
what would be written, or if the data contradict themselves.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

from scenarios.demo.book import (
    BINDING,
    UNTUNED,
    BalanceRow,
    Day,
    Market,
    OrderRow,
    PositionRow,
    draw_day,
)
from scenarios.demo.catalogue import (
    ListingRow,
    QuoteRow,
    exchange_rates,
    listings,
    plain,
    quotes,
    read_universe,
)
from scenarios.demo.consistency import contradictions
from scenarios.demo.provenance import PROVENANCE, ProvenanceRow
from scenarios.demo.rules import DEFAULT_RULES, OVERRIDES, RuleRow, metadata

FOLDER = Path(__file__).parent
"""Where the demo lives."""


def build(folder: Path = FOLDER) -> tuple[dict[str, str], list[str]]:
    """Return the text of every generated file by relative name, and what contradicts itself.

    Parameters
    ----------
    folder : Path
        Holds `universe/`.
    """
    universe = read_universe(folder / "universe")
    rows = listings(universe)
    prices = quotes(universe, rows)
    market = Market(rows, prices)
    days = {spec.name: draw_day(spec, market) for spec in (BINDING, UNTUNED)}
    files = {
        "listings.csv": table(ListingRow._fields, rows),
        "quotes.csv": table(QuoteRow._fields, prices),
        "fx.csv": table(("from", "to", "rate", "as_of"), exchange_rates()),
        "default_rules.csv": table(RuleRow._fields, DEFAULT_RULES),
        "routing_rules.csv": table(RuleRow._fields, OVERRIDES),
        "metadata_example.csv": table(RuleRow._fields, metadata(rows)),
        "provenance.csv": table(ProvenanceRow._fields, PROVENANCE),
    }
    for name, day in days.items():
        files.update(_day_files(name, day))
    return files, contradictions(universe, rows, prices, days, market)


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return rows as CSV text: comma, dot decimals, LF, header first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the files; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scenarios.demo.generate", description="Write the demo's files.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file differs")
    check = parser.parse_args(arguments).check
    files, problems = build()
    if check:
        problems += [f"{name} differs" for name, text in files.items() if _on_disk(FOLDER / name) != text]
    elif not problems:
        for name, text in files.items():
            (FOLDER / name).parent.mkdir(exist_ok=True)
            (FOLDER / name).write_bytes(text.encode())
    for problem in problems:
        sys.stderr.write(problem + "\n")
    return 1 if problems else 0


def _day_files(name: str, day: Day) -> dict[str, str]:
    return {
        f"{name}/orders.csv": table(OrderRow._fields, day.orders),
        f"{name}/positions.csv": table(PositionRow._fields, day.positions),
        f"{name}/balances.csv": table(BalanceRow._fields, day.balances),
    }


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return plain(value) if isinstance(value, Decimal) else str(value)


def _on_disk(path: Path) -> str | None:
    return path.read_bytes().decode() if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
