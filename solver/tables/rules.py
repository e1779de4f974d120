"""What the cells of a row must be to one another, and the rows of a table to one another.

Each rule looks at canonical columns and enters what it finds. A cell that is flawed by itself is judged by no
further rule, so that one mistake gives one message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from solver.domain import AssetType, OrderType, Side
from solver.tables.columns import Coded, Codes, Mask, naive_utc
from solver.tables.display import shown
from solver.tables.findings import Findings
from solver.tables.schema import LISTINGS, ORDERS, QUOTES, RATES, ROUTING_RULES, Table


@dataclass(frozen=True, slots=True)
class Rows:
    """The canonical columns of a table, with what was found so far.

    Attributes
    ----------
    table : Table
    columns : dict of str to Coded
    findings : Findings
    now : datetime or None
        Aware; when given, an order must not have expired by then.
    """

    table: Table
    columns: dict[str, Coded]
    findings: Findings
    now: datetime | None = None

    def refuse(self, rows: Mask, column: str, message: str) -> None:
        """Enter a violation for each row of the mask, showing the row's own value of the column."""
        coded = self.columns[column]
        for row in np.flatnonzero(rows).tolist():
            value = coded.pool[coded.codes[row]]
            self.findings.add([row], column, message, "" if value in ("", None) else shown(str(value)))

    def given(self, column: str) -> Mask:
        """Tell which cells hold a value, be it a flawed one."""
        coded = self.columns[column]
        blank = coded.pool[-1]
        present = coded.where((lambda value: value is not None) if blank is None else (lambda value: value != blank))
        return present | self.findings.flawed(column)

    def is_word(self, column: str, *words: str) -> Mask:
        """Tell which cells hold one of the words."""
        return self.columns[column].where(lambda value: value in words)


Rule = Callable[[Rows], None]


def check_rows(rows: Rows) -> None:
    """Apply every rule of the table."""
    _refuse_duplicates(rows)
    for rule in _RULES.get(rows.table.name, ()):
        rule(rows)


def _combined_keys(columns: Sequence[Coded]) -> Codes:
    """Return an integer per row; rows equal in all of the columns have equal integers."""
    n_rows = len(columns[0].codes)
    combined = np.zeros(n_rows, dtype=np.int64)
    # The richest column first: as soon as no two rows are equal, the others cannot change that.
    for column in sorted(columns, key=lambda column: -len(column.pool)):
        if len(column.pool) > 1 and combined.max(initial=0) < n_rows - 1:
            keys = column.keys()
            mixed = combined * (int(keys.max(initial=0)) + 1) + keys
            combined = np.asarray(pd.factorize(mixed)[0], dtype=np.int64)
    return combined


def _repeats(keys: Codes, counted: Mask) -> Iterator[tuple[int, int]]:
    """Yield (row, first row) for each counted row whose key an earlier counted row has."""
    places = np.flatnonzero(counted)
    repeated = pd.Series(keys[places]).duplicated().to_numpy()
    wanted = np.isin(keys[places], keys[places][repeated]) if repeated.any() else repeated
    first: dict[int, int] = {}
    for row in places[wanted].tolist():
        earlier = first.setdefault(int(keys[row]), row)
        if earlier != row:
            yield row, earlier


def _refuse_duplicates(rows: Rows) -> None:
    key, findings = rows.table.key, rows.findings
    columns = [rows.columns[name] for name in key]
    names = ", ".join(key)
    for row, first in list(_repeats(_combined_keys(columns), ~findings.flawed(*key))):
        value = ", ".join(shown(str(column.pool[column.codes[row]])) for column in columns)
        findings.add([row], names, f"duplicate {names}: {findings.where(first)} has it already", value)


def _one_amount(rows: Rows) -> None:
    quantity, notional = rows.given("quantity"), rows.given("notional")
    rows.refuse(quantity & notional, "notional", "quantity and notional are both given: give exactly one")
    rows.refuse(~quantity & ~notional, "quantity", "quantity and notional are both empty: give exactly one")


def _limit_price(rows: Rows) -> None:
    limit, given = rows.is_word("order_type", OrderType.LIMIT), rows.given("limit_price")
    known = ~rows.findings.flawed("order_type")
    rows.refuse(known & limit & ~given, "limit_price", "a limit order needs a limit_price above 0")
    rows.refuse(
        known & ~limit & given,
        "limit_price",
        "a market order takes no limit_price: leave it empty or set order_type to limit",
    )


def _expiry(rows: Rows) -> None:
    created, expire = rows.columns["created_at"].values, rows.columns["expire_at"].values
    rows.refuse(expire <= created, "expire_at", "expire_at must be later than created_at")
    if rows.now is not None:
        now = np.datetime64(naive_utc(rows.now), "us")
        rows.refuse(expire <= now, "expire_at", "expire_at is in the past: give a time to come, or none")


def _several_currencies(rows: Rows) -> None:
    several = rows.columns["currency"].where(lambda currencies: "|" in currencies)
    security = ~rows.is_word("asset_type", "", AssetType.CRYPTO)
    rows.refuse(several & security, "currency", "only a crypto order accepts several currencies: name one")


def _pin_and_forbid(rows: Rows) -> None:
    clash = np.zeros(len(rows.findings.bad), dtype=bool)
    pins, forbids = rows.columns["pin"], rows.columns["forbid"]
    for row in np.flatnonzero(rows.given("pin") & rows.given("forbid")):
        pin, forbid = pins.pool[pins.codes[row]], forbids.pool[forbids.codes[row]]
        clash[row] = pin in forbid.split("|") and pin != ""
    rows.refuse(clash, "pin", "the order is pinned to a broker that it forbids")


def _warn_of_twins(rows: Rows) -> None:
    """Warn of rows that are the same but for their id: often one file pasted twice."""
    columns = [column for name, column in rows.columns.items() if name != "order_id"]
    ids, findings = rows.columns["order_id"], rows.findings
    twins = (
        (row, f"the same as {findings.where(first)} but for its id", shown(ids.pool[ids.codes[row]]))
        for row, first in _repeats(_combined_keys(columns), ~findings.bad)
    )
    findings.warn_each(twins, "order_id", "orders are the same as another but for their id")


def _warn_of_opposites(rows: Rows) -> None:
    """Warn of an instrument both bought and sold: at one broker that could be a wash trade."""
    columns = [rows.columns[name] for name in ("symbol", "side", "mic")]
    good = np.flatnonzero(~rows.findings.bad)
    kinds = pd.Series(_combined_keys(columns)[good])
    places = good[~kinds.duplicated().to_numpy()]
    rows.findings.warn_each(_opposites(rows, places), "side", "symbols are both bought and sold")


def _opposites(rows: Rows, places: Codes) -> Iterator[tuple[int, str, str]]:
    """Yield a warning per symbol of which a buy and a sell may mean the same listing exchange."""
    seen: dict[tuple[str, str], dict[str, int]] = {}
    warned: set[str] = set()
    symbols, sides, mics = (rows.columns[name].values[places] for name in ("symbol", "side", "mic"))
    for row, symbol, side, mic in zip(places.tolist(), symbols, sides, mics, strict=True):
        others = seen.get((symbol, Side.SELL if side == Side.BUY else Side.BUY), {})
        # An order without a MIC may mean any exchange.
        match = next(iter(others.values()), None) if mic == "" else others.get(mic, others.get(""))
        if match is not None and symbol not in warned:
            warned.add(symbol)
            yield row, f"bought and sold in one batch, see {rows.findings.where(match)}", shown(symbol)
        seen.setdefault((symbol, side), {})[mic] = row


def _listing_sizes(rows: Rows) -> None:
    largest = rows.columns["max_quantity"].values
    for name in ("min_quantity", "lot"):
        above = (
            most is not None and size is not None and size > most
            for size, most in zip(rows.columns[name].values, largest, strict=True)
        )
        exceeded = np.fromiter(above, bool, len(largest)) & ~rows.findings.flawed(name, "max_quantity")
        rows.refuse(exceeded, name, f"{name} must not be above max_quantity")


def _listing_exchange(rows: Rows) -> None:
    security = ~rows.is_word("asset_type", AssetType.CRYPTO, AssetType.OTHER)
    counted = ~rows.findings.flawed("asset_type", "mic")
    rows.refuse(security & counted & ~rows.given("mic"), "mic", "a security needs its MIC, such as XNAS")


def _warn_of_crossed_quotes(rows: Rows) -> None:
    bids, asks = rows.columns["bid"].values, rows.columns["ask"].values
    crossed = (
        (row, "the bid is above the ask", shown(f"{bid} > {ask}"))
        for row, (bid, ask) in enumerate(zip(bids, asks, strict=True))
        if bid is not None and ask is not None and bid > ask
    )
    rows.findings.warn_each(crossed, "bid", "quotes have a bid above their ask")


def _rate_of_itself(rows: Rows) -> None:
    same = rows.columns["from"].values == rows.columns["to"].values
    other = rows.columns["rate"].where(lambda rate: rate != 1)
    counted = ~rows.findings.flawed("from", "to", "rate")
    rows.refuse(same & other & counted, "rate", "the rate of a currency to itself is 1")


def _warn_of_empty_rules(rows: Rows) -> None:
    silent = ~(rows.given("brokers") | rows.given("fallbacks") | rows.given("forbid"))
    message = "the rule names no brokers, fallbacks or forbid, so it changes nothing"
    cases = ((row, message, "") for row in np.flatnonzero(silent).tolist())
    rows.findings.warn_each(cases, "brokers", "rules change nothing")


_RULES: dict[str, tuple[Rule, ...]] = {
    ORDERS.name: (
        _one_amount,
        _limit_price,
        _expiry,
        _several_currencies,
        _pin_and_forbid,
        _warn_of_twins,
        _warn_of_opposites,
    ),
    LISTINGS.name: (_listing_sizes, _listing_exchange),
    QUOTES.name: (_warn_of_crossed_quotes,),
    RATES.name: (_rate_of_itself,),
    ROUTING_RULES.name: (_warn_of_empty_rules,),
}
