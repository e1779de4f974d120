"""Orders that may be split or served in part: their planning lots, and the arcs that carry some of them.

An order that may be divided has, wherever it can trade, an arc for all of it, with its exact figures, and an arc for
a part of it. A part is counted in planning lots, multiples of every broker's step; its fees enter as an affine
function that never lies below the true ones (`solver.cost.affine_commission`), so that a part never needs more than
the decision has set aside for it. What a child then really needs is computed again from its quantity.

A lot is worth at least `POINTS_A_LOT` points, so that rounding the score of a lot to whole points costs less than
the difference between two ranks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from solver import cost
from solver.domain.amounts import MICRO, PICO, ceil_scaled
from solver.domain.fees import FeeSchedule
from solver.eligibility.columns import objects
from solver.eligibility.scoring import MOST, POINT
from solver.holdings import held_quantities
from solver.problem import Problem

MOST_LOTS = 100_000
"""Most planning lots of an order."""

POINTS_A_LOT, POINTS_OF_SCATTERED = 1_000, 10
"""Fewest points that a lot is worth at its best place; of a sell that is scattered over its holders, which has to be
cut as finely as they hold it.
"""

FIGURES = {"score": "score", "need": "need", "proceeds": "proceeds", "sold": "child", "worth": "value"}
"""What an arc is worth, draws or brings, and the column that says so of the whole child. Each becomes two columns:
``lot_...`` for every lot, and ``once_...`` for the child itself."""

VALUE = PICO * PICO // MICRO
"""What divides pico-units of quantity times pico-units of price into micro-units of money."""


def mark_divisible(problem: Problem, orders: pd.DataFrame, arcs: pd.DataFrame) -> None:
    """Note how each order may be divided, and where a part of it can go.

    A sell that no single holding covers may have a child at every broker that holds some of it.
    """
    most = problem.orders["max_splits"].to_numpy(object).copy()
    points = objects([POINTS_A_LOT] * len(orders))
    for order, holders in _scattered_sells(problem, arcs):
        most[order] = max(most[order], holders)
        points[order] = POINTS_OF_SCATTERED
    policy = problem.policy.least_share
    shares = [policy if own is None else Fraction(own) for own in problem.orders["min_fill"]]
    orders["most_children"], orders["least_share"], orders["points_a_lot"] = most, objects(shares), points
    divisible = np.array([count > 1 or share < 1 for count, share in zip(most, shares, strict=True)], dtype=bool)
    can_trade = (arcs["code"] == "").to_numpy(bool) | arcs["oversized"].to_numpy(bool)
    arcs["takes_part"] = divisible[arcs["order"].to_numpy(np.int64)] & can_trade


def _scattered_sells(problem: Problem, arcs: pd.DataFrame) -> Iterator[tuple[int, int]]:
    """Yield the sells that no single holding covers, and how many holdings there are."""
    sells = arcs[~arcs["is_buy"].to_numpy(bool) & ((arcs["code"] == "") | arcs["oversized"]).to_numpy(bool)]
    held = held_quantities(problem.positions, problem.listings) if len(sells) else {}
    for order, group in sells.groupby("order"):
        places = dict.fromkeys(group[["broker", "account", "instrument"]].itertuples(index=False, name=None))
        quantities = [held[place] for place in places if held.get(place, 0) > 0]
        if len(quantities) > 1 and max(quantities) < min(group["child"]):
            yield int(order), len(quantities)


def with_parts(problem: Problem, orders: pd.DataFrame, arcs: pd.DataFrame, value: Any) -> pd.DataFrame:
    """Return the candidates with a further one for a part of each order that may be divided.

    Gives the orders ``lots, least_lots, split_cost`` and the candidates ``is_part, fewest, most, lot_size`` and the
    columns of `FIGURES`. An order of fewer than two lots is not divided.
    """
    orders["lots"], orders["least_lots"] = objects([1] * len(orders)), objects([1] * len(orders))
    orders["split_cost"] = objects([0] * len(orders))
    arcs = arcs.assign(is_part=False, lot_size=0)
    parts: list[dict[str, Any]] = []
    for order, group in arcs[arcs["takes_part"]].groupby("order"):
        own = orders.loc[order]
        lot, lots = planning_lots(own, group)
        if lots < 2:
            continue
        orders.at[order, "lots"], orders.at[order, "least_lots"] = lots, _least_lots(problem, own, lots, value[order])
        orders.at[order, "split_cost"] = _points_of(problem, own, problem.policy.split_cost)
        parts += [
            found
            for candidate in group.to_dict("records")
            if (found := _part(problem, own, candidate, lot, lots, int(value[order]))) is not None
        ]
    size = orders["lots"].to_numpy(object)[arcs["order"].to_numpy(np.int64)]
    arcs = arcs.assign(fewest=size, most=size, **_of_whole_children(arcs, size))
    if not parts:
        return arcs
    return pd.concat([arcs, pd.DataFrame(parts, columns=arcs.columns, dtype=object)], ignore_index=True).astype(
        arcs.dtypes.to_dict()
    )


def planning_lots(order: Any, candidates: pd.DataFrame) -> tuple[int, int]:
    """Return the size of a planning lot and how many of them an order has; what is left over is less than a lot.

    Returns
    -------
    lot : int
        A multiple of every broker's step [pico-units], or an equal share of the notional [micro-units].
    lots : int
    """
    finest = min(MOST_LOTS, int(max(candidates["score"])) // order["points_a_lot"])
    if finest < 2:
        return 0, 1
    if order["notional"]:
        lot = cost.ceil_div(int(order["notional"]), finest)
        return lot, int(order["notional"]) // lot
    step = math.lcm(*(int(own) for own in candidates["lot"]))
    lot = step * cost.ceil_div(int(order["quantity"]), step * finest)
    return lot, int(order["quantity"]) // lot


def _least_lots(problem: Problem, order: Any, lots: int, value: int) -> int:
    """Return the fewest lots worth serving: the larger of the least share and, of a part, the least value."""
    share: Fraction = order["least_share"]
    if share == 1:
        return lots
    floor = ceil_scaled(problem.policy.least_value, MICRO)
    least = max(math.ceil(share * lots), math.ceil(Fraction(floor * lots, max(value, 1))))
    return max(1, min(lots, least))


def _points_of(problem: Problem, order: Any, amount: Any) -> int:
    """Return what an amount of base currency is worth in points of an order."""
    weight: Fraction = order["weight"]
    return math.ceil(Fraction(amount) * MICRO * weight / POINT)


def _of_whole_children(arcs: pd.DataFrame, size: Any) -> dict[str, Any]:
    """Return the figures of the whole children: of an order with one lot they are those of the lot."""
    single = size == 1
    figures = {}
    for name, column in FIGURES.items():
        figure = arcs[column].to_numpy(object)
        figures[f"lot_{name}"] = np.where(single, figure, 0).astype(object)
        figures[f"once_{name}"] = np.where(single, 0, figure).astype(object)
    return figures


def _part(
    problem: Problem, order: Any, candidate: dict[str, Any], lot: int, lots: int, value: int
) -> dict[str, Any] | None:
    """Return the candidate for a part of an order; None if the broker takes none, or it is not worth its cost."""
    arc = {**candidate, "code": "", "is_part": True, "lot_size": lot}
    size = _Size.of(order, arc, lot)
    fewest, most = size.fewest(), size.most(lots if candidate["oversized"] else lots - 1)
    if fewest > most:
        return None
    schedule = problem.brokers[arc["broker"]].fee_schedule(
        order["asset_type"], arc["currency"], arc["mic"], arc["isin"]
    )
    arc |= {"fewest": fewest, "most": most, "lot_worth": cost.ceil_div(value, lots), "once_worth": 0}
    arc |= {"lot_sold": 0 if arc["is_buy"] else size.largest, "once_sold": 0}
    arc |= _capital(arc, schedule, size)
    arc |= _score(
        problem, order, arc, schedule, size, Fraction(value * lot, int(order["notional"] or order["quantity"]))
    )
    too_large = max(int(arc["lot_need"]), int(arc["lot_sold"]) // int(arc["lot"]), int(arc["lot_score"])) * most > MOST
    # Below half of what a lot is worth at its best place, rounding would count for more than a rank.
    return None if 2 * arc["lot_score"] < order["points_a_lot"] or too_large else arc


@dataclass(frozen=True, slots=True)
class _Size:
    """How much of an instrument a number of lots is at one place.

    Attributes
    ----------
    arc : mapping
    smallest, largest : int
        Quantity of a lot before and after rounding against us [pico-units]; the same for an order by quantity.
    """

    arc: dict[str, Any]
    smallest: int
    largest: int

    @classmethod
    def of(cls, order: Any, arc: dict[str, Any], lot: int) -> _Size:
        """Return the size of a lot: a quantity, or what a share of the notional pays for or is worth."""
        if not order["notional"]:
            return cls(arc, lot, lot)
        price = _sizing_price(arc)
        return cls(arc, _spent(arc, lot) * VALUE // price, cost.ceil_div((_spent(arc, lot) + 1) * VALUE, price))

    def fewest(self) -> int:
        """Return the fewest lots that reach the broker's least quantity and, of a buy, its least value."""
        least = max(int(self.arc["min_quantity"]), int(self.arc["lot"]))
        if self.arc["is_buy"]:
            least = max(least, cost.ceil_div(int(self.arc["min_notional"]) * VALUE, int(self.arc["reference"])))
        step = int(self.arc["lot"])
        return max(1, int(cost.ceil_div(cost.ceil_div(least, step) * step, max(self.smallest, 1))))

    def most(self, lots: int) -> int:
        """Return the most lots that the broker takes in one order."""
        limit = int(self.arc["max_quantity"])
        return min(lots, limit // max(self.largest, 1)) if limit else lots


def child_quantity(arc: Any, lots: int) -> int:
    """Return the quantity of a child of some lots [pico-units]."""
    if not arc["is_part"]:
        return int(arc["child"])
    if not arc["notional"]:
        return int(arc["lot_size"]) * lots
    step = int(arc["lot"])
    return int(_spent(arc, int(arc["lot_size"]) * lots) * VALUE // (_sizing_price(arc) * step) * step)


def _sizing_price(arc: Any) -> int:
    """Return the price at which a notional becomes a quantity: a buy's bound, a sell's reference."""
    return max(int(arc["bound"] if arc["is_buy"] else arc["reference"]), 1)


def _spent(arc: Any, notional: int) -> int:
    """Return a notional in the currency of the arc, rounded down [micro-units]."""
    return notional * int(arc["notional_rate"]) // max(int(arc["rate"]), 1)


def _capital(arc: dict[str, Any], schedule: FeeSchedule, size: _Size) -> dict[str, int]:
    """Return what a part needs or brings, a lot and once [micro-units of its currency]."""
    is_sell, bound = not arc["is_buy"], int(arc["bound"])
    once, each = cost.affine_commission(schedule, size.largest, bound, arc["fewest"], arc["most"], is_sell)
    if is_sell:
        brings = arc["proceeds"] > 0
        # A child of a notional is up to one step smaller than its lots together, and each rounds down on its own.
        lost = cost.trade_value(int(arc["lot"]), bound) + 1 if arc["notional"] else 1
        lot = size.smallest * bound // VALUE - each
        return {
            "lot_need": 0,
            "once_need": 0,
            "lot_proceeds": lot if brings else 0,
            "once_proceeds": -(once + lost) if brings else 0,
        }
    value = cost.trade_value(size.largest, bound)
    taken = schedule.in_received_asset
    return {
        "lot_need": value + (0 if taken else each),
        "once_need": 0 if taken else once,
        "lot_proceeds": 0,
        "once_proceeds": 0,
    }


def _score(
    problem: Problem, order: Any, arc: dict[str, Any], schedule: FeeSchedule, size: _Size, value: Fraction
) -> dict[str, int]:
    """Return the points of a part, a lot and once: the value at its rank, less its expected cost."""
    policy = problem.policy
    is_sell, reference = not arc["is_buy"], int(arc["reference"])
    once, each = cost.affine_commission(schedule, size.largest, reference, arc["fewest"], arc["most"], is_sell)
    rate, weight = Fraction(int(arc["rate"]), PICO), order["weight"]
    dearer = Fraction(size.largest * int(arc["excess"]), VALUE)
    preference = Fraction(policy.first_choice_bps - policy.rank_step_bps * int(arc["rank"]), cost.BASIS_POINT)
    lot = (value * preference - policy.cost_weight * (each * rate + dearer)) * weight / POINT
    child = policy.cost_weight * once * rate * weight / POINT
    return {"lot_score": math.floor(lot + Fraction(1, 2)), "once_score": -math.ceil(child)}
