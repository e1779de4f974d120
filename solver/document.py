"""The network document: a batch as JSON for other languages, and the answer to it.

Amounts are decimal strings and are read exactly; unknown keys, duplicate ids and malformed amounts are errors with
their place, all of them reported together.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from solver.columns import INT64_MAX
from solver.domain.amounts import MICRO, exact_scaled, from_scaled, text
from solver.domain.reason import ReasonCode
from solver.errors import DocumentError, ProblemError, Violation
from solver.limits import Limits
from solver.methods import solve_network
from solver.network import Network
from solver.solution import Solution

VERSION = 1

NAMED_RIVALS = 100
"""Most orders that a reason names as holding what another one would need."""

_AMOUNT = re.compile(r"[0-9]{1,19}(\.[0-9]{1,6})?", re.ASCII)
_AMOUNT_FORM = 'a decimal string with at most six decimals, e.g. "1234.56"'


@dataclass(frozen=True, eq=False)
class NetworkDocument:
    """A network with the names its document gives to orders, brokers and pools.

    Attributes
    ----------
    network : Network
    order_ids, pool_ids : list of str
    arc_brokers : list of str, length n_arcs
        In the order of the document.
    limits : Limits
    """

    network: Network
    order_ids: list[str]
    pool_ids: list[str]
    arc_brokers: list[str]
    limits: Limits


class _Reader:
    """Collects every problem of a document with its place."""

    def __init__(self) -> None:
        self.violations: list[Violation] = []

    def complain(self, place: str, message: str, value: object = "") -> None:
        shown = "" if value == "" else repr(value)[:60]
        self.violations.append(Violation(message, "document", None, place, shown))

    def mapping(
        self, place: str, value: object, required: Iterable[str], optional: Iterable[str] = ()
    ) -> dict[str, Any]:
        """Return `value` as an object with exactly the allowed keys; an empty one if it is not."""
        required, allowed = list(required), [*required, *optional]
        if not isinstance(value, dict):
            self.complain(place, "must be an object", value)
            return {}
        for key in value:
            if key not in allowed:
                near = difflib.get_close_matches(str(key), allowed, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else f"; allowed: {', '.join(allowed)}"
                self.complain(f"{place}.{key}" if place else str(key), f"unknown key{hint}")
        for key in required:
            if key not in value:
                self.complain(f"{place}.{key}" if place else key, "is missing")
        return value

    def items(self, place: str, value: object) -> list[Any]:
        if not isinstance(value, list):
            self.complain(place, "must be an array", value)
            return []
        return value

    def word(self, place: str, value: object) -> str:
        if not isinstance(value, str) or not value or len(value) > 200 or not value.isprintable():
            self.complain(place, "must be a non-empty printable text", value)
            return ""
        return value

    def amount(self, place: str, value: object) -> int:
        """Return micro-units."""
        if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
            self.complain(place, f"must be {_AMOUNT_FORM}", value)
            return 0
        micro = exact_scaled(Decimal(value), MICRO)
        if micro > INT64_MAX:
            self.complain(place, "is too large: at most 9223372036854.775807", value)
            return 0
        return micro

    def points(self, place: str, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= INT64_MAX:
            self.complain(place, "must be an integer >= 0 below 2**63", value)
            return 0
        return value


def network_from_document(document: object) -> NetworkDocument:
    """Read a network document that is already parsed from JSON.

    Parameters
    ----------
    document : object
        Keys ``version, pools, orders`` and optionally ``limits``.

    Raises
    ------
    DocumentError
        With every problem of the document.
    """
    reader = _Reader()
    top = reader.mapping("", document, ("version", "pools", "orders"), ("limits",))
    if top and (isinstance(top.get("version"), bool) or top.get("version") != VERSION):
        reader.complain("version", f"must be {VERSION}", top.get("version", ""))
    pools = _read_pools(reader, top.get("pools", []))
    arcs, order_ids = _read_orders(reader, top.get("orders", []), pools)
    limits = _read_limits(reader, top.get("limits", {}))
    if reader.violations:
        raise DocumentError(reader.violations)
    at = {pool: index for index, pool in enumerate(pools)}
    brokers = {name: index for index, name in enumerate(dict.fromkeys(arc[1] for arc in arcs))}
    network = Network.from_columns(
        n_orders=len(order_ids),
        order=np.array([arc[0] for arc in arcs], dtype=np.int64),
        score=np.array([arc[4] for arc in arcs], dtype=object),
        entry_start=np.arange(len(arcs) + 1),
        entry_row=np.array([at[arc[2]] for arc in arcs], dtype=np.int64),
        entry_need=np.array([arc[3] for arc in arcs], dtype=object),
        capacity=np.array(list(pools.values()), dtype=object),
        broker=np.array([brokers[arc[1]] for arc in arcs], dtype=np.int64),
    )
    return NetworkDocument(network, order_ids, list(pools), [arc[1] for arc in arcs], limits)


def decide_document(document: object, method: str = "optimal") -> dict[str, Any]:
    """Decide a network document and return the answer document.

    Raises
    ------
    DocumentError
        With every problem of the document.
    """
    read = network_from_document(document)
    return answer_document(read, solve_network(read.network, method, read.limits))


def answer_document(read: NetworkDocument, solution: Solution) -> dict[str, Any]:
    """Return the answer to a network document as plain values, ready for JSON."""
    decided = _Decided.of(read, solution)
    return {
        "version": VERSION,
        **{key: value for key, value in solution.summary().items() if key != "method"},
        "routes": [
            {"order": read.order_ids[order], "broker": read.arc_brokers[arc]}
            for order, arc in enumerate(solution.choice.tolist())
            if arc >= 0
        ],
        "backlog": [
            {"order": read.order_ids[order], "reasons": decided.reasons(order)}
            for order, arc in enumerate(solution.choice.tolist())
            if arc < 0
        ],
        "prices": [
            {"pool": pool, "price": float(price) * MICRO}
            for pool, price in zip(read.pool_ids, solution.prices.tolist(), strict=True)
        ],
    }


def _read_pools(reader: _Reader, value: object) -> dict[str, int]:
    pools: dict[str, int] = {}
    for at, item in enumerate(reader.items("pools", value)):
        place = f"pools[{at}]"
        row = reader.mapping(place, item, ("id", "capacity"))
        if not row:
            continue
        name = reader.word(f"{place}.id", row.get("id", ""))
        if name in pools:
            reader.complain(f"{place}.id", "stands twice", name)
        pools[name] = reader.amount(f"{place}.capacity", row["capacity"]) if "capacity" in row else 0
    return pools


def _read_orders(
    reader: _Reader, value: object, pools: Mapping[str, int]
) -> tuple[list[tuple[int, str, str, int, int]], list[str]]:
    """Return the arcs as (order index, broker, pool, need, score), and the order ids."""
    arcs: list[tuple[int, str, str, int, int]] = []
    order_ids: dict[str, None] = {}
    for at, item in enumerate(reader.items("orders", value)):
        place = f"orders[{at}]"
        row = reader.mapping(place, item, ("id", "arcs"))
        if not row:
            continue
        name = reader.word(f"{place}.id", row.get("id", ""))
        if name in order_ids:
            reader.complain(f"{place}.id", "stands twice", name)
        order_ids[name] = None
        for number, cell in enumerate(reader.items(f"{place}.arcs", row.get("arcs", []))):
            arc = _read_arc(reader, f"{place}.arcs[{number}]", cell, pools)
            arcs.append((len(order_ids) - 1, *arc))
    return arcs, list(order_ids)


def _read_arc(reader: _Reader, place: str, cell: object, pools: Mapping[str, int]) -> tuple[str, str, int, int]:
    row = reader.mapping(place, cell, ("broker", "pool", "need", "score"))
    if len(row) < 4:
        return ("", "", 0, 0)
    broker, pool = reader.word(f"{place}.broker", row.get("broker", "")), row.get("pool")
    if not isinstance(pool, str) or pool not in pools:
        near = difflib.get_close_matches(str(pool), list(pools), n=1)
        reader.complain(f"{place}.pool", "unknown pool" + (f"; did you mean {near[0]!r}?" if near else ""), pool or "")
        pool = ""
    need = reader.amount(f"{place}.need", row.get("need", ""))
    return broker, pool, need, reader.points(f"{place}.score", row.get("score", ""))


def _read_limits(reader: _Reader, value: object) -> Limits:
    row = reader.mapping("limits", value, (), ("seconds", "gap"))
    figures: dict[str, Any] = {}
    for key in ("seconds", "gap"):
        if key in row:
            if isinstance(row[key], bool) or not isinstance(row[key], (int, float, Decimal)):
                reader.complain(f"limits.{key}", "must be a number", row[key])
            else:
                figures[key] = _finite(reader, f"limits.{key}", row[key])
    try:
        return Limits(**figures)
    except ProblemError as error:
        reader.violations.extend(error.violations)
        return Limits()


def _finite(reader: _Reader, place: str, value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        reader.complain(place, "is too large", value)
        return 1.0


@dataclass(frozen=True, eq=False)
class _Decided:
    """A choice in arcs of the network, and what it draws."""

    read: NetworkDocument
    used: list[int]
    holders: list[list[str]]

    @classmethod
    def of(cls, read: NetworkDocument, solution: Solution) -> _Decided:
        """Return what the routes draw from each pool, and which orders draw on it."""
        network = read.network
        place = np.empty(network.n_arcs, np.int64)
        place[network.position] = np.arange(network.n_arcs)
        chosen = place[solution.choice[solution.choice >= 0]].tolist()
        holders: list[list[str]] = [[] for _ in range(network.n_rows)]
        for arc in chosen:
            for row, need in network.entries(arc):
                if need:
                    holders[row].append(read.order_ids[int(network.order[arc])])
        return cls(read, network.usage(chosen), holders)

    def reasons(self, order: int) -> list[dict[str, Any]]:
        """Return why each arc of an order in the backlog is not taken, with the numbers of its pool."""
        start = self.read.network.order_start
        return [self._reason(arc) for arc in range(int(start[order]), int(start[order + 1]))]

    def _reason(self, arc: int) -> dict[str, Any]:
        network = self.read.network
        ((row, need),) = network.entries(arc)
        capacity = int(network.capacity[row])
        left = capacity - self.used[row]
        alone = need <= capacity
        code = ReasonCode.CAPITAL_INSUFFICIENT
        if alone:
            code = ReasonCode.CAPITAL_CONTENTION if need > left else ReasonCode.UNPROVEN
        if int(network.score[arc]) == 0:
            code = ReasonCode.NOT_WORTHWHILE
        reason: dict[str, Any] = {
            "broker": self.read.arc_brokers[int(network.position[arc])],
            "code": str(code),
            "needed": text(from_scaled(need, MICRO)),
            "available": text(from_scaled(left if alone else capacity, MICRO)),
            "unit": self.read.pool_ids[row].rpartition(":")[2],
        }
        if code == ReasonCode.CAPITAL_CONTENTION:
            reason["lost_to"] = self.holders[row][:NAMED_RIVALS]
        return reason
