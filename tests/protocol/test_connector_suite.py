"""What every connector must do, whichever broker is behind it.

A new connector joins by a `Card` in `cards`: how to reach it, and what can be traded there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import pandas as pd
import pytest

from brokers.connector import ChildOrder, Connector, ExecutionReport, OrderStatus, client_order_id
from brokers.errors import Rejected, Unavailable
from brokers.execution import children_of
from brokers.frames import listings_of
from brokers.profiles import load_profiles
from brokers.simulated.connector import Latency, SimulatedConnector
from brokers.simulated.exchange import SimulatedExchange
from brokers.simulated.market import simulated_market
from solver.domain import Listing, Side, TimeInForce


@dataclass(frozen=True)
class Card:
    """A broker under test.

    Attributes
    ----------
    connect : callable
        Returns a connector to a broker in its first state.
    symbol : str
        Broker symbol of something that is quoted there, of which the account holds `quantity`.
    account : str
    quantity : Decimal
        Can be bought and sold.
    take_down : callable
        Makes the broker behind a connector unreachable.
    """

    name: str
    connect: Callable[[], Connector]
    symbol: str
    account: str
    quantity: Decimal
    take_down: Callable[[Connector], None]


LISTINGS = pd.DataFrame(
    [
        ["ibkr", "AAPL", "stock_us", "XNAS", "USD", "AAPL", "1", "1", "0", "", "0.01", False],
        ["ibkr", "ASML", "stock_intl", "XAMS", "EUR", "ASML", "1", "1", "0", "", "0.1", False],
        ["alpaca", "AAPL", "stock_us", "XNAS", "USD", "AAPL", "0.000000001", "0", "1", "", "0.01", True],
        ["alpaca", "BTC", "crypto", "", "USD", "BTC/USD", "0.000000001", "0.00002", "10", "", "1", True],
        ["crypto_com", "BTC", "crypto", "", "USD", "BTC_USD", "0.00001", "0.00001", "0", "", "0.01", True],
        ["crypto_com", "CRO", "crypto", "", "USD", "CRO_USD", "1", "1", "0", "", "0.00001", False],
    ],
    columns=[
        "broker", "symbol", "asset_type", "mic", "currency", "broker_symbol", "lot", "min_quantity", "min_notional",
        "max_quantity", "tick", "fractional",
    ],
).assign(tradable=True, shortable=False)  # fmt: skip
QUOTES = pd.DataFrame(
    [["AAPL", "XNAS", "199.98", "200"], ["BTC", "", "60000", "60010"]], columns=["symbol", "mic", "bid", "ask"]
).assign(currency="USD", as_of=datetime(2026, 11, 23, 15, 0, tzinfo=UTC))
ACCOUNTS = {"ibkr": "U1", "alpaca": "PA1", "crypto_com": "main"}


def _simulated(broker: str, symbol: str, coin: str, quantity: str) -> Card:
    def connect() -> Connector:
        balances = pd.DataFrame(
            [[name, account, "USD", "50000"] for name, account in ACCOUNTS.items()],
            columns=["broker", "account", "currency", "cash"],
        )
        positions = pd.DataFrame(
            [[broker, ACCOUNTS[broker], coin, "100"]], columns=["broker", "account", "symbol", "quantity"]
        )
        market = simulated_market(load_profiles(), LISTINGS, QUOTES, balances, positions)
        return SimulatedConnector(market[broker], Latency(0, 0.002))

    def take_down(connector: Connector) -> None:
        assert isinstance(connector, SimulatedConnector)
        assert isinstance(connector.exchange, SimulatedExchange)
        connector.exchange.is_up = False

    return Card(broker, connect, symbol, ACCOUNTS[broker], Decimal(quantity), take_down)


CARDS = [
    _simulated("ibkr", "AAPL", "AAPL", "10"),
    _simulated("alpaca", "BTC/USD", "BTC", "0.123456789"),
    _simulated("crypto_com", "BTC_USD", "BTC", "0.12345"),
]


@pytest.fixture(params=CARDS, ids=[f"simulated-{card.name}" for card in CARDS])
def card(request: pytest.FixtureRequest) -> Card:
    assert isinstance(request.param, Card)
    return request.param


class Desk:
    """One account at a broker, and the words to trade there."""

    def __init__(self, card: Card, connector: Connector) -> None:
        self.card, self.connector, self._orders = card, connector, 0

    async def listing(self) -> Listing:
        return next(each for each in await self.connector.listings(()) if each.broker_symbol == self.card.symbol)

    async def child(self, side: Side, *, marketable: bool, quantity: Decimal | None = None) -> ChildOrder:
        listing = await self.listing()
        (quote,) = await self.connector.quotes([listing])
        touch = quote.ask if side is Side.BUY else quote.bid
        far = touch / 2 if side is Side.BUY else touch * 2
        price = touch if marketable else far // listing.tick * listing.tick
        self._orders += 1
        route = {
            "order_id": f"o{self._orders}",
            "sleeve": "",
            "broker": self.card.name,
            "account": self.card.account,
            "symbol": listing.symbol,
            "mic": listing.mic,
            "currency": listing.currency,
            "asset_type": listing.asset_type,
            "broker_symbol": listing.broker_symbol,
            "side": side,
            "quantity": self.card.quantity if quantity is None else quantity,
            "order_type": "limit",
            "limit_price": price,
            "time_in_force": TimeInForce.GTC,
            "required_capital": Decimal(0),
        }
        (child,) = children_of(pd.DataFrame([route]), "suite")
        return child

    async def cash(self) -> Decimal:
        currency = (await self.listing()).currency
        balances = await self.connector.balances()
        return sum(
            (each.cash for each in balances if (each.account, each.currency) == (self.card.account, currency)),
            Decimal(0),
        )

    async def holding(self) -> Decimal:
        symbol = (await self.listing()).symbol
        return sum((each.quantity for each in await self.connector.positions() if each.symbol == symbol), Decimal(0))


def paid(report: ExecutionReport, listing: Listing) -> tuple[Decimal, Decimal]:
    """Cash and units that the executions of a report have moved, before and after fees."""
    value = sum((each.quantity * each.price for each in report.executions), Decimal(0))
    fee = report.fee or Decimal(0)
    return (value + fee, Decimal(0)) if report.fee_currency == listing.currency else (value, fee)


async def test_a_connector_bears_its_brokers_name(card: Card) -> None:
    """The name is the word used in every file, and the connector is entered and left without trouble."""
    async with card.connect() as connector:
        assert connector.name == card.name


async def test_listings_are_the_brokers_own_and_usable(card: Card) -> None:
    """Each listing belongs to the broker, its broker symbol is unique, and lots and ticks are positive."""
    async with card.connect() as connector:
        found = await connector.listings(())
    assert found
    assert {each.broker for each in found} == {card.name}
    assert len({each.broker_symbol for each in found}) == len(found)
    assert all(each.lot > 0 and each.tick > 0 for each in found)
    told = [each for each in listings_of(LISTINGS) if each.broker == card.name]
    assert sorted(found, key=str) == sorted(told, key=str)


async def test_a_universe_restricts_the_listings(card: Card) -> None:
    """Asked for one instrument, the broker tells that one in all its currencies and nothing else."""
    async with card.connect() as connector:
        wanted = next(each for each in await connector.listings(()) if each.broker_symbol == card.symbol)
        found = await connector.listings([wanted.instrument])
    assert {each.instrument_key for each in found} == {wanted.instrument_key}


async def test_quotes_are_of_what_was_asked(card: Card) -> None:
    """A quote names symbol and currency of its listing and does not cross; what has no price has no quote."""
    async with card.connect() as connector:
        listings = await connector.listings(())
        quotes = await connector.quotes(listings)
        (own,) = await connector.quotes([each for each in listings if each.broker_symbol == card.symbol])
    quoted = {(each.symbol, each.currency) for each in quotes}
    assert quoted == {(each.symbol, each.currency) for each in listings} & {("AAPL", "USD"), ("BTC", "USD")}
    assert own in quotes
    assert own.bid < own.ask
    assert own.as_of.tzinfo is not None


async def test_a_marketable_buy_is_filled_and_paid(card: Card) -> None:
    """A buy at the ask fills; cash and position change by its executions and fees, exactly."""
    async with card.connect() as connector:
        desk = Desk(card, connector)
        listing, cash, holding = await desk.listing(), await desk.cash(), await desk.holding()
        child = await desk.child(Side.BUY, marketable=True)
        report = await connector.submit(child)
        assert (report.status, report.cum_quantity, report.leaves_quantity) == ("FILLED", card.quantity, 0)
        assert sum(each.quantity for each in report.executions) == report.cum_quantity
        assert report.average_price == child.limit_price
        money, units = paid(report, listing)
        assert await desk.cash() == cash - money
        assert await desk.holding() == holding + card.quantity - units


async def test_a_marketable_sell_is_filled_and_credited(card: Card) -> None:
    """A sell at the bid fills; the proceeds arrive less the fee."""
    async with card.connect() as connector:
        desk = Desk(card, connector)
        cash, holding = await desk.cash(), await desk.holding()
        report = await connector.submit(await desk.child(Side.SELL, marketable=True))
        value = sum(each.quantity * each.price for each in report.executions)
        assert report.status is OrderStatus.FILLED
        assert await desk.cash() == cash + value - (report.fee or 0)
        assert await desk.holding() == holding - card.quantity


async def test_an_order_is_found_by_its_client_order_id(card: Card) -> None:
    """A look-up gives what the answer gave; what was never sent is not there."""
    async with card.connect() as connector:
        child = await Desk(card, connector).child(Side.BUY, marketable=True)
        assert await connector.report(child.client_order_id) is None
        report = await connector.submit(child)
        assert await connector.report(child.client_order_id) == report
        assert (report.client_order_id, report.broker) == (child.client_order_id, card.name)
        assert report.broker_order_id


async def test_the_same_instruction_twice_is_one_order(card: Card) -> None:
    """I1, F16: submitting again answers with the order that is there; nothing more is bought."""
    async with card.connect() as connector:
        desk = Desk(card, connector)
        child = await desk.child(Side.BUY, marketable=True)
        first = await connector.submit(child)
        holding = await desk.holding()
        again = await connector.submit(child)
        assert (again.broker_order_id, again.executions) == (first.broker_order_id, first.executions)
        assert await desk.holding() == holding


async def test_an_order_that_works_can_be_cancelled(card: Card) -> None:
    """A limit out of reach works and keeps its cash back; cancelled, it is final and the cash is free."""
    async with card.connect() as connector:
        desk = Desk(card, connector)
        cash = await desk.cash()
        child = await desk.child(Side.BUY, marketable=False)
        report = await connector.submit(child)
        assert (report.status, report.leaves_quantity) == (OrderStatus.WORKING, card.quantity)
        assert [each.client_order_id for each in await connector.open_orders()] == [child.client_order_id]
        assert child.limit_price is not None
        assert await desk.cash() <= cash - child.quantity * child.limit_price
        cancelled = await connector.cancel(child.client_order_id)
        assert (cancelled.status, cancelled.leaves_quantity) == (OrderStatus.CANCELED, 0)
        assert await connector.open_orders() == []
        assert await desk.cash() == cash


async def test_a_working_sell_keeps_its_units_back(card: Card) -> None:
    """What is offered is not part of the position that can be sold."""
    async with card.connect() as connector:
        desk = Desk(card, connector)
        holding = await desk.holding()
        await connector.submit(await desk.child(Side.SELL, marketable=False))
        assert await desk.holding() == holding - card.quantity


async def test_cancelling_what_is_filled_tells_that_it_is(card: Card) -> None:
    """F48: a cancel that crosses a fill is no error; the broker's truth is the answer."""
    async with card.connect() as connector:
        child = await Desk(card, connector).child(Side.BUY, marketable=True)
        await connector.submit(child)
        assert (await connector.cancel(child.client_order_id)).status is OrderStatus.FILLED


async def test_cancelling_what_was_never_sent_is_rejected(card: Card) -> None:
    """There is nothing to cancel under an id that the broker does not know."""
    async with card.connect() as connector:
        with pytest.raises(Rejected):
            await connector.cancel(client_order_id("suite", "absent", card.name, 1))


@pytest.mark.parametrize("side", Side)
async def test_what_the_account_cannot_cover_is_rejected(card: Card, side: Side) -> None:
    """F30: too little cash or too few units is a final refusal in the broker's words; nothing is left of it."""
    async with card.connect() as connector:
        desk = Desk(card, connector)
        child = await desk.child(side, marketable=True, quantity=Decimal(10_000))
        with pytest.raises(Rejected) as caught:
            await connector.submit(child)
        assert caught.value.broker == card.name
        assert "insufficient" in caught.value.reason
        assert await connector.report(child.client_order_id) is None
        assert await connector.open_orders() == []


async def test_a_quantity_off_the_lot_is_rejected(card: Card) -> None:
    """The broker keeps to its own steps."""
    async with card.connect() as connector:
        desk = Desk(card, connector)
        off = card.quantity + (await desk.listing()).lot / 2
        with pytest.raises(Rejected):
            await connector.submit(await desk.child(Side.BUY, marketable=True, quantity=off))


async def test_a_broker_that_is_down_is_unavailable_and_gets_nothing(card: Card) -> None:
    """Unavailable means that nothing was sent: the order is not there when the broker is back."""
    async with card.connect() as connector:
        child = await Desk(card, connector).child(Side.BUY, marketable=True)
        card.take_down(connector)
        for call in (
            connector.submit(child),
            connector.cancel(child.client_order_id),
            connector.report(child.client_order_id),
            connector.open_orders(),
            connector.listings(()),
            connector.quotes(()),
            connector.balances(),
            connector.positions(),
        ):
            with pytest.raises(Unavailable):
                await call
