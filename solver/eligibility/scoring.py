"""What a candidate needs, what it costs, and what it is worth."""

from __future__ import annotations

import numpy as np
import pandas as pd

from solver import cost
from solver.columns import FLOAT_EXACT
from solver.domain.amounts import MICRO, PICO
from solver.domain.reason import ReasonCode
from solver.eligibility.columns import Integers, fractions, objects, strike
from solver.problem import Problem

MOST = FLOAT_EXACT
"""Largest requirement, value [micro-units] or score [points] of one arc: sums over a batch then stay within 64 bits."""

POINT = 10_000
"""Micro-units of base currency in one point: a score of 1 is one hundredth of base currency routed to the first
choice at weight one."""


def score_arcs(problem: Problem, orders: pd.DataFrame, arcs: pd.DataFrame, value: Integers) -> None:
    """Give every candidate its requirement, expected cost, rank among the eligible brokers, and score.

    The score is the weight times the routed value times the points of the rank, less the expected cost, in points;
    one rounding, after which everything is exact.
    """
    policy = problem.policy
    order = arcs["order"].to_numpy(np.int64)
    child, asked = arcs["child"].to_numpy(object), np.maximum(arcs["asked"].to_numpy(object), 1)
    arcs["need"], fee, arcs["proceeds"] = _requirements(problem, orders, arcs)
    arcs["value"] = objects((value[order] * np.minimum(child, asked) // asked).tolist())
    arcs["excess"] = _excess(arcs)
    dearer = cost.trade_value(child, arcs["excess"].to_numpy(object))
    arcs["cost"] = objects((cost.ceil_div(fee * arcs["rate"].to_numpy(object), PICO) + dearer).tolist())
    alive = arcs[_eligible(arcs)]
    arcs["rank"] = (alive.groupby("order")["choice"].rank("dense").astype(int) - 1).reindex(arcs.index, fill_value=0)
    points = policy.first_choice_bps - policy.rank_step_bps * arcs["rank"].to_numpy(object)
    weighted_cost = cost.round_div(
        arcs["cost"].to_numpy(object) * policy.cost_weight.numerator, policy.cost_weight.denominator
    )
    net = arcs["value"].to_numpy(object) * points - weighted_cost * cost.BASIS_POINT
    numerator, denominator = fractions(orders["weight"].to_numpy(object)[order])
    score = cost.round_div(net * numerator, denominator * cost.BASIS_POINT * POINT)
    # What is worth anything is worth a point: a small order of a low tier must not vanish by rounding.
    score = np.where((net > 0) & (score == 0), 1, score)
    arcs["score"] = objects(np.asarray(score, dtype=object).tolist())
    too_large = f"cannot be counted beyond {MOST // MICRO:,} units of a currency, or lots"
    largest = cost.larger(cost.larger(arcs["need"].to_numpy(object), arcs["value"].to_numpy(object)), arcs["score"])
    largest = cost.larger(largest, arcs["child"].to_numpy(object) // np.maximum(arcs["lot"].to_numpy(object), 1))
    strike(arcs, np.asarray(largest > MOST, dtype=bool), ReasonCode.ABOVE_MAX_SIZE, detail=too_large)
    strike(arcs, (arcs["score"] <= 0).to_numpy(bool), ReasonCode.NOT_WORTHWHILE)


def _requirements(problem: Problem, orders: pd.DataFrame, arcs: pd.DataFrame) -> tuple[Integers, Integers, Integers]:
    """Return the capital needed by each candidate, its expected fee, and the proceeds that can be spent at once.

    All in micro-units of its currency.
    """
    need, fee, proceeds = (np.zeros(len(arcs), dtype=object) for _ in range(3))
    groups = arcs.groupby(["broker", "asset_type", "currency", "mic", "isin"], sort=False)
    for (broker, kind, currency, mic, isin), part in groups:
        at = arcs.index.get_indexer(part.index)
        schedule = problem.brokers[broker].fee_schedule(kind, currency, mic, isin)
        child, is_sell = part["child"].to_numpy(object), ~part["is_buy"].to_numpy(bool)
        bound = part["bound"].to_numpy(object)
        need[at] = cost.required_capital(schedule, child, bound, is_sell)
        fee[at] = cost.commission_micro(schedule, child, part["reference"].to_numpy(object), is_sell)
        if kind in problem.brokers[broker].instant_proceeds:
            proceeds[at] = cost.sure_proceeds(schedule, child, bound, is_sell)
    return need, fee, proceeds


def _eligible(arcs: pd.DataFrame) -> Integers:
    """Return which candidates can carry their order or a part of it, shape (n_arcs,)."""
    return np.asarray((arcs["code"] == "").to_numpy(bool) | arcs["takes_part"].to_numpy(bool))


def _excess(arcs: pd.DataFrame) -> Integers:
    """Return how much worse each candidate's price is than the order's best [pico-units of base currency]."""
    price = cost.ceil_div(arcs["reference"].to_numpy(object) * arcs["rate"].to_numpy(object), PICO)
    order = arcs["order"].tolist()
    best: dict[int, int] = {}
    # Not by pandas: it reduces a group of Python integers a hundred times slower.
    for at, own, buys, eligible in zip(order, price, arcs["is_buy"], _eligible(arcs), strict=True):
        if eligible:
            other = best.get(at, own)
            best[at] = min(other, own) if buys else max(other, own)
    reached = objects([best.get(at, own) for at, own in zip(order, price, strict=True)])
    return objects(abs(price - reached).tolist())
