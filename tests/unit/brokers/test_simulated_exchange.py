from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brokers.connector import OrderStatus
from brokers.frames import listings_of
from brokers.profiles import load_profiles
from brokers.simulated.exchange import SimulatedExchange
from brokers.simulated.fills import FillPlan
from brokers.simulated.orders import NewOrder, RefusalError, RefusalKind, exact
from solver.cost import commission
from solver.domain import OrderType, Position, Quote, Side, TimeInForce
from tests.unit.brokers.world import NOW, listings_frame, make_market

Market = dict[str, SimulatedExchange]


def order(side: str, quantity: str, limit: str | None, symbol: str = "AAPL", **changes: Any) -> NewOrder:
    values: dict[str, Any] = {
        "client_order_id": "id-1",
        "account": "U1",
        "broker_symbol": symbol,
        "side": Side(side),
        "quantity": Decimal(quantity),
        "order_type": OrderType.MARKET if limit is None else OrderType.LIMIT,
        "limit_price": None if limit is None else Decimal(limit),
        "time_in_force": TimeInForce.DAY,
    }
    return NewOrder(**{**values, **changes})


def coin(side: str, quantity: str, limit: str | None, **changes: Any) -> NewOrder:
    values = {"symbol": "BTC_USD", "account": "main", "time_in_force": TimeInForce.GTC}
    return order(side, quantity, limit, **{**values, **changes})


def cash(exchange: SimulatedExchange, currency: str = "USD") -> Decimal:
    return next(each.cash for each in exchange.balances() if each.currency == currency)


def held(exchange: SimulatedExchange, symbol: str) -> Decimal:
    return sum((each.quantity for each in exchange.positions() if each.symbol == symbol), Decimal(0))


def test_a_marketable_order_fills_at_the_quote(market: Market) -> None:
    """A buy limit above the ask trades at the ask; cash pays value and fee, units arrive."""
    filled = market["ibkr"].place(order("buy", "10", "201"))
    assert (filled.status, filled.average_price, filled.fee) == (OrderStatus.FILLED, Decimal(200), Decimal(1))
    assert cash(market["ibkr"]) == Decimal(10_000 - 2_000 - 1)
    assert held(market["ibkr"], "AAPL") == 10


def test_a_market_order_fills_at_the_quote(market: Market) -> None:
    """Without a limit the quote is the price."""
    assert market["ibkr"].place(order("buy", "10", None)).average_price == Decimal(200)


def test_a_sell_fills_at_the_bid_and_pays_its_fee_from_the_proceeds(market: Market) -> None:
    """Proceeds arrive less the fee."""
    market["ibkr"].place(order("sell", "5", "700", symbol="ASML"))
    assert cash(market["ibkr"], "EUR") == 10_000 + 3_500 - 3
    assert held(market["ibkr"], "ASML") == 0


def test_a_large_order_fills_in_parts_and_pays_one_commission(market: Market) -> None:
    """The minimum is charged once an order, not once a fill, and every fill is on the lot."""
    market["ibkr"].deposit("U1", "USD", Decimal(1_000_000))
    filled = market["ibkr"].place(order("buy", "150", "200"))
    assert len(filled.executions) in (2, 3)
    assert all(each.quantity % 1 == 0 for each in filled.executions)
    assert filled.cum_quantity == 150
    assert sum(each.fee or 0 for each in filled.executions) == filled.fee == 1
    assert len({each.execution_id for each in filled.executions}) == len(filled.executions)


def test_a_fee_in_the_coin_makes_the_position_smaller(market: Market) -> None:
    """F56: of a coin bought, the fee is missing; the cash pays the value and nothing else."""
    filled = market["crypto_com"].place(coin("buy", "0.1", "60010"))
    assert (filled.fee_currency, filled.fee) == ("BTC", Decimal("0.0005"))
    assert held(market["crypto_com"], "BTC") == Decimal("0.5995")
    assert cash(market["crypto_com"]) == 20_000 - 6_001


def test_a_fee_in_the_coin_is_rounded_up(market: Market) -> None:
    """A fee in a coin is taken to twelve decimals, against us."""
    filled = market["crypto_com"].place(coin("buy", "0.00007", "60010"))
    owed = Decimal("0.021004") / Decimal(60010)
    assert owed < filled.fee <= owed + Decimal("1e-12")


def test_a_sale_of_coins_pays_its_fee_in_cash(market: Market) -> None:
    """What a sale receives is cash, so that is what the fee is taken from."""
    filled = market["crypto_com"].place(coin("sell", "0.1", "60000"))
    assert (filled.fee_currency, filled.fee) == ("USD", Decimal(30))
    assert cash(market["crypto_com"]) == 20_000 + 6_000 - 30


def test_a_limit_that_the_quote_does_not_reach_works_and_holds_cash(market: Market) -> None:
    """A working buy keeps back what it can draw, so that the cash cannot be spent twice."""
    working = market["ibkr"].place(order("buy", "40", "199.99"))
    assert working.status is OrderStatus.WORKING
    assert cash(market["ibkr"]) == 10_000 - Decimal("7999.6") - 1
    with pytest.raises(RefusalError, match=r"insufficient USD: 2801 requested, 1999\.4 available"):
        market["ibkr"].place(order("buy", "14", "200", client_order_id="id-2"))
    market["ibkr"].cancel("id-1")
    assert cash(market["ibkr"]) == 10_000
    assert not market["ibkr"].open_orders()


def test_a_working_sell_keeps_back_its_units(market: Market) -> None:
    """The same units are not offered twice."""
    market["ibkr"].place(order("sell", "4", "750", symbol="ASML"))
    assert held(market["ibkr"], "ASML") == 1
    with pytest.raises(RefusalError, match="insufficient ASML: 2 requested, 1 available"):
        market["ibkr"].place(order("sell", "2", "700", symbol="ASML", client_order_id="id-2"))


def test_a_working_order_fills_when_the_quote_comes_to_it(market: Market) -> None:
    """A later quote that reaches the limit fills the order, at that quote."""
    market["ibkr"].place(order("buy", "40", "199.99"))
    market["ibkr"].publish("AAPL", Quote("AAPL", "XNAS", "USD", Decimal(198), Decimal("199.5"), NOW))
    assert market["ibkr"].orders["id-1"].status is OrderStatus.FILLED
    assert cash(market["ibkr"]) == 10_000 - 40 * Decimal("199.5") - 1


def test_a_thin_book_leaves_an_order_partly_filled() -> None:
    """F47: what is filled stays when the rest is cancelled, and the rest gives its cash back."""
    exchange = make_market(FillPlan(share=Decimal("0.4")))["ibkr"]
    partly = exchange.place(order("buy", "40", "201"))
    assert (partly.status, partly.cum_quantity, partly.leaves_quantity) == (OrderStatus.PARTIAL, 16, 24)
    assert cash(exchange) == 10_000 - 16 * 200 - 24 * 201 - 1
    exchange.cancel("id-1")
    assert (partly.status, partly.cum_quantity, partly.leaves_quantity) == (OrderStatus.CANCELED, 16, 0)
    assert cash(exchange) == 10_000 - 16 * 200 - 1


@pytest.mark.parametrize(("limit", "filled"), [("200", 1), ("199.99", 0)])
def test_an_ioc_order_never_works(market: Market, limit: str, filled: int) -> None:
    """What is not filled at once is cancelled at once."""
    done = market["ibkr"].place(order("buy", "1", limit, time_in_force=TimeInForce.IOC))
    assert (done.cum_quantity, done.status.is_final) == (filled, True)
    assert not market["ibkr"].open_orders()


def test_an_order_for_an_auction_waits_for_it(market: Market) -> None:
    """An opening or closing order does not trade in the continuous book."""
    waiting = market["ibkr"].place(order("buy", "1", "201", time_in_force=TimeInForce.CLS))
    assert waiting.status is OrderStatus.WORKING


def test_cancelling_a_final_order_changes_nothing(market: Market) -> None:
    """F48: a cancel that comes too late finds the order filled."""
    market["ibkr"].place(order("buy", "1", "200"))
    assert market["ibkr"].cancel("id-1").status is OrderStatus.FILLED
    with pytest.raises(RefusalError, match="UNKNOWN_ORDER"):
        market["ibkr"].cancel("absent")


_REFUSED = [
    ("ibkr", order("buy", "1", "200", account="U2"), RefusalKind.UNKNOWN_ACCOUNT),
    ("ibkr", order("buy", "1", "200", symbol="ZZZ"), RefusalKind.UNKNOWN_SYMBOL),
    ("ibkr", order("buy", "1", "200", symbol="HALT"), RefusalKind.NOT_TRADABLE),
    ("ibkr", order("buy", "0", "200"), RefusalKind.BAD_QUANTITY),
    ("ibkr", order("buy", "-1", "200"), RefusalKind.BAD_QUANTITY),
    ("ibkr", order("buy", "1.5", "200"), RefusalKind.TIME_IN_FORCE_UNSUPPORTED),
    ("ibkr", order("buy", "5001", "200"), RefusalKind.ABOVE_MAXIMUM),
    ("ibkr", order("buy", "1", "200.001"), RefusalKind.BAD_PRICE),
    ("ibkr", order("buy", "1", "-200"), RefusalKind.BAD_PRICE),
    ("ibkr", order("buy", "1", "200", order_type=OrderType.MARKET), RefusalKind.BAD_PRICE),
    ("ibkr", order("buy", "1", None, order_type=OrderType.LIMIT), RefusalKind.BAD_PRICE),
    ("ibkr", order("buy", "50", "200"), RefusalKind.INSUFFICIENT_CASH),
    ("ibkr", order("sell", "6", "700", symbol="ASML"), RefusalKind.INSUFFICIENT_POSITION),
    ("ibkr", order("sell", "1", "190"), RefusalKind.INSUFFICIENT_POSITION),
    ("alpaca", order("buy", "1.5", "200", account="PA1", time_in_force=TimeInForce.GTC),
     RefusalKind.TIME_IN_FORCE_UNSUPPORTED),
    ("alpaca", order("buy", "0.001", "200", account="PA1"), RefusalKind.BELOW_MINIMUM),
    ("alpaca", coin("buy", "0.0001", "60010", symbol="BTC/USD", account="PA1"), RefusalKind.BELOW_MINIMUM),
    ("crypto_com", coin("buy", "0.1", "60010", time_in_force=TimeInForce.DAY), RefusalKind.TIME_IN_FORCE_UNSUPPORTED),
    ("crypto_com", coin("buy", "0.000015", "60010"), RefusalKind.BAD_QUANTITY),
    ("crypto_com", coin("buy", "0.5", "1", symbol="CRO_USD"), RefusalKind.BAD_QUANTITY),
]  # fmt: skip


@pytest.mark.parametrize(("broker", "placed", "kind"), _REFUSED)
def test_the_venue_keeps_its_own_rules(market: Market, broker: str, placed: NewOrder, kind: RefusalKind) -> None:
    """What breaks a rule of the venue is refused with its kind and leaves no trace: the id can be used again."""
    before = market[broker].balances(), market[broker].positions()
    with pytest.raises(RefusalError) as caught:
        market[broker].place(placed)
    assert caught.value.kind is kind
    assert (market[broker].balances(), market[broker].positions()) == before
    assert not market[broker].orders


def test_a_market_order_without_a_quote_is_refused() -> None:
    """Nobody can say what it would cost."""
    exchange = SimulatedExchange(load_profiles()["ibkr"], listings_of(listings_frame()))
    exchange.deposit("U1", "USD", Decimal(1000))
    with pytest.raises(RefusalError, match="NO_MARK_PRICE"):
        exchange.place(order("buy", "1", None))
    assert exchange.place(order("buy", "1", "200")).status is OrderStatus.WORKING


def test_an_id_is_used_once(market: Market) -> None:
    """I1: a second order under a client order id is refused, even after the first one is final."""
    market["ibkr"].place(order("buy", "1", "200"))
    with pytest.raises(RefusalError, match="must be unique"):
        market["ibkr"].place(order("buy", "2", "200"))
    assert held(market["ibkr"], "AAPL") == 1


def test_a_sale_below_the_least_value_is_taken(market: Market) -> None:
    """The least value is a rule for buys: what is held can be sold."""
    done = market["alpaca"].place(order("sell", "0.001", "199", account="PA1"))
    assert done.status is OrderStatus.FILLED


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["buy", "sell"]),
            st.integers(1, 20_000),
            st.integers(5_990_000, 6_010_000),
            st.booleans(),
        ),
        max_size=12,
    ),
    st.decimals(0, 1, places=2),
)
def test_money_and_coins_are_conserved(placed: list[tuple[str, int, int, bool]], share: Decimal) -> None:
    """Whatever is traded: cash and coins change by the executions and their fees, and never go below zero."""
    profile = load_profiles()["crypto_com"]
    exchange = SimulatedExchange(profile, listings_of(listings_frame()), fill_plan=FillPlan(share=share))
    exchange.deposit("main", "USD", Decimal(10_000))
    exchange.endow(Position("crypto_com", "main", "BTC", Decimal("0.1")))
    exchange.publish("BTC_USD", Quote("BTC", "", "USD", Decimal("59990"), Decimal("60010.01"), NOW))
    refused = set()
    for number, (side, lots, cents, cancelled) in enumerate(placed):
        quantity, limit = str(Decimal(lots).scaleb(-5)), str(Decimal(cents).scaleb(-2))
        try:
            exchange.place(replace(coin(side, quantity, limit), client_order_id=str(number)))
        except RefusalError as refusal:
            refused.add(refusal.kind)
            continue
        if cancelled:
            exchange.cancel(str(number))
        assert all(each.cash >= 0 for each in exchange.balances())
        assert all(each.quantity >= 0 for each in exchange.positions())
    for client_order_id in exchange.orders:
        exchange.cancel(client_order_id)
    assert refused <= {RefusalKind.INSUFFICIENT_CASH, RefusalKind.INSUFFICIENT_POSITION}
    dollars, coins = Decimal(10_000), Decimal("0.1")
    with exact():
        for each in exchange.orders.values():
            sign = 1 if each.is_buy else -1
            for fill in each.executions:
                dollars -= sign * fill.quantity * fill.price
                coins += sign * fill.quantity
            if each.is_buy:
                coins -= each.fee
            elif each.executions:
                dollars -= each.fee
                schedule = profile.fee_schedule("crypto", "USD")
                owed = commission(schedule, quantity=each.cum_quantity, price=each.executions[0].price, side=Side.SELL)
                assert each.fee == owed
    assert (cash(exchange), held(exchange, "BTC")) == (dollars, coins)


def test_ids_do_not_depend_on_what_else_the_exchange_did() -> None:
    """The same order has the same ids after a restart, and another order has others."""
    first, second = make_market()["ibkr"], make_market()["ibkr"]
    second.place(order("buy", "1", "201", client_order_id="id-0"))
    ids = []
    for exchange in (first, second):
        placed = exchange.place(order("buy", "10", "201"))
        ids.append((placed.broker_order_id, [each.execution_id for each in placed.executions]))
    assert ids[0] == ids[1]
    other = second.orders["id-0"]
    assert other.broker_order_id != ids[1][0]
    assert not {each.execution_id for each in other.executions} & set(ids[1][1])


def test_settled_cash_is_told_apart_where_it_was_given(market: Market) -> None:
    """Spending reduces cash and its settled part; proceeds of shares are unsettled, those of coins are settled."""

    def told(exchange: SimulatedExchange, currency: str) -> tuple[Decimal, Decimal | None]:
        return next((each.cash, each.settled) for each in exchange.balances() if each.currency == currency)

    ibkr, crypto = market["ibkr"], market["crypto_com"]
    assert told(ibkr, "EUR")[1] is None
    ibkr.deposit("U1", "EUR", Decimal(0), Decimal(-4_000))
    assert told(ibkr, "EUR") == (10_000, 6_000)
    ibkr.place(order("sell", "5", "700", symbol="ASML"))
    assert told(ibkr, "EUR") == (13_497, 6_000)
    ibkr.place(order("buy", "1", "701", symbol="ASML", client_order_id="id-2"))
    assert told(ibkr, "EUR") == (Decimal("12793.5"), Decimal("5296.5"))
    crypto.deposit("main", "USD", Decimal(0), Decimal(0))
    crypto.place(coin("sell", "0.1", "59000"))
    cash_now, settled = told(crypto, "USD")
    assert cash_now == settled
