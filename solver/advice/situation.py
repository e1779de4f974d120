"""A decided problem, ready for questions: which orders are routed and where, and which one is asked about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from solver.advice.pools import Pool, pools_of
from solver.advice.variation import Variation, arcs_of, helpers, homes, lots_of
from solver.columns import Column
from solver.domain.reason import ReasonCode
from solver.eligibility import Eligibility, compile_problem
from solver.errors import ProblemError
from solver.explanation import CODE_OF_ROW
from solver.network import Network, RowKind
from solver.problem import Problem
from solver.rules import NONE
from solver.solution import Solution

ROUTE_COLUMNS = ["order_id", "broker", "account", "currency"]
MOVE_COLUMNS = ["order_id", "from_broker", "to_broker"]

_MONEY = (ReasonCode.CAPITAL_INSUFFICIENT, ReasonCode.CAPITAL_CONTENTION)


@dataclass(frozen=True, eq=False)
class Situation:
    """A decided problem.

    Attributes
    ----------
    problem : Problem
    solution : Solution
    eligibility : Eligibility
    order_ids : list of str
    lots : int64 array, shape (n_arcs,)
        What each arc carries.
    homes : dict of int to int
        The arc of each routed order.
    pools : list of Pool
    """

    problem: Problem
    solution: Solution
    eligibility: Eligibility
    order_ids: list[str]
    lots: Column
    homes: dict[int, int]
    pools: list[Pool]

    @classmethod
    def of(cls, problem: Problem, solution: Solution, eligibility: Eligibility | None = None) -> Situation:
        """Return the situation after a decision.

        Raises
        ------
        ProblemError
            If the solution is of another problem.
        """
        eligibility = eligibility or compile_problem(problem)
        network = eligibility.network
        if len(solution.choice) != network.n_orders or solution.choice.max(initial=-1) >= network.n_arcs:
            raise ProblemError("advice: the solution belongs to another problem")
        lots = lots_of(network, solution)
        pools = pools_of(problem, eligibility)
        ids = problem.orders["order_id"].tolist()
        return cls(problem, solution, eligibility, ids, lots, homes(network, lots), pools)

    @property
    def network(self) -> Network:
        """Return the network that was decided."""
        return self.eligibility.network

    def waiting(self, order_id: str) -> int:
        """Return the index of an order of the backlog.

        Raises
        ------
        ProblemError
            If the order does not exist or is routed.
        """
        if order_id not in self.order_ids:
            raise ProblemError(f"advice: no order is called {order_id!r}")
        at = self.order_ids.index(order_id)
        if at in self.homes and order_id not in set(self.solution.backlog["order_id"]):
            raise ProblemError(f"advice: order {order_id} is routed")
        return at

    def without(self, order: int, *, keep_brokers: bool = False) -> Variation:
        """Return the network of what is routed, of one order more, and of the orders that could help them.

        Parameters
        ----------
        order : int
        keep_brokers : bool
            Whether what is routed stays at its broker.
        """
        network = self.network
        arcs = arcs_of(network, {*self.homes, order, *helpers(network)})
        if keep_brokers:
            used = {(int(network.order[arc]), int(network.broker[arc])) for arc in np.flatnonzero(self.lots).tolist()}
            stays = [
                int(network.order[arc]) not in self.homes or (int(network.order[arc]), int(network.broker[arc])) in used
                for arc in arcs.tolist()
            ]
            arcs = arcs[np.array(stays, dtype=bool)]
        return Variation(network, arcs)

    def can_move(self, order: int) -> bool:
        """Return whether the order has anywhere to go."""
        return bool((self.network.order == order).any())

    def why_never(self, order: int) -> str:
        """Return the reason why no money routes an order of the backlog."""
        row = self.solution.backlog.set_index("order_id").loc[[self.order_ids[order]]].iloc[0]
        if ReasonCode(row["code"]) not in _MONEY:
            return str(row["code"])
        if int(self.network.written_rules.basket[order]) != NONE:
            return str(ReasonCode.BASKET_INCOMPLETE)
        entries = np.isin(self.network.entry_arc, arcs_of(self.network, {order}))
        kinds = {RowKind(int(kind)) for kind in self.network.row_kind[self.network.entry_row[entries]]}
        codes = [str(code) for kind, code in CODE_OF_ROW.items() if kind in kinds]
        return codes[0] if codes else str(ReasonCode.BASKET_INCOMPLETE)

    def route(self, order: int, arc: int) -> dict[str, Any]:
        """Return where an arc leads."""
        label = self.eligibility.arcs.iloc[arc]
        place = {column: label[column] for column in ROUTE_COLUMNS[1:]}
        return {"order_id": self.order_ids[order], **place}

    def moves(self, after: dict[int, int]) -> pd.DataFrame:
        """Return the routed orders that change broker, of those that stay routed: `MOVE_COLUMNS`."""
        brokers = self.eligibility.arcs["broker"].to_numpy(object)
        rows = [
            (self.order_ids[order], brokers[arc], brokers[after[order]])
            for order, arc in self.homes.items()
            if order in after and brokers[after[order]] != brokers[arc]
        ]
        return pd.DataFrame(rows, columns=MOVE_COLUMNS, dtype=object)

    def staying(self, case: Variation) -> list[int]:
        """Return a score for each arc of `case`: one where it keeps a routed order at its broker, zero elsewhere."""
        brokers = self.network.broker
        at = {order: int(brokers[arc]) for order, arc in self.homes.items()}
        owner = self.network.order
        return [int(at.get(int(owner[arc]), NONE) == int(brokers[arc])) for arc in case.arcs.tolist()]
