"""The tables behind the first screen, each shown on request: for a terminal and as plain text.

The frames themselves, for programs and spreadsheets, are ``plan.solution.routes`` and so on; `scenarios.intake`
writes them as CSV.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pandas as pd
from rich import box
from rich.table import Table
from rich.text import Text

from scenarios.planning import Plan
from scenarios.report.alignment import aligned
from scenarios.report.figures import cents, counted, exact, whole
from solver import ReasonCode

_UNBOUNDED = 10_000

Columns = dict[str, tuple[str, Callable[[Any], str]]]
"""By heading: the side a cell stands on, and how a row shows it."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as text.

    Attributes
    ----------
    title : str
    header : sequence of str
    sides : str
        A letter a column: ``l`` or ``r``.
    rows : sequence of sequence of str
    """

    title: str
    header: Sequence[str]
    sides: str
    rows: Sequence[Sequence[str]]

    def table(self) -> Table:
        """Return the table for a terminal."""
        table = Table(
            title=self.title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0)
        )
        for name, side in zip(self.header, self.sides, strict=True):
            is_figure = side == "r"
            table.add_column(name, justify="right" if is_figure else "left", overflow="fold", no_wrap=is_figure)
        for row in self.rows:
            # Text, so that a bracket in a name is no markup.
            table.add_row(*map(Text, row))
        return table

    def plain(self) -> str:
        """Return the table as lines of text, one a row however long."""
        lines = aligned([self.header, *self.rows], self.sides, width=_UNBOUNDED)
        return "".join(f"{line}\n" for line in (self.title, *(line.plain for line in lines)))


def routes_sheet(plan: Plan) -> Sheet:
    """Return what goes where."""
    routes = plan.solution.routes
    base = plan.problem.base_currency
    columns: Columns = {
        "order": ("l", lambda row: row.order_id),
        "sleeve": ("l", lambda row: row.sleeve),
        "broker": ("l", lambda row: row.broker),
        "choice": ("r", lambda row: str(row.rank)),
        "side": ("l", lambda row: row.side),
        "quantity": ("r", lambda row: exact(row.quantity)),
        "symbol": ("l", lambda row: row.broker_symbol),
        "limit": ("r", lambda row: exact(row.limit_price)),
        "capital": ("r", lambda row: cents(row.required_capital) if row.required_capital else ""),
        "": ("l", lambda row: row.currency),
        f"value {base}": ("r", lambda row: cents(row.value)),
        f"cost {base}": ("r", lambda row: cents(row.expected_cost)),
        "rule": ("l", lambda row: row.rule),
    }
    return _sheet(f"Routes: {counted(len(routes), 'child order')}", columns, routes)


def backlog_sheet(plan: Plan) -> Sheet:
    """Return what stays behind, the largest first, with its full sentence."""
    backlog = plan.solution.backlog
    ranked = backlog.iloc[sorted(range(len(backlog)), key=lambda at: -backlog["value"].iloc[at])]
    columns: Columns = {
        f"value {plan.problem.base_currency}": ("r", lambda row: whole(row.value)),
        "priority": ("r", lambda row: str(row.priority)),
        "why": ("l", lambda row: row.sentence),
    }
    return _sheet(f"Backlog: {counted(len(backlog), 'order')}", columns, ranked)


def capital_sheet(plan: Plan) -> Sheet:
    """Return what each pool has, uses and keeps, and what more of it would be worth."""
    columns: Columns = {
        "broker": ("l", lambda row: row.broker),
        "account": ("l", lambda row: row.account),
        "currency": ("l", lambda row: row.currency),
        "cash": ("r", lambda row: cents(row.cash)),
        "reserve": ("r", lambda row: cents(row.reserve)),
        "used": ("r", lambda row: cents(row.used)),
        "changed": ("r", lambda row: cents(row.converted) if row.converted else ""),
        "left": ("r", lambda row: cents(row.left)),
        "points per unit": ("r", lambda row: f"{row.price:.2f}"),
    }
    return _sheet("Capital", columns, plan.solution.capital)


def requirement_sheet(requirement: pd.DataFrame) -> Sheet:
    """Return what a packet of orders would need in each pool, before any decision."""
    columns: Columns = {
        "broker": ("l", lambda row: row.broker),
        "account": ("l", lambda row: row.account),
        "currency": ("l", lambda row: row.currency),
        "first choice": ("r", lambda row: f"{row.first_choice_orders:,}"),
        "needs": ("r", lambda row: cents(row.first_choice_needed)),
        "possible": ("r", lambda row: f"{row.possible_orders:,}"),
        "would need": ("r", lambda row: cents(row.possible_needed)),
        "available": ("r", lambda row: cents(row.available)),
        "missing": ("r", lambda row: cents(row.missing)),
    }
    return _sheet("Capital needed, worst case with fees, before any decision", columns, requirement)


def reasons_sheet(plan: Plan) -> Sheet:
    """Return the why-not matrix: a row an order, a column a broker."""
    brokers = list(plan.problem.brokers)
    cells: dict[tuple[str, str], str] = {}
    for row in plan.solution.reasons.itertuples(index=False):
        for broker in [row.broker] if row.broker else brokers:
            cells[row.order_id, broker] = _reason_words(row)
    for row in plan.solution.routes.itertuples(index=False):
        cells[row.order_id, row.broker] = "ROUTED"
    orders = plan.problem.orders
    rows = [
        [order_id, symbol, *(cells.get((order_id, broker), "") for broker in brokers)]
        for order_id, symbol in zip(orders["order_id"], orders["symbol"], strict=True)
    ]
    return Sheet("Why, and why not", ["order", "symbol", *brokers], "ll" + "l" * len(brokers), rows)


def _reason_words(row: Any) -> str:
    words = str(row.code).replace("_", " ").lower()
    if row.needed is None or row.available is None:
        return f"{words}: {row.detail}" if row.code == ReasonCode.NOT_PREFERRED and row.detail else words
    rivals = f", after {', '.join(row.lost_to[:2])}" if row.lost_to else ""
    missing = row.needed - row.available
    if missing > 0 and row.code in (ReasonCode.CAPITAL_CONTENTION, ReasonCode.CAPITAL_INSUFFICIENT):
        return f"{words}: {cents(missing)} {row.unit} missing{rivals}"
    return f"{words}: {exact(row.needed)} needed, {exact(row.available)} there"


def rules_sheet(plan: Plan) -> Sheet:
    """Return the routing rules that decided, with the orders that each one sent somewhere."""
    routes = plan.solution.routes
    found: dict[str, list[Any]] = {}
    for row in routes.itertuples(index=False):
        found.setdefault(row.rule, []).append(row)
    rows = []
    for rule, routed in sorted(found.items(), key=lambda item: -len(item[1])):
        to = Counter(row.broker for row in routed)
        value = sum((row.value for row in routed), Decimal(0))
        rows.append([rule, f"{len(routed):,}", whole(value), ", ".join(f"{n} {name}" for name, n in to.most_common())])
    header = ["rule", "orders", f"value {plan.problem.base_currency}", "went to"]
    return Sheet("Rules that decided", header, "lrrl", rows)


def executions_sheet(reports: pd.DataFrame) -> Sheet:
    """Return what became of each child order."""
    columns: Columns = {
        "order": ("l", lambda row: row.order_id),
        "broker": ("l", lambda row: row.broker),
        "side": ("l", lambda row: row.side),
        "quantity": ("r", lambda row: exact(row.quantity)),
        "symbol": ("l", lambda row: row.symbol),
        "status": ("l", lambda row: str(row.status)),
        "filled": ("r", lambda row: "all" if row.cum_quantity == row.quantity else exact(row.cum_quantity)),
        "price": ("r", lambda row: "" if _absent(row.average_price) else exact(row.average_price)),
        "fee": ("r", lambda row: "" if _absent(row.fee) or not row.fee else f"{exact(row.fee)} {row.fee_currency}"),
    }
    if reports["text"].astype(bool).any():
        columns["note"] = ("l", lambda row: row.text)
    return _sheet(f"Executions: {counted(len(reports), 'child order')}", columns, reports)


def open_orders_sheet(orders: pd.DataFrame) -> Sheet:
    """Return the child orders that are not final, with what is held for each and since when it stands so."""
    columns: Columns = {
        "broker": ("l", lambda row: row.broker),
        "order": ("l", lambda row: row.order_id),
        "side": ("l", lambda row: row.side),
        "quantity": ("r", lambda row: exact(row.quantity)),
        "symbol": ("l", lambda row: row.symbol),
        "status": ("l", lambda row: row.status),
        "filled": ("r", lambda row: exact(row.cum_quantity)),
        "held": ("r", lambda row: cents(row.held)),
        "": ("l", lambda row: row.currency),
        "since (UTC)": ("l", lambda row: f"{row.at:%Y-%m-%d %H:%M:%S}"),
    }
    if orders["text"].astype(bool).any():
        columns["note"] = ("l", lambda row: row.text)
    count, brokers = counted(len(orders), "child order"), counted(orders["broker"].nunique(), "broker")
    return _sheet(f"Open: {count} at {brokers}", columns, orders)


def ledger_sheet(capital: pd.DataFrame) -> Sheet:
    """Return the ledger: what each pool had, has free, holds for live orders, and has spent."""
    columns: Columns = {
        "broker": ("l", lambda row: row.broker),
        "account": ("l", lambda row: row.account),
        "currency": ("l", lambda row: row.currency),
        "total": ("r", lambda row: cents(row.total)),
        "free": ("r", lambda row: cents(row.free)),
        "held": ("r", lambda row: cents(row.held)),
        "spent": ("r", lambda row: cents(row.spent)),
    }
    return _sheet("Ledger", columns, capital)


def references_sheet(summary: pd.DataFrame) -> Sheet:
    """Return what each broker lists; asset types that nobody lists are left out."""
    kinds = [name for name in summary.columns[4:-1] if summary[name].any()]
    columns: Columns = {"broker": ("l", lambda row: row["broker"])}
    for name in ("listings", "instruments", "quarantined", *kinds):
        columns[name] = ("r", _count_of(name))
    if summary["trouble"].astype(bool).any():
        columns["trouble"] = ("l", lambda row: row["trouble"])
    rows = [[show(row) for _, show in columns.values()] for row in summary.to_dict("records")]
    return Sheet("References", list(columns), "".join(side for side, _ in columns.values()), rows)


def coins_sheet(coins: pd.DataFrame) -> Sheet:
    """Return where each coin trades and against what."""
    quotes = [name for name in coins.columns if name.startswith("quotes_")]
    header = ["coin", "where", *(name.removeprefix("quotes_") for name in quotes)]
    records = coins.sort_values(["where", "symbol"], kind="stable").to_dict("records")
    rows = [[row["symbol"], row["where"].replace("_", " ", 1), *(row[name] for name in quotes)] for row in records]
    tally = Counter(row[1] for row in rows)
    title = f"Coins: {len(rows)}" + "".join(f", {count} {where}" for where, count in tally.most_common())
    return Sheet(title, header, "l" * len(header), rows)


def _sheet(title: str, columns: Columns, frame: pd.DataFrame) -> Sheet:
    rows = [[show(row) for _, show in columns.values()] for row in frame.itertuples(index=False)]
    return Sheet(title, list(columns), "".join(side for side, _ in columns.values()), rows)


def _absent(amount: object) -> bool:
    return amount is None or bool(pd.isna(amount))


def _count_of(name: str) -> Callable[[Any], str]:
    return lambda row: f"{row[name]:,}"
