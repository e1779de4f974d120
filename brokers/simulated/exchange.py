"""One simulated broker: its own truth of orders, executions, cash and positions, whatever we believe."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from math import ceil

from brokers.clock import utc_now
from brokers.connector import Execution, OrderStatus
from brokers.simulated.fills import FillPlan
from brokers.simulated.orders import NewOrder, RefusalError, RefusalKind, VenueOrder, exact
from brokers.simulated.rules import check_order, check_value, price_of
from solver.cost import commission
from solver.domain import PICO, AssetType, Balance, Broker, FeeSchedule, Listing, Position, Quote, Side, TimeInForce
from solver.domain.amounts import from_scaled, text

_AUCTIONS = frozenset({TimeInForce.OPG, TimeInForce.CLS})


class SimulatedExchange:
    """The truth of one broker.

    A limit order that the quote reaches fills at the quote; one that it does not reach works until a later quote
    does, and so does an order for an auction, which a continuous book never reaches. Amounts are exact decimals.

    Parameters
    ----------
    broker : Broker
        Its order rules and fees.
    listings : iterable of Listing
        What it trades; those of other brokers are left out.
    fill_plan : FillPlan
    clock : callable
        Returns the time, aware and in UTC.

    Attributes
    ----------
    is_up : bool
        Whether it can be reached; what is false here is for its connectors and servers to act on.
    orders : dict of str to VenueOrder
        Every order ever accepted, by client order id.
    """

    def __init__(
        self,
        broker: Broker,
        listings: Iterable[Listing],
        *,
        fill_plan: FillPlan | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.broker = broker
        self.is_up = broker.is_up
        self.fill_plan = fill_plan or FillPlan()
        self.orders: dict[str, VenueOrder] = {}
        self._clock = clock
        self._listings = {each.broker_symbol: each for each in listings if each.broker == broker.name}
        self._quotes: dict[str, Quote] = {}
        self._cash: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
        self._unsettled: dict[tuple[str, str], Decimal] = {}
        self._holdings: defaultdict[tuple[str, str, str, str], Decimal] = defaultdict(Decimal)
        self._open: dict[str, VenueOrder] = {}

    @property
    def name(self) -> str:
        """Return the broker's word."""
        return self.broker.name

    def listings(self) -> list[Listing]:
        """Return everything that is traded here."""
        return list(self._listings.values())

    def quotes(self, broker_symbols: Collection[str]) -> list[Quote]:
        """Return the quotes of those symbols that have one."""
        return [self._quotes[symbol] for symbol in broker_symbols if symbol in self._quotes]

    def deposit(self, account: str, currency: str, amount: Decimal, settled: Decimal | None = None) -> None:
        """Add cash, or take it away if negative; an account exists once it had some.

        From the first time that the `settled` part is given, the broker tells it apart; without it all of an
        amount is settled.
        """
        pool = account, currency
        with exact():
            self._cash[pool] += amount
            if settled is not None:
                self._unsettled[pool] = self._unsettled.get(pool, Decimal(0)) + amount - settled

    def endow(self, position: Position) -> None:
        """Add a holding, or take it away if negative."""
        with exact():
            self._holdings[position.account, position.symbol, position.mic, position.currency] += position.quantity

    def publish(self, broker_symbol: str, quote: Quote) -> None:
        """Set the quote of a symbol and fill the working orders that it reaches."""
        self._quotes[broker_symbol] = quote
        for order in [each for each in self._open.values() if each.listing.broker_symbol == broker_symbol]:
            self._match(order, [order.open_quantity])

    def balances(self) -> list[Balance]:
        """Return the cash that new orders may spend: what working buys may still draw is taken off.

        So it is from the settled part, where that is told apart: a buy is paid from settled cash.
        """
        found = []
        with exact():
            for pool, cash in sorted(self._cash.items()):
                free = cash - self._reserved_cash(*pool)
                settled = free - self._unsettled[pool] if pool in self._unsettled else None
                found.append(Balance(self.name, *pool, free, settled))
        return found

    def positions(self) -> list[Position]:
        """Return what can be sold now: what working sells offer is taken off."""
        with exact():
            return [
                Position(self.name, holding[0], holding[1], quantity - self._offered(holding), *holding[2:])
                for holding, quantity in sorted(self._holdings.items())
                if quantity
            ]

    def place(self, placed: NewOrder) -> VenueOrder:
        """Accept an order and fill what the quote lets fill, or refuse it.

        Raises
        ------
        RefusalError
            The order leaves no trace.
        """
        if placed.client_order_id in self.orders:
            reason = f"client order id {placed.client_order_id} must be unique"
            raise RefusalError(RefusalKind.DUPLICATE_CLIENT_ORDER_ID, reason)
        if placed.account not in {account for account, *_ in (*self._cash, *self._holdings)}:
            raise RefusalError(RefusalKind.UNKNOWN_ACCOUNT, f"unknown account {placed.account!r}")
        listing = self._listings.get(placed.broker_symbol)
        if listing is None:
            raise RefusalError(RefusalKind.UNKNOWN_SYMBOL, f"unknown symbol {placed.broker_symbol!r}")
        check_order(self.broker, listing, placed)
        price = price_of(placed, self._quotes.get(placed.broker_symbol))
        check_value(listing, placed, price)
        # Ids are those of the order for ever: a count would begin again with every process.
        number, at = f"{self.name}-{placed.client_order_id}", self._clock()
        order = VenueOrder(placed, listing, number, at, self._fee_currency(placed, listing))
        self._reserve(order, price)
        self.orders[placed.client_order_id] = self._open[placed.client_order_id] = order
        if placed.time_in_force not in _AUCTIONS:
            self._match(order, self._parts(order))
        if placed.time_in_force is TimeInForce.IOC and order.open_quantity:
            self._close(order, OrderStatus.CANCELED)
        return order

    def cancel(self, client_order_id: str) -> VenueOrder:
        """Cancel what is left of an order; one that is final stays as it is.

        Raises
        ------
        RefusalError
            If the venue holds no such order.
        """
        order = self.orders.get(client_order_id)
        if order is None:
            raise RefusalError(RefusalKind.UNKNOWN_ORDER, f"unknown order {client_order_id}")
        if not order.status.is_final:
            self._close(order, OrderStatus.CANCELED)
        return order

    def open_orders(self) -> list[VenueOrder]:
        """Return the orders that can still fill."""
        return list(self._open.values())

    def _schedule(self, listing: Listing) -> FeeSchedule:
        return self.broker.fee_schedule(listing.asset_type, listing.currency, listing.mic, listing.isin)

    def _fee_currency(self, placed: NewOrder, listing: Listing) -> str:
        in_coin = placed.side is Side.BUY and self._schedule(listing).in_received_asset
        return listing.symbol if in_coin else listing.currency

    def _commission(self, order: VenueOrder, quantity: Decimal, price: Decimal) -> Decimal:
        schedule = self._schedule(order.listing)
        return commission(schedule, quantity=quantity, price=price, side=order.placed.side)

    def _reserved_cash(self, account: str, currency: str) -> Decimal:
        orders = (each for each in self._open.values() if each.is_buy)
        mine = (each for each in orders if (each.placed.account, each.listing.currency) == (account, currency))
        return sum((each.reserved for each in mine), Decimal(0))

    def _offered(self, holding: tuple[str, str, str, str]) -> Decimal:
        orders = (each for each in self._open.values() if not each.is_buy)
        mine = (each for each in orders if _holding(each.placed.account, each.listing) == holding)
        return sum((each.reserved for each in mine), Decimal(0))

    def _reserve(self, order: VenueOrder, price: Decimal) -> None:
        """Keep back what an order may draw: all of it at its price and the fees, or the units that it sells."""
        account, listing, quantity = order.placed.account, order.listing, order.placed.quantity
        with exact():
            if order.is_buy:
                order.reserved = self._worst_cash(order, quantity, price)
                free = self._cash[account, listing.currency] - self._reserved_cash(account, listing.currency)
                kind, unit = RefusalKind.INSUFFICIENT_CASH, listing.currency
            else:
                order.reserved = quantity
                holding = _holding(account, listing)
                free = self._holdings[holding] - self._offered(holding)
                kind, unit = RefusalKind.INSUFFICIENT_POSITION, listing.symbol
        if order.reserved > free:
            reason = f"insufficient {unit}: {text(order.reserved)} requested, {text(free)} available"
            raise RefusalError(kind, reason)

    def _worst_cash(self, order: VenueOrder, quantity: Decimal, price: Decimal) -> Decimal:
        """Return the cash that `quantity` more of a buy can draw at `price`."""
        if order.fee_currency != order.listing.currency:
            return quantity * price
        return quantity * price + self._commission(order, order.placed.quantity, price) - order.commission

    def _parts(self, order: VenueOrder) -> list[Decimal]:
        with exact():
            lots = int(order.placed.quantity / order.listing.lot)
            parts = self.fill_plan.parts(order.placed.client_order_id, lots)
            return [part * order.listing.lot for part in parts]

    def _match(self, order: VenueOrder, parts: Iterable[Decimal]) -> None:
        """Fill an order in parts if the quote reaches it."""
        quote, limit = self._quotes.get(order.listing.broker_symbol), order.placed.limit_price
        if quote is None or order.placed.time_in_force in _AUCTIONS:
            return
        price = quote.ask if order.is_buy else quote.bid
        if limit is not None and (price > limit if order.is_buy else price < limit):
            return
        with exact():
            for quantity in parts:
                self._fill(order, quantity, price)

    def _fill(self, order: VenueOrder, quantity: Decimal, price: Decimal) -> None:
        """Trade: cash against units, and the fee from whichever the schedule takes it."""
        account, listing = order.placed.account, order.listing
        fee = self._charge(order, quantity, price)
        in_cash = order.fee_currency == listing.currency
        sign = 1 if order.is_buy else -1
        received = -(sign * quantity * price + (fee if in_cash else 0))
        self._cash[account, listing.currency] += received
        # A coin is delivered against its payment; the proceeds of everything else settle on a later day.
        later = not order.is_buy and listing.asset_type is not AssetType.CRYPTO
        if later and (account, listing.currency) in self._unsettled:
            self._unsettled[account, listing.currency] += received
        self._holdings[_holding(account, listing)] += sign * quantity - (0 if in_cash else fee)
        order.executions.append(
            Execution(
                execution_id=f"{order.broker_order_id}-x{len(order.executions) + 1}",
                quantity=quantity,
                price=price,
                fee=fee,
                fee_currency=order.fee_currency,
                at=self._clock(),
            )
        )
        order.at = order.executions[-1].at
        if not order.open_quantity:
            self._close(order, OrderStatus.FILLED)
        else:
            order.status = OrderStatus.PARTIAL
            limit = price if order.placed.limit_price is None else order.placed.limit_price
            left = order.open_quantity
            order.reserved = self._worst_cash(order, left, limit) if order.is_buy else left

    def _charge(self, order: VenueOrder, quantity: Decimal, price: Decimal) -> Decimal:
        """Return the fee of one more execution: minima and caps are those of the whole order."""
        filled = order.cum_quantity + quantity
        value = sum((each.quantity * each.price for each in order.executions), quantity * price)
        average = _round_up(Fraction(value) / Fraction(filled))
        order.commission = max(order.commission, self._commission(order, filled, average))
        charged = order.commission
        if order.fee_currency != order.listing.currency:
            charged = max(order.fee, _round_up(Fraction(order.commission) / Fraction(average)))
        fee, order.fee = charged - order.fee, charged
        return fee

    def _close(self, order: VenueOrder, status: OrderStatus) -> None:
        order.status, order.reserved, order.at = status, Decimal(0), self._clock()
        del self._open[order.placed.client_order_id]


def _holding(account: str, listing: Listing) -> tuple[str, str, str, str]:
    coin = listing.asset_type is AssetType.CRYPTO
    return account, listing.symbol, "" if coin else listing.mic, "" if coin else listing.currency


def _round_up(amount: Fraction) -> Decimal:
    """Return an amount to twelve decimals."""
    return from_scaled(ceil(amount * PICO), PICO)
