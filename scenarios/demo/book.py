"""The demo's two days: orders, positions and balances, drawn from a seed.

Both days come from the same functions. The binding day differs in its settings alone: a hand-written menu of
instruments, priorities that favour what several brokers list, and cash of about two thirds of what is asked
at the two preferred brokers of US securities and coins.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import NamedTuple

from scenarios.demo.catalogue import (
    ALPACA,
    CRYPTO_COM,
    IBKR,
    RATES,
    SEED,
    ListingRow,
    QuoteRow,
    on_step,
    plain,
)
from scenarios.demo.rules import ranking

ACCOUNTS = {IBKR: "DU1234567", ALPACA: "PA1234567", CRYPTO_COM: "main"}
"""Invented account ids, by broker."""

SIZES = (500, 700, 1000, 1400, 2000, 2800, 4000, 5500, 7500, 10500, 15000, 21000, 30000, 42000, 60000)
"""Order sizes in the base currency before jitter."""

DOLLAR_TOKENS = ("USDT", "USDC", "USDG")
"""Coins that stand for a dollar."""

MODERATE_LOT = 8000
"""What one lot may cost in the base currency for its instrument to be drawn."""

SIZE_WEIGHTS = (3, 4, 6, 8, 10, 11, 11, 10, 9, 7, 6, 5, 4, 3, 2)

_OPENING = datetime(2026, 11, 23, 7, 5, tzinfo=UTC)
_ONE_BP = Decimal("0.0001")


@dataclass(frozen=True)
class Sleeve:
    """A sleeve of the desk: what it orders on the binding day, and what it may order on the other.

    Attributes
    ----------
    menu : tuple of str
        Symbols; a leading ``-`` sells, a leading ``?`` is a ticker that no broker lists, and what follows a
        slash are the accepted quote currencies (otherwise drawn).
    asset_types : tuple of str
        What a drawn order may be.
    """

    name: str
    prefix: str
    menu: tuple[str, ...]
    asset_types: tuple[str, ...]


SLEEVES = (
    Sleeve(
        "croissance",
        "CRO",
        (
            *("NVDA", "MSFT", "AVGO", "META", "AMZN", "TSLA", "PLTR", "CRWD", "LLY", "GOOGL"),
            *("ASML", "ADYEN", "TCEHY", "-AMD", "-INTC", "?QZZX"),
        ),
        ("stock_us", "stock_us", "stock_intl"),
    ),
    Sleeve(
        "revenu",
        "REV",
        (
            *("KO", "PG", "JNJ", "VZ", "T", "XOM", "ABBV", "O", "SCHD", "VYM", "VGWL", "BRK.B"),
            *("-PFE", "-HYG"),
        ),
        ("stock_us", "etf_us"),
    ),
    Sleeve(
        "crypto",
        "CRY",
        (
            *(
                "BTC",
                "ETH",
                "SOL",
                "XRP",
                "LINK/USD|USDC|USDT",
                "AVAX",
                "CRO",
                "ADA/USDT",
                "NEAR",
                "SUI",
                "HBAR",
                "ICP",
            ),
            *("INJ", "TAO", "MKR", "-DOGE", "-LTC", "-ATOM"),
        ),
        ("crypto",),
    ),
    Sleeve(
        "monde",
        "MON",
        (
            *("7203", "9432", "8306", "SHEL", "HSBA", "CSPX", "NESN", "NOVN", "MC", "AIR", "SIE", "EUNL"),
            *("-TTE", "-ROG", "-ALV"),
        ),
        ("stock_intl", "stock_intl", "etf_intl"),
    ),
    Sleeve(
        "tactique",
        "TAC",
        ("SPY", "IWM", "XLE", "GLD", "SMH", "TLT", "ARB", "OP", "ONDO", "UNI", "-XLF"),
        ("etf_us", "crypto"),
    ),
    Sleeve("tresorerie", "TRE", ("SGOV", "BIL", "IB01", "XEON", "USDT", "-SHY"), ("etf_us", "etf_intl")),
)


@dataclass(frozen=True)
class DaySpec:
    """The settings of a day.

    Attributes
    ----------
    draw : int
        Number of the draw, a part of every seed of the day.
    uses_menu : bool
        Whether the instruments are those of the menus; otherwise they are drawn from the whole catalogue.
    shared_priorities, single_priorities : tuple of int
        Weights of the priorities 1, 2, 3 for what several brokers list, and for what one broker lists.
    funding : mapping of str to int
        Cash of a pool ``broker:currency`` in per cent of what first choices ask of it; ``broker`` alone is
        the default of its pools.
    extra : mapping of str to int
        Cash of a pool on top, in units of its currency.
    oversold : str
        Symbol whose sell exceeds the position, if any.
    by_isin : frozenset of str
        Symbols that the order names by their ISIN.
    """

    name: str
    draw: int
    uses_menu: bool
    shared_priorities: tuple[int, int, int]
    single_priorities: tuple[int, int, int]
    funding: Mapping[str, int]
    extra: Mapping[str, int] = field(default_factory=dict)
    oversold: str = ""
    by_isin: frozenset[str] = frozenset()


BINDING = DaySpec(
    name="binding",
    draw=22,
    uses_menu=True,
    shared_priorities=(6, 3, 1),
    single_priorities=(1, 3, 6),
    funding={"alpaca:USD": 76, "crypto_com:USD": 76, CRYPTO_COM: 90, ALPACA: 100, "ibkr:EUR": 104, IBKR: 115},
    extra={"alpaca:USDC": 4000, "crypto_com:USDT": 3000, "ibkr:USD": 30000},
    oversold="INTC",
    by_isin=frozenset({"EUNL"}),
)
"""The tuned day."""

UNTUNED = DaySpec(
    name="untuned",
    draw=1,
    uses_menu=False,
    shared_priorities=(1, 1, 1),
    single_priorities=(1, 1, 1),
    funding={IBKR: 300, ALPACA: 125, CRYPTO_COM: 125},
    extra={"ibkr:USD": 400000},
)
"""The other day: ample at IBKR, scarce nowhere."""

HELD = (
    *((ALPACA, "AAPL", "60"), (IBKR, "AAPL", "40"), (ALPACA, "QQQ", "25.5"), (IBKR, "VWCE", "180")),
    *((CRYPTO_COM, "BTC", "0.35"), (ALPACA, "BTC", "0.12"), (CRYPTO_COM, "CRO", "5200"), (IBKR, "OR", "45")),
    *((IBKR, "BRK.B", "30"), (IBKR, "NESN", "120"), (IBKR, "7203", "300"), (IBKR, "AZN", "90")),
)
"""Invented holdings that no order touches, as (broker, symbol, quantity)."""


class OrderRow(NamedTuple):
    """One row of `orders.csv`."""

    order_id: str
    symbol: str
    side: str
    quantity: str
    notional: str
    asset_type: str
    mic: str
    currency: str
    sleeve: str
    order_type: str
    limit_price: str
    time_in_force: str
    priority: int
    created_at: str


class PositionRow(NamedTuple):
    """One row of `positions.csv`."""

    broker: str
    account: str
    symbol: str
    quantity: str
    mic: str
    currency: str


class BalanceRow(NamedTuple):
    """One row of `balances.csv`."""

    broker: str
    account: str
    currency: str
    cash: str
    settled: str
    reserve: str


class Day(NamedTuple):
    """The three tables of a day."""

    orders: list[OrderRow]
    positions: list[PositionRow]
    balances: list[BalanceRow]


class Market:
    """Listings and quotes by what an order asks for."""

    def __init__(self, listings: Iterable[ListingRow], quotes: Iterable[QuoteRow]) -> None:
        self.by_symbol: dict[str, list[ListingRow]] = {}
        for listing in listings:
            self.by_symbol.setdefault(listing.symbol, []).append(listing)
        self._quotes = {(q.symbol, q.mic, q.currency, q.broker): q for q in quotes}

    def quote(self, listing: ListingRow) -> QuoteRow:
        """Return the quote that holds for a listing."""
        broker = listing.broker if listing.asset_type == "crypto" else ""
        return self._quotes[listing.symbol, listing.mic, listing.currency, broker]

    def choices(self, sleeve: str, symbol: str) -> list[ListingRow]:
        """Return the listings that the rules allow a sleeve, first choice first."""
        rows = self.by_symbol[symbol]
        ranked = ranking(sleeve, rows[0].asset_type, symbol)
        allowed = [row for row in rows if row.broker in ranked]
        preferred_quotes = ("USD", "USDT", "USDC")
        return sorted(
            (row for row in allowed if row.currency in preferred_quotes or row.asset_type != "crypto"),
            key=lambda row: (ranked.index(row.broker), _position(row.currency, preferred_quotes)),
        )

    def candidates(self, sleeve: Sleeve) -> list[str]:
        """Return the symbols that a sleeve can order in moderate size, once per mention of their type.

        Dollar tokens are left out: they are cash at these venues.
        """
        return [
            symbol
            for asset_type in sleeve.asset_types
            for symbol in sorted(self.by_symbol)
            if symbol not in DOLLAR_TOKENS
            and self.by_symbol[symbol][0].asset_type == asset_type
            and self._is_moderate(sleeve.name, symbol)
        ]

    def _is_moderate(self, sleeve: str, symbol: str) -> bool:
        rows = self.choices(sleeve, symbol)
        return bool(rows) and in_base(rows[0].lot * self.quote(rows[0]).ask, rows[0].currency) < MODERATE_LOT


def in_base(amount: Decimal, currency: str) -> Decimal:
    """Return an amount in the base currency."""
    return amount * RATES.get(currency, Decimal(1))


def draw_day(spec: DaySpec, market: Market) -> Day:
    """Return the orders of a day, and the positions and balances that go with them."""
    orders: list[OrderRow] = []
    taken: set[str] = set()
    for sleeve in SLEEVES:
        menu = sleeve.menu if spec.uses_menu else _draw_menu(spec, sleeve, market, taken)
        orders += [_draw_order(spec, sleeve, number, entry, market) for number, entry in enumerate(menu, 1)]
    return Day(orders, _positions(spec, orders, market), _balances(spec, orders, market))


def asked(orders: Iterable[OrderRow], market: Market) -> dict[tuple[str, str], Decimal]:
    """Return what the buys ask of each pool, (broker, currency), if every one goes to its first choice.

    A market order counts at the quote and a collar of 50 basis points, 100 for coins; fees are left out.
    """
    total: dict[tuple[str, str], Decimal] = {}
    for order in orders:
        listing = first_choice(order, market)
        if listing is None or order.side == "sell":
            continue
        if order.notional:
            need = Decimal(order.notional)
        else:
            collar = _ONE_BP * (100 if listing.asset_type == "crypto" else 50)
            bound = Decimal(order.limit_price or market.quote(listing).ask * (1 + collar))
            need = Decimal(order.quantity) * bound
        pool = (listing.broker, listing.currency)
        total[pool] = total.get(pool, Decimal(0)) + need
    return total


def first_choice(order: OrderRow, market: Market) -> ListingRow | None:
    """Return the listing that an order prefers, or None where nothing lists it."""
    symbol = _ticker(order, market)
    if symbol not in market.by_symbol:
        return None
    accepted = order.currency.split("|")
    rows = (row for row in market.choices(order.sleeve, symbol) if row.currency in accepted)
    return next(rows, None)


def _ticker(order: OrderRow, market: Market) -> str:
    if order.symbol in market.by_symbol:
        return order.symbol
    rows = (row for group in market.by_symbol.values() for row in group)
    found = (row.symbol for row in rows if (row.isin, row.mic) == (order.symbol, order.mic))
    return next(found, order.symbol)


def _position(item: str, items: tuple[str, ...]) -> int:
    return items.index(item) if item in items else len(items)


def _draw_menu(spec: DaySpec, sleeve: Sleeve, market: Market, taken: set[str]) -> tuple[str, ...]:
    rng = random.Random(f"{SEED}/{spec.name}/{spec.draw}/menu/{sleeve.name}")
    menu: list[str] = []
    candidates = market.candidates(sleeve)
    while len(menu) < len(sleeve.menu):
        symbol = rng.choice(candidates)
        if symbol not in taken:
            taken.add(symbol)
            menu.append(("-" if rng.randrange(6) == 0 else "") + symbol)
    return tuple(menu)


def _draw_order(spec: DaySpec, sleeve: Sleeve, number: int, entry: str, market: Market) -> OrderRow:
    order_id = f"{sleeve.prefix}-{number:03}"
    symbol, _, accepted = entry.lstrip("-?").partition("/")
    rng = random.Random(f"{SEED}/{spec.name}/{spec.draw}/order/{order_id}/{symbol}")
    minutes = rng.randrange(0, 440)
    created = (_OPENING + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
    size = min(Decimal(rng.choices(SIZES, SIZE_WEIGHTS)[0]) * rng.randint(88, 112) / 100, Decimal(SIZES[-1]))
    if entry.startswith("?"):
        return _unknown_order(order_id, sleeve.name, symbol, size, created)
    rows = [row for row in market.choices(sleeve.name, symbol) if not accepted or row.currency in accepted.split("|")]
    weights = spec.shared_priorities if len({row.broker for row in rows}) > 1 else spec.single_priorities
    priority = rng.choices((1, 2, 3), weights)[0]
    quantity, notional, currency, limit = _draw_terms(rng, entry, rows, size, market)
    if accepted and not limit:
        currency = accepted
    crypto = rows[0].asset_type == "crypto"
    return OrderRow(
        order_id=order_id,
        symbol=rows[0].isin if symbol in spec.by_isin else symbol,
        side="sell" if entry.startswith("-") else "buy",
        quantity=quantity,
        notional=notional,
        asset_type="" if rng.randrange(10) == 0 else rows[0].asset_type,
        mic=rows[0].mic,
        currency=currency,
        sleeve=sleeve.name,
        order_type="limit" if limit else "market",
        limit_price=limit,
        time_in_force="gtc" if crypto else "day",
        priority=priority,
        created_at="" if rng.randrange(8) == 0 else created,
    )


def _unknown_order(order_id: str, sleeve: str, symbol: str, size: Decimal, created: str) -> OrderRow:
    notional = plain(_two_digits(size))
    terms = ("buy", "", notional, "stock_us", "", "USD", sleeve, "market", "", "day", 2, created)
    return OrderRow(order_id, symbol, *terms)


def _draw_terms(
    rng: random.Random, entry: str, rows: list[ListingRow], size: Decimal, market: Market
) -> tuple[str, str, str, str]:
    """Return quantity, notional, accepted currencies and limit price; one of the first two is empty."""
    first = rows[0]
    price = market.quote(first).ask
    step = max(max(row.lot, Decimal(1) if row.asset_type != "crypto" else row.lot) for row in rows)
    value = size / RATES.get(first.currency, Decimal(1))
    kind = rng.choice(("notional", "notional", "notional", "notional", "market", "limit"))
    if entry.startswith("-") or step * price * 4 > value:
        kind = rng.choice(("market", "limit")) if entry.startswith("-") else "market"
    if kind == "notional":
        return "", plain(_two_digits(value)), _accepted(rng, rows), ""
    quantity = plain(max(on_step(value / price, _nice(value / price, step)), step))
    if kind == "market":
        return quantity, "", _accepted(rng, rows) if not entry.startswith("-") else first.currency, ""
    away = _ONE_BP * rng.randint(-30, 20)
    tick = max(row.tick for row in rows if row.currency == first.currency)
    return quantity, "", first.currency, plain(on_step(price * (1 + away), tick))


def _accepted(rng: random.Random, rows: list[ListingRow]) -> str:
    """Return the accepted currencies: a security's own, a coin's one to three quotes."""
    currencies = list(dict.fromkeys(row.currency for row in rows))
    if rows[0].asset_type != "crypto":
        return currencies[0]
    if "USDT" in currencies and rng.randrange(8) == 0:
        return "USDT"
    return "|".join(c for c in currencies if c == "USD" or rng.randrange(3) == 0)


def _two_digits(value: Decimal) -> Decimal:
    return on_step(value, Decimal(1).scaleb(value.adjusted() - 1))


def _nice(quantity: Decimal, step: Decimal) -> Decimal:
    """Return a step that leaves about two significant digits of `quantity`."""
    return max(step, Decimal(1).scaleb(quantity.adjusted() - 1))


def _positions(spec: DaySpec, orders: list[OrderRow], market: Market) -> list[PositionRow]:
    """Return what is held: enough for every sell but the oversold one, and some that no order touches."""
    rows = []
    for order in orders:
        listing = first_choice(order, market)
        if order.side == "sell" and listing is not None:
            rng = random.Random(f"{SEED}/{spec.name}/{spec.draw}/position/{order.order_id}")
            percent = 60 if listing.symbol == spec.oversold else 100 + rng.choice((0, 25, 50, 150))
            step = listing.lot if listing.asset_type == "crypto" else max(listing.lot, Decimal(1))
            held = on_step(Decimal(order.quantity) * percent / 100, step, ROUND_CEILING)
            rows.append(_position_row(listing, plain(held)))
    sold = {(row.broker, row.symbol) for row in rows}
    for broker, symbol, quantity in HELD:
        if (broker, symbol) not in sold:
            listing = next(row for row in market.by_symbol[symbol] if row.broker == broker)
            rows.append(_position_row(listing, quantity))
    return sorted(rows)


def _position_row(listing: ListingRow, quantity: str) -> PositionRow:
    currency = "" if listing.asset_type == "crypto" else listing.currency
    return PositionRow(listing.broker, ACCOUNTS[listing.broker], listing.symbol, quantity, listing.mic, currency)


def _balances(spec: DaySpec, orders: list[OrderRow], market: Market) -> list[BalanceRow]:
    """Return the cash of every pool that an order asks or the settings name, in round figures."""
    demand = asked(orders, market)
    pools = {(broker, currency) for broker, currency in demand}
    pools |= {(name.split(":")[0], name.split(":")[1]) for name in spec.extra}
    rows = []
    for broker, currency in sorted(pools):
        percent = spec.funding.get(f"{broker}:{currency}", spec.funding[broker])
        cash = demand.get((broker, currency), Decimal(0)) * percent / 100
        cash = on_step(cash + spec.extra.get(f"{broker}:{currency}", 0), _cash_step(currency), ROUND_CEILING)
        reserve = Decimal(1000) if (broker, currency) == (IBKR, "EUR") else Decimal(0)
        rows.append(
            BalanceRow(
                broker,
                ACCOUNTS[broker],
                currency,
                plain(cash + reserve),
                plain(cash + reserve) if broker == IBKR else "",
                plain(reserve),
            )
        )
    return rows


def _cash_step(currency: str) -> Decimal:
    return Decimal(50000 if currency == "JPY" else 500)
