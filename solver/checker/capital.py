"""Whether no pool of capital is overdrawn, and whether the capital table tells its figures right."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Any

from solver import cost
from solver.checker.conversions import Pool, conversions
from solver.checker.world import World
from solver.domain.amounts import MICRO, PICO, floor_difference, floor_scaled, from_scaled
from solver.domain.order import Side
from solver.solution import Solution


def capital_violations(world: World, solution: Solution) -> list[str]:
    """(4) No pool is overdrawn, and every row of the capital table is what the balances and the routes make it."""
    usable, needed, brought = usable_capital(world), Counter[Pool](), Counter[Pool]()
    for route in solution.routes.itertuples(index=False):
        pool = (route.broker, route.account, route.currency)
        if route.side == Side.BUY:
            needed[pool] += ceil(Fraction(route.required_capital) * MICRO)
        else:
            brought[pool] += _proceeds(world, route)
    converted, flaws = conversions(world, solution)
    found = [
        f"capital: {'/'.join(pool)} has {_money(there)} and {_money(needed[pool])} are drawn"
        for pool in {**needed, **converted}
        if needed[pool] > (there := usable[pool] + brought[pool] - converted[pool])
    ]
    spent = {pool: needed[pool] - brought[pool] for pool in {**needed, **brought}}
    return flaws + found + _table(world, solution, usable, spent, converted)


def usable_capital(world: World) -> Counter[Pool]:
    """Return what each pool has before the batch: settled cash less the reserve, never below zero [micro-units]."""
    usable: Counter[Pool] = Counter()
    for row in world.problem.balances.itertuples(index=False):
        cash = row.cash if row.settled is None else min(row.cash, row.settled)
        free = floor_difference(cash, reserve_of(world, row), MICRO)
        usable[row.broker, row.account, row.currency] = max(free, 0)
    return usable


def reserve_of(world: World, balance: Any) -> Decimal:
    """Return what a balance keeps back: its own reserve, else the larger of the policy's share and its amount."""
    if balance.reserve is not None:
        return Decimal(balance.reserve)
    policy, rate = world.problem.policy, world.rates.get(balance.currency, 0)
    kept = max(Fraction(balance.cash), Fraction(0)) * policy.reserve_share
    if rate:
        kept = max(kept, Fraction(policy.reserve_amount) * PICO / rate)
    return _money(ceil(kept * MICRO))


def _proceeds(world: World, route: Any) -> int:
    """Return what a sell brings at worst, where it can be spent in the same batch [micro-units]."""
    broker = world.problem.brokers.get(route.broker)
    if broker is None or route.asset_type not in broker.instant_proceeds:
        return 0
    schedule = broker.fee_schedule(route.asset_type, route.currency)
    quantity, bound = floor_scaled(route.quantity, PICO), floor_scaled(route.limit_price, PICO)
    return int(cost.sure_proceeds(schedule, quantity, bound, True))


def _table(
    world: World, solution: Solution, usable: Counter[Pool], spent: dict[Pool, int], converted: Counter[Pool]
) -> list[str]:
    balances = {(row.broker, row.account, row.currency): row for row in world.problem.balances.itertuples(index=False)}
    rows = list(solution.capital.itertuples(index=False))
    told = Counter((row.broker, row.account, row.currency) for row in rows)
    found = [f"capital: {'/'.join(pool)} is told {times} times" for pool, times in told.items() if times > 1]
    drawn = [pool for pool, amount in spent.items() if amount > 0]
    found += [
        f"capital: {'/'.join(pool)} is missing"
        for pool in dict.fromkeys([*balances, *drawn, *converted])
        if pool not in told
    ]
    prices = _prices(world, solution)
    for row in rows:
        pool = (row.broker, row.account, row.currency)
        balance, used = balances.get(pool), spent.get(pool, 0)
        right = {
            "cash": Decimal(0) if balance is None else balance.cash,
            "reserve": Decimal(0) if balance is None else reserve_of(world, balance),
            "capacity": _money(usable[pool]),
            "used": _money(used),
            "converted": _money(converted[pool]),
            "left": _money(usable[pool] - used - converted[pool]),
        }
        for name, amount in right.items():
            if getattr(row, name) != amount:
                found.append(f"capital: {name} of {'/'.join(pool)} is {amount}, not {getattr(row, name)}")
        if row.account not in world.accounts.get(row.broker, ()):
            found.append(f"capital: nobody has a pool {'/'.join(pool)}")
        if row.price not in prices.get(pool, prices[None]):
            found.append(f"capital: the price {row.price} of {'/'.join(pool)} is not the solution's")
    return found


def _prices(world: World, solution: Solution) -> dict[Pool | None, set[float]]:
    """Return the price that each pool may have, and under None those of a pool without a balance.

    The rows of the network begin with the pools of the balances, in their order.
    """
    prices = [float(price) * MICRO for price in solution.prices]
    pools = world.problem.balances[["broker", "account", "currency"]].itertuples(index=False, name=None)
    known: dict[Pool | None, set[float]] = {pool: {price} for pool, price in zip(pools, prices, strict=False)}
    return known | {None: set(prices[len(known) :])}


def _money(units: int) -> Decimal:
    return from_scaled(units, MICRO)
