"""The journal: what was decided, what was sent and what came back, each before the next step is taken.

The state of a child order is its latest event. Whatever a report means for the ledger is booked in the transaction
that records the report.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import pandas as pd
from sqlalchemy import BindParameter, Connection, Select, bindparam, func, insert, select
from sqlalchemy.exc import IntegrityError

from brokers.clock import utc_now
from brokers.connector import ChildOrder, Execution, ExecutionReport, OrderStatus
from brokers.errors import StoreError
from brokers.store.database import Database
from brokers.store.entries import Hold, book_holds, book_release, book_settlement
from brokers.store.exact import micro, money
from brokers.store.rows import rows_of
from brokers.store.schema import backlog as backlog_table
from brokers.store.schema import child_order, execution, order_event, plan, route
from brokers.store.transitions import may_become, spent_on
from solver.domain import Side
from solver.errors import ProblemError

_INSTRUCTION = [column.name for column in child_order.columns if column.name not in ("plan_id", "number")]
_STATE = [column.name for column in order_event.columns if column.name not in ("event_id", "client_order_id")]
_EXECUTION = [column.name for column in execution.columns if column.name not in ("broker", "client_order_id")]

# Statements of every report, made once: to build one takes several times as long as to run it.
_ID: BindParameter[str] = bindparam("client_order_id")
_CHILD_OF = select(child_order).where(child_order.c.client_order_id == _ID).with_for_update()
_EVENTS_OF = (
    select(*(order_event.c[name] for name in _STATE))
    .where(order_event.c.client_order_id == _ID)
    .order_by(order_event.c.event_id)
)
_EXECUTIONS_OF = select(*(execution.c[name] for name in _EXECUTION)).where(execution.c.client_order_id == _ID)


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """The head of a recorded plan; `summary` is what its writer wanted to keep of the solution."""

    plan_id: str
    batch: str
    at: datetime
    summary: Mapping[str, Any]


class Journal:
    """Plans, child orders and their events; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write_plan(
        self,
        plan_id: str,
        *,
        batch: str,
        routes: pd.DataFrame,
        backlog: pd.DataFrame,
        children: Sequence[ChildOrder],
        summary: Mapping[str, Any] | None = None,
        at: datetime | None = None,
    ) -> None:
        """Record a plan with its child orders as intents and hold their capital: all of it or nothing.

        Parameters
        ----------
        plan_id : str
        batch : str
            The batch whose name is in the client order ids.
        routes, backlog : DataFrame
            As in `solver.domain.allocation.Allocation`; further columns are left out.
        children : sequence of ChildOrder
        summary : mapping, optional
            Figures of the solution, as JSON can hold them.
        at : datetime, optional
            Now if not given.

        Raises
        ------
        CapitalError
            If the holds do not fit any more.
        StoreError
            If the plan, another plan of the batch, or one of its child orders, was recorded before.
        """
        at = at or utc_now()
        head = {"plan_id": plan_id, "batch": batch, "at": at, "summary": json.dumps(summary or {}, default=str)}
        with self._database.transaction() as connection:
            once = f"the plan {plan_id} or another one of the batch {batch} was recorded before: it is never sent twice"
            _insert_once(connection, plan, [head], once)
            _insert(connection, route, rows_of(route, routes, plan_id))
            _insert(connection, backlog_table, rows_of(backlog_table, backlog, plan_id))
            rows = [_child_row(each, plan_id, number) for number, each in enumerate(children, start=1)]
            again = f"an order of the batch {batch} was recorded before: it is never sent twice"
            _insert_once(connection, child_order, rows, again)
            _insert(connection, order_event, [_intent(each, at) for each in children])
            book_holds(connection, [_hold(each, plan_id) for each in children if each.side is Side.BUY], at)

    def record_sending(self, client_order_ids: Sequence[str], at: datetime | None = None) -> None:
        """Record that orders are about to be sent; only after this may a byte of them leave.

        Raises
        ------
        StoreError
            If one of them is not a fresh intent, whose capital is held: none of them is to be sent then.
        """
        at = at or utc_now()
        with self._database.transaction() as connection:
            for client_order_id in client_order_ids:
                child = _locked_child(connection, client_order_id)
                events = connection.execute(_EVENTS_OF, {"client_order_id": client_order_id}).all()
                if [event.status for event in events] != [OrderStatus.INTENT]:
                    raise StoreError(f"{client_order_id} is {events[-1].status}: it is not sent again")
                _insert(connection, order_event, [{**_unfilled(child), "status": "SENDING", "at": at}])

    def record(self, reports: Iterable[ExecutionReport]) -> None:
        """Record reports, each execution once, and book what they mean for the ledger.

        Fills are settled from the hold of a buy. What is left of it is released when the order is final, or is
        reported as not sent. A report that tells nothing new changes nothing.

        Raises
        ------
        StoreError
            If a report is about an order that was never recorded.
        """
        with self._database.transaction() as connection:
            for report in reports:
                _record(connection, report)

    def plan(self, plan_id: str) -> PlanRecord:
        """Return the head of a plan.

        Raises
        ------
        ProblemError
            If there is no such plan.
        """
        with self._database.reading() as connection:
            row = connection.execute(select(plan).where(plan.c.plan_id == plan_id)).one_or_none()
        if row is None:
            raise ProblemError(f"no plan is recorded as {plan_id!r}")
        return PlanRecord(row.plan_id, row.batch, row.at, json.loads(row.summary))

    def plans(self) -> pd.DataFrame:
        """Return ``plan_id, batch, at, routes, backlog`` (how many of each) of every plan, oldest first."""
        counts = [
            select(func.count()).where(table.c.plan_id == plan.c.plan_id).scalar_subquery().label(table.name + "s")
            for table in (route, backlog_table)
        ]
        query = select(plan.c.plan_id, plan.c.batch, plan.c.at, *counts).order_by(plan.c.at, plan.c.plan_id)
        return self._frame(query).rename(columns={"backlogs": "backlog"})

    def routes(self, plan_id: str) -> pd.DataFrame:
        """Return the routes of a plan, in its order."""
        return self._frame(select(route).where(route.c.plan_id == plan_id).order_by(route.c.number))

    def backlog(self, plan_id: str) -> pd.DataFrame:
        """Return the backlog of a plan, in its order."""
        return self._frame(
            select(backlog_table).where(backlog_table.c.plan_id == plan_id).order_by(backlog_table.c.number)
        )

    def children(self, plan_id: str) -> pd.DataFrame:
        """Return the child orders of a plan, each with its instruction and its state."""
        mine = select(child_order.c.client_order_id).where(child_order.c.plan_id == plan_id)
        latest = (
            select(func.max(order_event.c.event_id))
            .where(order_event.c.client_order_id.in_(mine))
            .group_by(order_event.c.client_order_id)
        )
        query = (
            select(*(child_order.c[name] for name in _INSTRUCTION), *(order_event.c[name] for name in _STATE))
            .join(order_event, order_event.c.client_order_id == child_order.c.client_order_id)
            .where(child_order.c.plan_id == plan_id, order_event.c.event_id.in_(latest))
            .order_by(child_order.c.number)
        )
        frame = self._frame(query)
        frame["required_capital"] = pd.Series([money(units) for units in frame["required_capital"]], dtype=object)
        return frame

    def sent_since(self, at: datetime) -> pd.DataFrame:
        """Return the child orders that were sent since `at` and have filled, or may have or may still fill.

        Left out is what provably moved nothing: not sent, or final without a fill.

        Returns
        -------
        DataFrame
            ``order_id, symbol, side, client_order_id, plan_id``, in the order in which they were recorded.
        """
        begun = select(order_event.c.client_order_id).where(order_event.c.status == "SENDING", order_event.c.at >= at)
        latest = select(func.max(order_event.c.event_id)).group_by(order_event.c.client_order_id)
        names = ("order_id", "symbol", "side", "client_order_id", "plan_id")
        query = (
            select(*(child_order.c[name] for name in names), order_event.c.status, order_event.c.cum_quantity)
            .join(order_event, order_event.c.client_order_id == child_order.c.client_order_id)
            .where(child_order.c.client_order_id.in_(begun), order_event.c.event_id.in_(latest))
            .order_by(order_event.c.event_id)
        )
        frame = self._frame(query)
        states = [OrderStatus(status) for status in frame["status"]]
        idle = [status is OrderStatus.INTENT or status.is_final for status in states]
        kept = [bool(filled) or not ended for filled, ended in zip(frame["cum_quantity"], idle, strict=True)]
        return frame.loc[kept, list(names)].reset_index(drop=True)

    def events(self, client_order_id: str) -> pd.DataFrame:
        """Return everything that happened to one child order, oldest first."""
        return self._frame(_EVENTS_OF, client_order_id=client_order_id)

    def executions(self, plan_id: str) -> pd.DataFrame:
        """Return the executions of a plan, oldest first."""
        query = (
            select(execution)
            .join(child_order, child_order.c.client_order_id == execution.c.client_order_id)
            .where(child_order.c.plan_id == plan_id)
            .order_by(execution.c.at, execution.c.execution_id)
        )
        return self._frame(query)

    def _frame(self, query: Select[Any], **values: str) -> pd.DataFrame:
        with self._database.reading() as connection:
            result = connection.execute(query, values)
            return pd.DataFrame(result.all(), columns=list(result.keys()))


def _record(connection: Connection, report: ExecutionReport) -> None:
    child = _locked_child(connection, report.client_order_id)
    last = connection.execute(_EVENTS_OF, {"client_order_id": report.client_order_id}).all()[-1]
    known = _executions(connection, report.client_order_id)
    fresh = [each for each in report.executions if each.execution_id not in known]
    current = OrderStatus(last.status)
    status = report.status if may_become(current, report.status) else current
    not_sent = status is OrderStatus.INTENT and report.status is OrderStatus.INTENT and report.text != last.text
    told_more = report.cum_quantity > last.cum_quantity or (report.fee or 0) > (last.fee or 0)
    if not (fresh or told_more or not_sent or status is not current):
        return
    _insert(connection, execution, [_execution_row(each, report) for each in fresh])
    _insert(connection, order_event, [_event_row(report, status, last)])
    if child.side == Side.BUY:
        spent = spent_on(report, [*known.values(), *fresh], child.currency)
        book_settlement(connection, report.client_order_id, spent, report.at)
        if status.is_final or status is OrderStatus.INTENT:
            book_release(connection, report.client_order_id, report.at)


def _locked_child(connection: Connection, client_order_id: str) -> Any:
    row = connection.execute(_CHILD_OF, {"client_order_id": client_order_id}).one_or_none()
    if row is None:
        raise StoreError(f"no child order is recorded as {client_order_id}")
    return row


def _executions(connection: Connection, client_order_id: str) -> dict[str, Execution]:
    rows = connection.execute(_EXECUTIONS_OF, {"client_order_id": client_order_id}).mappings()
    return {row["execution_id"]: Execution(**row) for row in rows}


def _child_row(child: ChildOrder, plan_id: str, number: int) -> dict[str, Any]:
    row = {name: getattr(child, name) for name in _INSTRUCTION}
    return {**row, "required_capital": micro(child.required_capital), "plan_id": plan_id, "number": number}


def _hold(child: ChildOrder, plan_id: str) -> Hold:
    return Hold(
        client_order_id=child.client_order_id,
        broker=child.broker,
        account=child.account,
        currency=child.currency,
        amount=child.required_capital,
        sleeve=child.sleeve,
        plan_id=plan_id,
    )


def _unfilled(child: Any) -> dict[str, Any]:
    return {
        "client_order_id": child.client_order_id,
        "cum_quantity": Decimal(0),
        "leaves_quantity": child.quantity,
        "text": "",
    }


def _intent(child: ChildOrder, at: datetime) -> dict[str, Any]:
    return {**_unfilled(child), "status": "INTENT", "at": at}


def _event_row(report: ExecutionReport, status: OrderStatus, last: Any) -> dict[str, Any]:
    # A report that was overtaken knows less than the last one: what was filled stays filled.
    source = report if report.cum_quantity >= last.cum_quantity else last
    figures = ("cum_quantity", "leaves_quantity", "average_price", "fee", "fee_currency")
    row = {name: getattr(source if name in figures else report, name) for name in _STATE}
    return {**row, "client_order_id": report.client_order_id, "status": status}


def _execution_row(each: Execution, report: ExecutionReport) -> dict[str, Any]:
    told = {name: getattr(each, name) for name in _EXECUTION}
    return {**told, "broker": report.broker, "client_order_id": report.client_order_id}


def _insert(connection: Connection, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _insert_once(connection: Connection, table: Any, rows: Sequence[Mapping[str, Any]], again: str) -> None:
    try:
        _insert(connection, table, rows)
    except IntegrityError as error:
        raise StoreError(again) from error
