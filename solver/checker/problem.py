"""Whether the answer to a desk's problem keeps the rules of the desk, and whether its tables are right."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import ceil

from solver.checker.backlog import backlog_violations
from solver.checker.capital import capital_violations
from solver.checker.conversions import conversion_points
from solver.checker.figures import POINT, figure_flaws
from solver.checker.limits import limit_violations
from solver.checker.network import proof_violations
from solver.checker.parts import part_flaws
from solver.checker.route import route_flaws
from solver.checker.world import World, routes_by_order
from solver.domain.amounts import MICRO
from solver.domain.reason import ReasonCode
from solver.problem import Problem
from solver.solution import Solution


def problem_violations(problem: Problem, solution: Solution) -> list[str]:
    """Return what is wrong with the answer to a problem, table by table."""
    world = World(problem)
    return [
        *_completeness(world, solution),
        *_routes(world, solution),
        *limit_violations(world, solution),
        *capital_violations(world, solution),
        *backlog_violations(world, solution),
        *_objective(world, solution),
        *proof_violations(solution),
    ]


def _completeness(world: World, solution: Solution) -> list[str]:
    """(2) Nothing is lost and nothing doubled: every order is routed, or waits once with a reason."""
    routed = Counter(solution.routes["order_id"])
    waiting = Counter(solution.backlog["order_id"])
    found = [f"demand: {order_id} waits {count} times" for order_id, count in waiting.items() if count > 1]
    lost = [order_id for order_id in world.orders if order_id not in routed and order_id not in waiting]
    found += [f"demand: {order_id} is lost" for order_id in lost]
    if len(solution.choice) != len(world.orders):
        return [*found, f"demand: choice has {len(solution.choice)} entries for {len(world.orders)} orders"]
    for order_id, arc in zip(world.orders, solution.choice.tolist(), strict=True):
        if (arc >= 0) != (order_id in routed):
            found.append(f"demand: the choice and the routes disagree on {order_id}")
    return found


def _routes(world: World, solution: Solution) -> list[str]:
    eligible = _eligible(solution)
    found = [
        f"{order_id}: {flaw}"
        for order_id, routes in routes_by_order(solution).items()
        if order_id in world.orders
        for flaw in part_flaws(world, world.orders[order_id], routes)
    ]
    for route in solution.routes.itertuples(index=False):
        order, listing = world.orders.get(route.order_id), world.listings.get((route.broker, route.broker_symbol))
        if order is None or listing is None:
            found.append(f"{route.order_id}: the order or the listing {route.broker_symbol} does not exist")
            continue
        flaws = route_flaws(world, order, listing, route)
        flaws += figure_flaws(world, order, listing, route, eligible.get(route.order_id, {}))
        found += [f"{route.order_id}: {flaw}" for flaw in flaws]
    return found


def _eligible(solution: Solution) -> dict[str, dict[str, str]]:
    """Return the codes of the reasons by order and broker; a broker that is used could be used."""
    codes: dict[str, dict[str, str]] = {}
    for row in solution.reasons.itertuples(index=False):
        codes.setdefault(row.order_id, {})[row.broker] = row.code
    for row in solution.routes.itertuples(index=False):
        codes.setdefault(row.order_id, {})[row.broker] = str(ReasonCode.SERVED_ELSEWHERE)
    return codes


def _objective(world: World, solution: Solution) -> list[str]:
    """(1) The objective is the points of the routes together, less what further children and conversions cost."""
    points = sum(int(each) for each in solution.routes["points"]) - conversion_points(solution)
    for order_id, routes in routes_by_order(solution).items():
        if order_id in world.orders:
            weight = world.problem.policy.tier_weight(int(world.orders[order_id].priority))
            points -= (len(routes) - 1) * ceil(Fraction(world.problem.policy.split_cost) * MICRO * weight / POINT)
    return [] if points == solution.objective else [f"objective: the routes score {points}, not {solution.objective}"]
