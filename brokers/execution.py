"""Step 10: routes become child orders, are sent to all brokers at the same time, and what came back is recorded.

Nothing leaves before its intent, its hold and the fact that it is being sent are durably recorded. Each broker has a
task of its own, and trouble at one never touches another.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pandas as pd

from brokers.clock import utc_now
from brokers.connector import ChildOrder, Connector, ExecutionReport, OrderStatus, client_order_id
from brokers.errors import OutcomeUnknown, Rejected, Unavailable, first_of
from brokers.store.journal import Journal
from solver.domain import AssetType, OrderType, Side, TimeInForce
from solver.domain.amounts import plain

IN_FLIGHT = 16
"""Orders that are with one broker at the same time; they share the commits that record them."""

GRACE_SECONDS = 2.0
"""How long answers that are under way are still waited for after an interruption."""

_CHILD = ["order_id", "client_order_id", "sleeve", "broker", "account", "symbol", "currency", "side", "quantity"]
_REPORT = [
    "status",
    "cum_quantity",
    "leaves_quantity",
    "average_price",
    "fee",
    "fee_currency",
    "broker_order_id",
    "text",
    "at",
]

OnEvent = Callable[[ExecutionReport], object]


def children_of(routes: pd.DataFrame, batch: str) -> list[ChildOrder]:
    """Return the instructions that carry out a plan; the only place where child orders are made.

    Parameters
    ----------
    routes : DataFrame
        As in `solver.domain.allocation.Allocation`; further columns are ignored. A market order that comes with
        a price bound is sent as a limit order at that bound.
    batch : str
        Names the batch for ever: the same batch, order and broker give the same client order ids, so that a
        batch cannot be sent twice.

    Returns
    -------
    list of ChildOrder
        In the order of the routes.
    """
    attempts: Counter[tuple[str, str]] = Counter()
    children = []
    for row in routes.to_dict("records"):
        attempts[row["order_id"], row["broker"]] += 1
        attempt = attempts[row["order_id"], row["broker"]]
        children.append(_child(row, client_order_id(batch, row["order_id"], row["broker"], attempt)))
    return children


async def execute(
    children: Sequence[ChildOrder],
    connectors: Mapping[str, Connector],
    journal: Journal,
    *,
    deadline_seconds: float,
    interrupted: asyncio.Event | None = None,
    on_event: OnEvent | None = None,
) -> pd.DataFrame:
    """Send the child orders of a recorded plan and record what becomes of them.

    Sells of an account are sent and answered before its buys. Capital of fills is settled, and what is left of
    a hold released when its order is final; an order that goes on working, or whose outcome is unknown, keeps
    its hold. An interruption ends it in order: what was not sent is denied and gives its hold back, and what is
    being sent has a last `GRACE_SECONDS` to be answered.

    Parameters
    ----------
    children : sequence of ChildOrder
        Recorded by `Journal.write_plan`.
    connectors : mapping of str to Connector
        By broker; entered already. Children of a broker that has none are not sent.
    journal : Journal
    deadline_seconds : float
        After this, nothing more is sent and no answer is waited for.
    interrupted : asyncio.Event, optional
        Once it is set, nothing more is sent.
    on_event : callable, optional
        Called on the event loop with every report once it is recorded. What it raises goes to the loop's
        exception handler: a broken display stops no order.

    Returns
    -------
    DataFrame
        One row a child: its instruction and the last report about it.

    Raises
    ------
    StoreError
        If something could not be recorded. Nothing more was sent then, and what was being sent stays recorded
        as that, to be looked up.
    """
    interrupted = interrupted or asyncio.Event()
    run = _Run(connectors, journal, asyncio.get_running_loop().time() + deadline_seconds, interrupted, on_event)
    by_broker: dict[str, list[ChildOrder]] = defaultdict(list)
    for child in children:
        by_broker[child.broker].append(child)
    curtailing = asyncio.create_task(run.curtail())
    try:
        async with asyncio.TaskGroup() as tasks:
            for broker, mine in by_broker.items():
                tasks.create_task(run.send_all(broker, mine))
    except ExceptionGroup as group:
        # Whatever went wrong at a broker is a report by now, so this is the store.
        raise first_of(group) from group
    finally:
        curtailing.cancel()
    return _table(children, run.reports)


class _Run:
    """One execution: what was reported so far, and until when."""

    def __init__(
        self,
        connectors: Mapping[str, Connector],
        journal: Journal,
        deadline: float,
        interrupted: asyncio.Event,
        on_event: OnEvent | None,
    ) -> None:
        self.reports: dict[str, ExecutionReport] = {}
        self._connectors = connectors
        self._journal = journal
        self._deadline = deadline
        self._interrupted = interrupted
        self._on_event = on_event
        self._waits: set[asyncio.Timeout] = set()

    async def curtail(self) -> None:
        """Bring the deadline forward when the interruption comes, for the answers that are waited for too."""
        await self._interrupted.wait()
        self._deadline = min(self._deadline, asyncio.get_running_loop().time() + GRACE_SECONDS)
        for wait in self._waits:
            if not wait.expired():
                wait.reschedule(self._deadline)

    async def send_all(self, broker: str, children: Sequence[ChildOrder]) -> None:
        """Send all children of one broker: first every sell, then the buys."""
        connector = self._connectors.get(broker)
        if connector is None:
            await self._record([_not_sent(child, f"no connection to {broker}") for child in children])
            return
        for side in (Side.SELL, Side.BUY):
            mine = [child for child in children if child.side is side]
            for start in range(0, len(mine), IN_FLIGHT):
                await self._send_some(connector, mine[start : start + IN_FLIGHT])

    async def _send_some(self, connector: Connector, children: Sequence[ChildOrder]) -> None:
        """Send a few children at once, and record each answer as it arrives."""
        if self._interrupted.is_set():
            await self._record([_denied(child) for child in children])
            return
        if asyncio.get_running_loop().time() >= self._deadline:
            await self._record([_not_sent(child, "the deadline had passed") for child in children])
            return
        ids = [child.client_order_id for child in children]
        await asyncio.to_thread(self._journal.record_sending, ids)
        async with asyncio.TaskGroup() as tasks:
            pending = {tasks.create_task(self._send(connector, child)) for child in children}
            while pending:
                # What arrives while a commit is under way shares the next one.
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                await self._record([task.result() for task in done])

    async def _send(self, connector: Connector, child: ChildOrder) -> ExecutionReport:
        """Send one child; whatever happens becomes a report."""
        if self._interrupted.is_set():
            return _denied(child)
        try:
            report = await self._answer(connector, child)
        except Rejected as error:
            return _unfilled(child, OrderStatus.REJECTED, str(error))
        except Unavailable as error:
            return _not_sent(child, error.reason)
        except OutcomeUnknown as error:
            return _unknown(child, error.reason)
        except TimeoutError:
            interrupted = self._interrupted.is_set()
            return _unknown(
                child, "interrupted, and no answer soon after" if interrupted else "no answer before the deadline"
            )
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            return _unknown(child, f"the connector gave up: {error}")
        # The edge of the task: an error that nobody foresaw proves nothing about the order.
        except Exception as error:  # noqa: BLE001
            return _unknown(child, f"{type(error).__name__}: {error}")
        if report.client_order_id != child.client_order_id:
            return _unknown(child, f"the answer was about another order, {report.client_order_id}")
        return report

    async def _answer(self, connector: Connector, child: ChildOrder) -> ExecutionReport:
        async with asyncio.timeout_at(self._deadline) as wait:
            self._waits.add(wait)
            try:
                return await connector.submit(child)
            finally:
                self._waits.discard(wait)

    async def _record(self, reports: Sequence[ExecutionReport]) -> None:
        await asyncio.to_thread(self._journal.record, reports)
        for report in reports:
            self.reports[report.client_order_id] = report
            if self._on_event is not None:
                asyncio.get_running_loop().call_soon(self._on_event, report)


def _child(row: Mapping[Any, Any], coid: str) -> ChildOrder:
    limit_price = None if pd.isna(row["limit_price"]) else row["limit_price"]
    order_type = OrderType(row["order_type"]) if limit_price is None else OrderType.LIMIT
    return ChildOrder(
        client_order_id=coid,
        order_id=row["order_id"],
        sleeve=row["sleeve"],
        broker=row["broker"],
        account=row["account"],
        broker_symbol=row["broker_symbol"],
        symbol=row["symbol"],
        mic=row["mic"],
        asset_type=AssetType(row["asset_type"]),
        currency=row["currency"],
        side=Side(row["side"]),
        quantity=row["quantity"],
        order_type=order_type,
        limit_price=limit_price,
        time_in_force=TimeInForce(row["time_in_force"]),
        required_capital=row["required_capital"],
    )


def _unfilled(child: ChildOrder, status: OrderStatus, text: str) -> ExecutionReport:
    return ExecutionReport(
        client_order_id=child.client_order_id,
        broker=child.broker,
        status=status,
        cum_quantity=Decimal(0),
        leaves_quantity=Decimal(0) if status.is_final else child.quantity,
        text=text,
        at=utc_now(),
    )


def _not_sent(child: ChildOrder, reason: str) -> ExecutionReport:
    return _unfilled(child, OrderStatus.INTENT, f"not sent: {reason}")


def _denied(child: ChildOrder) -> ExecutionReport:
    return _unfilled(child, OrderStatus.DENIED, "interrupted before it was sent")


def _unknown(child: ChildOrder, reason: str) -> ExecutionReport:
    return _unfilled(child, OrderStatus.UNKNOWN, f"outcome unknown: {reason}")


def _shown(value: Any) -> Any:
    """Return a decimal without the zeros that a lot of many decimals leaves behind it."""
    return plain(value) if isinstance(value, Decimal) else value


def _table(children: Iterable[ChildOrder], reports: Mapping[str, ExecutionReport]) -> pd.DataFrame:
    rows = [
        [
            *(_shown(getattr(child, name)) for name in _CHILD),
            *(_shown(getattr(reports[child.client_order_id], name)) for name in _REPORT),
        ]
        for child in children
    ]
    return pd.DataFrame(rows, columns=[*_CHILD, *_REPORT])
