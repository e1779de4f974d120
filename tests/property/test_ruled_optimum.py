"""Networks with every rule in random combination, against exhaustive enumeration."""

import itertools
import random

import numpy as np
import pytest

from solver import METHODS, Limits, Network, Status, solve_network, verify
from solver.network import RowKind
from solver.rules import NONE

KINDS = [RowKind.CAPITAL, RowKind.CUSTODY, RowKind.PACING, RowKind.CAP, RowKind.EXCLUSIVITY]


def random_network(seed: int) -> Network:
    """Return a small network in which each rule is switched on or off by the seed."""
    draw = random.Random(seed)
    switches = ("lots", "partial", "splits", "baskets", "groups", "supplies", "bring", "child")
    on = {name: draw.random() < 0.6 for name in switches}
    n_orders, n_brokers, n_rows = draw.randint(1, 4), draw.randint(1, 3), draw.randint(1, 3)
    lots = [draw.randint(1, 3) if on["lots"] else 1 for _ in range(n_orders)]
    least = [draw.randint(1, q) if on["partial"] else q for q in lots]
    names = ("order", "score", "broker", "min", "max", "row", "need", "fixed")
    columns: dict[str, list[int]] = {name: [] for name in names}
    start = [0]
    for i in range(n_orders):
        for broker in range(n_brokers):
            if draw.random() < 0.75:
                low = draw.randint(1, lots[i]) if on["splits"] else lots[i]
                columns["order"].append(i)
                columns["broker"].append(broker)
                columns["score"].append(draw.choice([0, 4, draw.randint(1, 20)]))
                columns["min"].append(low if draw.random() < 0.5 else 1 if on["lots"] else low)
                columns["max"].append(draw.randint(columns["min"][-1], max(lots[i], columns["min"][-1])))
                for row in draw.sample(range(n_rows), draw.randint(0, n_rows)):
                    columns["row"].append(row)
                    columns["need"].append(draw.randint(-6 if on["bring"] else 0, 12))
                    columns["fixed"].append(draw.choice([0, 0, draw.randint(0, 4)]))
                start.append(len(columns["row"]))
    n_supplies = draw.randint(1, 2) if on["supplies"] else 0
    return Network.from_columns(
        n_orders=n_orders,
        order=columns["order"],
        score=columns["score"],
        entry_start=start,
        entry_row=columns["row"],
        entry_need=columns["need"],
        capacity=[draw.randint(0, 25) for _ in range(n_rows)],
        row_kind=[int(draw.choice(KINDS)) for _ in range(n_rows)],
        broker=columns["broker"],
        rules={
            "lots": lots,
            "least_lots": least,
            "max_children": [draw.randint(1, 3) if on["splits"] else 1 for _ in lots],
            "split_cost": [draw.choice([0, draw.randint(0, 5)]) for _ in lots],
            "basket": [draw.randint(0, 1) if on["baskets"] and draw.random() < 0.6 else NONE for _ in lots],
            "same_broker": [0 if on["groups"] and draw.random() < 0.6 else NONE for _ in lots],
            "min_lots": columns["min"],
            "max_lots": columns["max"],
            "entry_fixed": columns["fixed"],
            "score_fixed": [draw.randint(-8, 8) if on["child"] else 0 for _ in columns["order"]],
            "supply_limit": [draw.randint(0, 3) for _ in range(n_supplies)],
            "supply_cost": [draw.randint(0, 6) for _ in range(n_supplies)],
            "supply_once_cost": [draw.choice([0, draw.randint(0, 6)]) for _ in range(n_supplies)],
            "supply_once": [draw.choice([0, draw.randint(0, 4)]) for _ in range(n_supplies)],
            "supply_start": list(range(n_supplies + 1)),
            "supply_row": [draw.randrange(n_rows) for _ in range(n_supplies)],
            "supply_need": [draw.randint(-8, 3) for _ in range(n_supplies)],
        },
    )


def best_by_enumeration(network: Network) -> int:
    """Return the best value over all lots of all arcs and all units of all supplies, rules read off one by one."""
    rules = network.written_rules
    ways = [(0, *range(int(low), int(high) + 1)) for low, high in zip(rules.min_lots, rules.max_lots, strict=True)]
    per_order = []
    for i in range(network.n_orders):
        arcs = np.flatnonzero(network.order == i).tolist()
        options = []
        for lots in itertools.product(*(ways[arc] for arc in arcs)):
            used = [(arc, x) for arc, x in zip(arcs, lots, strict=True) if x]
            total = sum(x for _, x in used)
            if not used or (rules.least_lots[i] <= total <= rules.lots[i] and len(used) <= rules.max_children[i]):
                options.append(used)
        per_order.append(options)
    supplies = list(itertools.product(*(range(int(limit) + 1) for limit in rules.supply_limit)))
    best = 0
    for choice in itertools.product(*per_order):
        best = max(best, _best_with_supplies(network, choice, supplies))
    return best


def _best_with_supplies(network: Network, choice: tuple, supplies: list[tuple[int, ...]]) -> int:
    rules = network.written_rules
    for basket in set(rules.basket.tolist()) - {NONE}:
        if len({bool(choice[i]) for i in range(network.n_orders) if rules.basket[i] == basket}) > 1:
            return 0
    for group in set(rules.same_broker.tolist()) - {NONE}:
        arcs = [arc for i, own in enumerate(choice) if rules.same_broker[i] == group for arc, _ in own]
        if len({int(network.broker[arc]) for arc in arcs}) > 1:
            return 0
    worth, used = 0, [0] * network.n_rows
    for i, own in enumerate(choice):
        worth -= int(rules.split_cost[i]) * max(0, len(own) - 1)
        for arc, x in own:
            worth += int(network.score[arc]) * x + int(rules.score_fixed[arc])
            for entry in range(network.entry_start[arc], network.entry_start[arc + 1]):
                used[network.entry_row[entry]] += int(network.entry_need[entry]) * x + int(rules.entry_fixed[entry])
    best = 0
    for units in supplies:
        drawn = list(used)
        for supply, count in enumerate(units):
            for row, need, once in rules.supply_entries(supply):
                drawn[row] += need * count + (once if count else 0)
        if all(d <= c for d, c in zip(drawn, network.capacity.tolist(), strict=True)):
            costs = zip(rules.supply_cost, rules.supply_once_cost, units, strict=True)
            best = max(best, worth - sum(int(e) * t + (int(f) if t else 0) for e, f, t in costs))
    return best


def check_seed(seed: int) -> None:
    network = random_network(seed)
    best = best_by_enumeration(network)
    solution = solve_network(network, limits=Limits(seconds=20))
    assert verify(network, solution) == (), seed
    assert (solution.objective, solution.bound, solution.status) == (best, best, Status.OPTIMAL), seed
    assert solution.proof == "exact", seed


@pytest.mark.parametrize("block", range(20))
def test_optimum_with_rules_equals_enumeration(block: int) -> None:
    """With every rule in random combination the optimum is that of exhaustive enumeration, proven exactly."""
    for seed in range(block * 100, block * 100 + 100):
        check_seed(seed)


@pytest.mark.nightly
@pytest.mark.parametrize("block", range(30))
def test_optimum_with_rules_equals_enumeration_nightly(block: int) -> None:
    """The same law on three thousand further networks."""
    for seed in range(10_000 + block * 100, 10_100 + block * 100):
        check_seed(seed)


@pytest.mark.parametrize("method", [name for name in METHODS if name != "optimal"])
def test_every_method_keeps_the_rules(method: str) -> None:
    """Every other method answers with a decision that keeps all rules, under a bound that holds."""
    for seed in range(120):
        network = random_network(seed)
        solution = solve_network(network, method=method)
        assert verify(network, solution) == (), seed
        assert solution.bound >= best_by_enumeration(network), seed


def test_ties_are_decided_with_rules_too() -> None:
    """Among equal orders those that come first are served, also where an unrelated basket brings rules in."""
    for ranks in itertools.permutations(range(4)):
        network = Network.from_columns(
            n_orders=5,
            order=[0, 1, 2, 3, 4],
            score=[5, 5, 5, 5, 1],
            entry_start=[0, 1, 2, 3, 4, 5],
            entry_row=[0, 0, 0, 0, 1],
            entry_need=[1, 1, 1, 1, 1],
            capacity=[2, 9],
            broker=[0, 0, 0, 0, 1],
            tie_rank=[*ranks, 4],
            rules={"basket": [NONE, NONE, NONE, NONE, 0]},
        )
        served = np.flatnonzero(solve_network(network).choice[:4] >= 0)
        assert sorted(ranks[i] for i in served) == [0, 1]
