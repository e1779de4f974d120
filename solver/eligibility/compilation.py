"""From a problem to a network: an arc for every possible way, a reason for every impossible one.

`compile_problem` tells the story; each step adds columns to one table of candidate arcs (an order at a listing in an
account) or strikes candidates out with a code.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pandas as pd

from solver.columns import INT64_MAX
from solver.domain.reason import ReasonCode
from solver.eligibility.candidates import candidates, order_columns, screen_order_rules, screen_wishes
from solver.eligibility.columns import Integers
from solver.eligibility.conversions import possible_conversions, supply_columns
from solver.eligibility.parts import mark_divisible, with_parts
from solver.eligibility.pricing import order_values, price_arcs, size_arcs
from solver.eligibility.rows import draws, limited_rows
from solver.eligibility.scoring import score_arcs
from solver.network import Network
from solver.problem import Problem
from solver.rules import NONE


@dataclass(frozen=True, eq=False)
class Eligibility:
    """A compiled problem.

    Attributes
    ----------
    network : Network
    arcs : DataFrame, length n_arcs
        What each arc of the network means, in its order.
    rows : DataFrame, length n_rows
        What each row of the network means: ``kind, broker, account, currency, instrument, units`` (how many units of
        the row one unit of currency or instrument is, as a Fraction), ``held, reserve, capacity`` (Decimal).
    exclusions : DataFrame
        ``order`` (index), ``broker``, ``code``, ``needed``, ``available``, ``unit``, ``detail`` of every
        (order, broker) without an arc.
    conversions : DataFrame, length n_supplies
        What each supply of the network means, see `solver.eligibility.conversions.possible_conversions`.
    value : object array of int, shape (n_orders,)
        Value of each order [micro-units of base currency]; 0 where no price is known.
    """

    network: Network
    arcs: pd.DataFrame
    rows: pd.DataFrame
    exclusions: pd.DataFrame
    conversions: pd.DataFrame
    value: Integers

    def lots(self, order: int) -> int:
        """Return the planning lots of an order."""
        return 1 if self.network.rules is None else int(self.network.rules.lots[order])


def compile_problem(problem: Problem) -> Eligibility:
    """Return the network of a problem, with what its arcs and rows mean and why other ways are impossible."""
    orders = order_columns(problem)
    arcs = candidates(problem, orders)
    screen_wishes(problem, orders, arcs)
    screen_order_rules(problem, orders, arcs)
    price_arcs(problem, orders, arcs)
    value = order_values(orders, arcs)
    size_arcs(problem, orders, arcs)
    mark_divisible(problem, orders, arcs)
    score_arcs(problem, orders, arcs, value)
    arcs = with_parts(problem, orders, arcs, value)
    ranked = ["order", "choice", "wish", "is_part"]
    kept = arcs[arcs["code"] == ""].sort_values(ranked, kind="stable", ignore_index=True)
    rows = limited_rows(problem, kept)
    conversions = possible_conversions(problem, kept, rows)
    network = build_network(problem, orders, kept, rows, conversions)
    return Eligibility(network, kept, rows, exclusions(problem, orders, arcs), conversions, value)


def build_network(
    problem: Problem, orders: pd.DataFrame, arcs: pd.DataFrame, rows: pd.DataFrame, conversions: pd.DataFrame
) -> Network:
    """Return the columns of the network."""
    drawn = draws(problem, arcs, rows)
    start = np.searchsorted(drawn["arc"].to_numpy(np.int64), np.arange(len(arcs) + 1))
    brokers = {name: at for at, name in enumerate(problem.brokers)}
    capacity = [
        min(math.floor(Fraction(capacity) * units), INT64_MAX)
        for capacity, units in zip(rows["capacity"], rows["units"], strict=True)
    ]
    return Network.from_columns(
        n_orders=len(orders),
        order=arcs["order"].to_numpy(np.int64),
        score=arcs["lot_score"].to_numpy(object),
        entry_start=start.astype(np.int64),
        entry_row=drawn["row"].to_numpy(np.int64),
        entry_need=drawn["need"].to_numpy(object),
        capacity=np.array(capacity, dtype=object),
        row_kind=rows["kind"].to_numpy(np.int64),
        broker=arcs["broker"].map(brokers).to_numpy(np.int64),
        preference=(arcs.groupby("order").cumcount()).to_numpy(np.int64),
        tier=problem.orders["priority"].to_numpy(np.int64),
        tie_rank=_tie_rank(problem),
        rules=_rules(problem, orders, arcs, drawn, conversions),
    )


def _rules(
    problem: Problem, orders: pd.DataFrame, arcs: pd.DataFrame, drawn: pd.DataFrame, conversions: pd.DataFrame
) -> dict[str, npt.ArrayLike] | None:
    """Return the columns of `solver.rules.Rules`; None where the plain model says it all."""
    bonds = {name: _numbered(problem.orders[name]) for name in ("basket", "same_broker")}
    divided = orders["lots"].to_numpy(object) > 1
    bound = any((column != NONE).any() for column in bonds.values())
    if not (bound or divided.any() or (drawn["need"] < 0).any() or len(conversions)):
        return None
    return {
        **bonds,
        "lots": orders["lots"].to_numpy(np.int64),
        "least_lots": orders["least_lots"].to_numpy(np.int64),
        "max_children": np.where(divided, orders["most_children"], 1).astype(np.int64),
        "split_cost": orders["split_cost"].to_numpy(np.int64),
        "min_lots": arcs["fewest"].to_numpy(np.int64),
        "max_lots": arcs["most"].to_numpy(np.int64),
        "score_fixed": arcs["once_score"].to_numpy(object),
        "entry_fixed": drawn["once"].to_numpy(object),
        **supply_columns(conversions),
    }


def _numbered(names: pd.Series[str]) -> npt.NDArray[np.int64]:
    """Return a number for each name, in order of appearance; `NONE` for the empty name."""
    numbers = {name: at for at, name in enumerate(dict.fromkeys(name for name in names if name))}
    return np.array([numbers.get(name, NONE) for name in names], dtype=np.int64)


def exclusions(problem: Problem, orders: pd.DataFrame, arcs: pd.DataFrame) -> pd.DataFrame:
    """Return one reason for every (order, broker) without an arc: that of the candidate which came furthest."""
    columns = ["order", "broker", "code", "needed", "available", "unit", "detail"]
    struck = arcs[arcs["code"] != ""]
    served = set(arcs.loc[arcs["code"] == "", ["order", "broker"]].itertuples(index=False, name=None))
    furthest = list(ReasonCode)
    depth = struck["code"].map({str(code): at for at, code in enumerate(furthest)})
    struck = struck.assign(depth=depth).sort_values(["order", "depth"], ascending=[True, False], kind="stable")
    rows = {
        (row[0], row[1]): row
        for row in struck.drop_duplicates(["order", "broker"])[columns].itertuples(index=False, name=None)
    }
    found = []
    words = zip(orders["order"], orders["instrument"], orders["suggestion"], strict=True)
    for order, instrument, suggestion in words:
        if not instrument:
            detail = f"nearest known: {suggestion}" if suggestion else ""
            found.append((order, "", str(ReasonCode.UNKNOWN_INSTRUMENT), None, None, "", detail))
            continue
        for broker in problem.brokers:
            if (order, broker) not in served:
                missing = (order, broker, str(ReasonCode.NOT_LISTED), None, None, "", "")
                found.append(rows.get((order, broker), missing))
    return pd.DataFrame(found, columns=columns, dtype=object)


def _tie_rank(problem: Problem) -> npt.NDArray[np.int64]:
    """Return the place of each order among equals: by creation time where given, then file order."""
    created = problem.orders["created_at"].to_numpy("datetime64[us]")
    ranked = np.lexsort((np.arange(len(created)), created, np.isnat(created)))
    rank = np.empty(len(created), np.int64)
    rank[ranked] = np.arange(len(created))
    return rank
