"""The rules of a venue: what it refuses whatever the account holds."""

from __future__ import annotations

from decimal import Decimal

from brokers.simulated.orders import NewOrder, RefusalError, RefusalKind, exact
from solver.domain import Broker, Listing, OrderType, Quote, Side
from solver.domain.amounts import text


def check_order(broker: Broker, listing: Listing, order: NewOrder) -> None:
    """Refuse an order that the venue does not take.

    Raises
    ------
    RefusalError
        With the first rule that is broken.
    """
    with exact():
        _check_kind(broker, listing, order)
        _check_quantity(listing, order)
        _check_price(listing, order)


def price_of(order: NewOrder, quote: Quote | None) -> Decimal:
    """Return the price at which the venue values an order: its limit, else the quote it would trade at.

    Raises
    ------
    RefusalError
        If a market order meets no quote.
    """
    if order.limit_price is not None:
        return order.limit_price
    if quote is None:
        raise RefusalError(RefusalKind.NO_MARK_PRICE, f"no price for {order.broker_symbol}")
    return quote.ask if order.side is Side.BUY else quote.bid


def check_value(listing: Listing, order: NewOrder, price: Decimal) -> None:
    """Refuse a buy below the least value; what is held may always be sold.

    Raises
    ------
    RefusalError
    """
    with exact():
        value = order.quantity * price
    if order.side is Side.BUY and value < listing.min_notional:
        least = f"{text(listing.min_notional)} {listing.currency}"
        raise RefusalError(RefusalKind.BELOW_MINIMUM, f"value {text(value)} must be at least {least}")


def _check_kind(broker: Broker, listing: Listing, order: NewOrder) -> None:
    rules = broker.rules.get(listing.asset_type)
    if not listing.tradable or rules is None:
        raise RefusalError(RefusalKind.NOT_TRADABLE, f"{order.broker_symbol} is not tradable")
    if order.order_type not in rules.order_types:
        reason = f"{order.order_type} orders are not taken for {order.broker_symbol}"
        raise RefusalError(RefusalKind.ORDER_TYPE_UNSUPPORTED, reason)
    is_whole = order.quantity == order.quantity.to_integral_value()
    taken = rules.times_in_force if is_whole else rules.fractional_times_in_force & rules.times_in_force
    if order.time_in_force not in taken:
        reason = f"time in force {order.time_in_force} is not taken for {text(order.quantity)} {order.broker_symbol}"
        raise RefusalError(RefusalKind.TIME_IN_FORCE_UNSUPPORTED, reason)


def _check_quantity(listing: Listing, order: NewOrder) -> None:
    quantity = order.quantity
    if quantity <= 0 or quantity % listing.lot:
        reason = f"quantity {text(quantity)} is not a multiple of {text(listing.lot)}"
        raise RefusalError(RefusalKind.BAD_QUANTITY, reason)
    if not listing.fractional and quantity != quantity.to_integral_value():
        raise RefusalError(RefusalKind.BAD_QUANTITY, f"{order.broker_symbol} is not traded in fractions")
    if quantity < listing.min_quantity:
        reason = f"quantity {text(quantity)} must be at least {text(listing.min_quantity)}"
        raise RefusalError(RefusalKind.BELOW_MINIMUM, reason)
    if listing.max_quantity is not None and quantity > listing.max_quantity:
        reason = f"quantity {text(quantity)} must be at most {text(listing.max_quantity)}"
        raise RefusalError(RefusalKind.ABOVE_MAXIMUM, reason)


def _check_price(listing: Listing, order: NewOrder) -> None:
    limit = order.limit_price
    if (limit is None) is (order.order_type is OrderType.LIMIT):
        raise RefusalError(RefusalKind.BAD_PRICE, "a limit order has a limit price, a market order none")
    if limit is not None and (limit <= 0 or limit % listing.tick):
        reason = f"limit price {text(limit)} is not a multiple of {text(listing.tick)}"
        raise RefusalError(RefusalKind.BAD_PRICE, reason)
