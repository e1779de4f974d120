"""A plan, and what became of it, as a document for programs: every amount is a decimal string.

The keys are the names of the columns, see `solver.domain.allocation.Allocation`. Only ``gap``, ``seconds`` and
``price`` are binary floats: figures of the proof, no amounts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from numbers import Integral, Real
from typing import Any

import pandas as pd

from scenarios.mode import Mode
from scenarios.planning import Plan
from scenarios.routing import Outcome
from solver.domain.amounts import text

VERSION = 1

Inputs = Mapping[str, Mapping[str, str]]


def plan_document(plan: Plan, inputs: Inputs | None = None, prices: str = "") -> dict[str, Any]:
    """Return a plan as plain values, ready for JSON.

    Parameters
    ----------
    plan : Plan
    inputs : mapping, optional
        What was read, by table: its ``file`` and ``sha256``.
    prices : str
        Where the prices come from.
    """
    solution = plan.solution
    return {
        "version": VERSION,
        "mode": str(plan.mode),
        "plan_id": plan.plan_id,
        "batch_id": plan.batch_id,
        "base_currency": plan.problem.base_currency,
        "prices": prices,
        "inputs": {name: dict(facts) for name, facts in (inputs or {}).items()},
        "orders": len(plan.problem.orders),
        **solution.summary(),
        "routes": records(solution.routes),
        "backlog": records(solution.backlog),
        "capital": records(solution.capital),
        "conversions": records(solution.conversions),
        "reasons": records(solution.reasons),
        "baselines": records(plan.baselines),
    }


def requirement_document(requirement: pd.DataFrame, mode: Mode) -> dict[str, Any]:
    """Return what a packet of orders would need, ready for JSON; amounts are decimal strings."""
    return {"version": VERSION, "mode": str(mode), "requirement": records(requirement)}


def execution_document(outcome: Outcome, inputs: Inputs | None = None, prices: str = "") -> dict[str, Any]:
    """Return an executed plan: the plan's document, the report of every child order, and the ledger afterwards."""
    return {
        **plan_document(outcome.plan, inputs, prices),
        "executions": records(outcome.reports),
        "ledger": records(outcome.capital),
    }


def open_orders_document(orders: pd.DataFrame, mode: Mode, database: str) -> dict[str, Any]:
    """Return the child orders that are not final in a database, ready for JSON; amounts are decimal strings."""
    return {"version": VERSION, "mode": str(mode), "database": database, "open": records(orders)}


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame as plain values, ready for JSON."""
    return [{str(name): _plain(cell) for name, cell in row.items()} for row in frame.to_dict("records")]


def _plain(cell: Any) -> Any:
    if isinstance(cell, Decimal):
        return text(cell) if cell.is_finite() else None
    if isinstance(cell, list | tuple):
        return [_plain(each) for each in cell]
    if cell is None or cell is pd.NaT or cell is pd.NA or cell != cell:
        return None
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(cell, Enum):
        return str(cell.value)
    if isinstance(cell, bool | str):
        return cell
    if isinstance(cell, Integral):
        return int(cell)
    if isinstance(cell, Real):
        return float(cell)
    return bool(cell) if type(cell).__name__ == "bool" else str(cell)
