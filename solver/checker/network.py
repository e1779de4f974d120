"""Whether the answer to a network is feasible and adds up, in Python integers."""

from __future__ import annotations

from solver.network import Network, RowKind
from solver.rules import NONE
from solver.solution import Solution, Status


def network_violations(network: Network, solution: Solution) -> list[str]:
    """Return what is wrong with the answer to a network, one clause an equation."""
    if len(solution.choice) != network.n_orders:
        return [f"choice has {len(solution.choice)} entries for {network.n_orders} orders"]
    found = _plain_violations(network, solution) if network.rules is None else _ruled_violations(network, solution)
    return found + proof_violations(solution)


def proof_violations(solution: Solution) -> list[str]:
    """Return where bound, objective and status contradict each other."""
    if solution.bound < solution.objective:
        return [f"bound: {solution.bound} lies below the objective {solution.objective}"]
    if solution.status == Status.OPTIMAL and solution.bound != solution.objective:
        return [f"status: optimal with the bound {solution.bound} above the objective {solution.objective}"]
    return []


def _plain_violations(network: Network, solution: Solution) -> list[str]:
    """Check the plain model: (1), (2), (4), (5)."""
    place = {int(given): arc for arc, given in enumerate(network.position)}
    found, score, used = [], 0, [0] * network.n_rows
    for order, given in enumerate(solution.choice.tolist()):
        if given == -1:
            continue
        arc = place.get(given)
        if arc is None or int(network.order[arc]) != order:
            found.append(f"demand: order {order} is given arc {given}, which is not one of its own")
            continue
        score += int(network.score[arc])
        for row, need in network.entries(arc):
            used[row] += need
    if score != solution.objective:
        found.append(f"objective: the choice scores {score}, not {solution.objective}")
    return found + _overdrawn(network, used)


def _ruled_violations(network: Network, solution: Solution) -> list[str]:
    """Check a network with rules, one clause an equation."""
    rules = network.written_rules
    if solution.lots is None or len(solution.lots) != network.n_arcs:
        return ["lots: a solution of a network with rules must tell the lots of every arc"]
    if solution.supplies is None or len(solution.supplies) != rules.n_supplies:
        return ["supplies: a solution of a network with rules must tell the units of every supply"]
    carried = [int(solution.lots[given]) for given in network.position.tolist()]
    supplied = [int(units) for units in solution.supplies]
    children: dict[int, list[int]] = {}
    for arc, lots in enumerate(carried):
        if lots:
            children.setdefault(int(network.order[arc]), []).append(arc)
    return [
        *_worth(network, solution, carried, supplied, children),
        *_sizes(network, solution, carried, children),
        *_bonds(network, children),
        *_rows(network, carried, supplied),
    ]


def _worth(
    network: Network, solution: Solution, carried: list[int], supplied: list[int], children: dict[int, list[int]]
) -> list[str]:
    """(1) The objective is what the lots score, less what further children and supplies cost."""
    rules = network.written_rules
    value = sum(int(network.score[arc]) * lots for arc, lots in enumerate(carried))
    value += sum(int(rules.score_fixed[arc]) for arc, lots in enumerate(carried) if lots)
    value -= sum(int(rules.split_cost[i]) * (len(arcs) - 1) for i, arcs in children.items())
    value -= sum(int(rules.supply_cost[v]) * units for v, units in enumerate(supplied))
    value -= sum(int(rules.supply_once_cost[v]) for v, units in enumerate(supplied) if units)
    right = value == solution.objective
    return [] if right else [f"objective: the decision is worth {value}, not {solution.objective}"]


def _sizes(network: Network, solution: Solution, carried: list[int], children: dict[int, list[int]]) -> list[str]:
    """(2), (3), (6) Every order gets none or enough and never more than it asks, in sizes that its arcs take."""
    rules, found = network.written_rules, []
    for i in range(network.n_orders):
        arcs = children.get(i, [])
        total = sum(carried[arc] for arc in arcs)
        if arcs and not int(rules.least_lots[i]) <= total <= int(rules.lots[i]):
            found.append(f"demand: order {i} gets {total} lots of {rules.lots[i]}, fewest {rules.least_lots[i]}")
        if rules.must_serve[i] and not arcs:
            found.append(f"demand: order {i} has to be served and is not")
        if len(arcs) > int(rules.max_children[i]):
            found.append(f"splits: order {i} has {len(arcs)} children of {rules.max_children[i]}")
        if int(solution.choice[i]) not in ([int(network.position[arc]) for arc in arcs] or [-1]):
            found.append(f"demand: the choice of order {i} is not one of its children")
    for arc, lots in enumerate(carried):
        if lots and not int(rules.min_lots[arc]) <= lots <= int(rules.max_lots[arc]):
            found.append(f"lots: arc {arc} carries {lots}, from {rules.min_lots[arc]} to {rules.max_lots[arc]}")
    found += [f"lots: arc {arc} carries {lots}" for arc, lots in enumerate(carried) if lots < 0]
    return found


def _bonds(network: Network, children: dict[int, list[int]]) -> list[str]:
    """(8) Baskets are served whole or not at all, groups at one broker."""
    rules, found = network.written_rules, []
    for basket in sorted(set(rules.basket.tolist()) - {NONE}):
        members = [i for i in range(network.n_orders) if rules.basket[i] == basket]
        served = [i for i in members if i in children]
        if served and len(served) < len(members):
            found.append(f"basket: {len(served)} of the {len(members)} orders of basket {basket} are served")
    for group in sorted(set(rules.same_broker.tolist()) - {NONE}):
        arcs = [arc for i, own in children.items() if rules.same_broker[i] == group for arc in own]
        if len({int(network.broker[arc]) for arc in arcs}) > 1:
            found.append(f"basket: group {group} is served at several brokers")
    return found


def _rows(network: Network, carried: list[int], supplied: list[int]) -> list[str]:
    """(4), (5), (7), (9), (10) No row is overdrawn, and no supply beyond its limit."""
    rules, used = network.written_rules, [0] * network.n_rows
    for arc, lots in enumerate(carried):
        if lots:
            for entry in range(int(network.entry_start[arc]), int(network.entry_start[arc + 1])):
                drawn = int(network.entry_need[entry]) * lots + int(rules.entry_fixed[entry])
                used[int(network.entry_row[entry])] += drawn
    found = []
    for supply, units in enumerate(supplied):
        if not 0 <= units <= int(rules.supply_limit[supply]):
            found.append(f"supply: {units} units of supply {supply}, at most {rules.supply_limit[supply]}")
        for entry in range(int(rules.supply_start[supply]), int(rules.supply_start[supply + 1])):
            once = int(rules.supply_once[entry]) if units else 0
            used[int(rules.supply_row[entry])] += int(rules.supply_need[entry]) * units + once
    return found + _overdrawn(network, used)


def _overdrawn(network: Network, used: list[int]) -> list[str]:
    return [
        f"{RowKind(int(network.row_kind[row])).name.lower()}: row {row} holds {capacity} and {draws} are drawn"
        for row, (draws, capacity) in enumerate(zip(used, network.capacity.tolist(), strict=True))
        if draws > capacity
    ]
