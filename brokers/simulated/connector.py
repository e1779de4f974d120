"""A connector to a simulated exchange in the same process."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Self

from brokers.connector import ChildOrder, ExecutionReport
from brokers.errors import Rejected, Unavailable
from brokers.simulated.exchange import SimulatedExchange
from brokers.simulated.orders import NewOrder, RefusalError, RefusalKind, VenueOrder
from solver.domain import Balance, Instrument, Listing, Position, Quote


@dataclass(frozen=True, slots=True)
class Latency:
    """How long a message takes one way: drawn evenly between two bounds, from a seed."""

    least_seconds: float = 0.001
    most_seconds: float = 0.004
    seed: int = 0


class SimulatedConnector:
    """One broker whose truth is a `SimulatedExchange`.

    Parameters
    ----------
    exchange : SimulatedExchange
    latency : Latency, optional
        A few milliseconds if not given.
    """

    def __init__(self, exchange: SimulatedExchange, latency: Latency | None = None) -> None:
        self.name = exchange.name
        self.exchange = exchange
        self._latency = latency or Latency()
        self._draw = random.Random(self._latency.seed)

    async def __aenter__(self) -> Self:
        """Reach the exchange, or raise `Unavailable`."""
        await self._travel()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Nothing is to be closed."""

    async def listings(self, universe: Collection[Instrument]) -> Sequence[Listing]:
        """Return what the exchange trades, restricted to `universe` unless that is empty."""
        await self._travel()
        wanted = {instrument.key for instrument in universe}
        found = self.exchange.listings()
        await self._return()
        return [each for each in found if each.instrument_key in wanted] if wanted else found

    async def quotes(self, listings: Collection[Listing]) -> Sequence[Quote]:
        """Return the best bid and ask of those listings that have one."""
        await self._travel()
        found = self.exchange.quotes([each.broker_symbol for each in listings])
        await self._return()
        return found

    async def balances(self) -> Sequence[Balance]:
        """Return the cash that new orders may spend."""
        await self._travel()
        found = self.exchange.balances()
        await self._return()
        return found

    async def positions(self) -> Sequence[Position]:
        """Return what can be sold now."""
        await self._travel()
        found = self.exchange.positions()
        await self._return()
        return found

    async def submit(self, child: ChildOrder) -> ExecutionReport:
        """Place an order; one that the exchange holds already is answered with its report."""
        await self._travel()
        try:
            order = self.exchange.place(_new_order(child))
        except RefusalError as refusal:
            # The id is derived from the instruction, so the order that has it is this very one.
            if refusal.kind is not RefusalKind.DUPLICATE_CLIENT_ORDER_ID:
                raise Rejected(self.name, refusal.reason, refusal.kind) from refusal
            order = self.exchange.orders[child.client_order_id]
        report = self._report(order)
        await self._return()
        return report

    async def cancel(self, client_order_id: str) -> ExecutionReport:
        """Cancel what is left of an order; one that is final already just answers so."""
        await self._travel()
        try:
            report = self._report(self.exchange.cancel(client_order_id))
        except RefusalError as refusal:
            raise Rejected(self.name, refusal.reason, refusal.kind) from refusal
        await self._return()
        return report

    async def report(self, client_order_id: str) -> ExecutionReport | None:
        """Return what the exchange holds under an id."""
        await self._travel()
        order = self.exchange.orders.get(client_order_id)
        report = None if order is None else self._report(order)
        await self._return()
        return report

    async def open_orders(self) -> Sequence[ExecutionReport]:
        """Return every order that can still fill."""
        await self._travel()
        reports = [self._report(order) for order in self.exchange.open_orders()]
        await self._return()
        return reports

    async def _travel(self) -> None:
        """Take a message to the exchange: if it is down the message never arrives."""
        await self._return()
        if not self.exchange.is_up:
            raise Unavailable(self.name, "the broker cannot be reached; nothing was sent")

    async def _return(self) -> None:
        await asyncio.sleep(self._draw.uniform(self._latency.least_seconds, self._latency.most_seconds))

    def _report(self, order: VenueOrder) -> ExecutionReport:
        return ExecutionReport(
            client_order_id=order.placed.client_order_id,
            broker=self.name,
            status=order.status,
            cum_quantity=order.cum_quantity,
            leaves_quantity=order.leaves_quantity,
            average_price=order.average_price,
            fee=order.fee,
            fee_currency=order.fee_currency,
            broker_order_id=order.broker_order_id,
            at=order.at,
            executions=tuple(order.executions),
        )


def _new_order(child: ChildOrder) -> NewOrder:
    return NewOrder(
        client_order_id=child.client_order_id,
        account=child.account,
        broker_symbol=child.broker_symbol,
        side=child.side,
        quantity=child.quantity,
        order_type=child.order_type,
        limit_price=child.limit_price,
        time_in_force=child.time_in_force,
    )
