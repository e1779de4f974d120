"""The routing programme: which broker gets which order.

A generalized assignment problem with optional assignment: an order takes at most one of its arcs, or is split over a
few of them; every arc draws on limited rows; what is not taken is backlog. Equation (n) below is one function of
this page, one clause of `solver.checker` and, where it can leave an order out, a reason code
(`solver.situation.CODE_OF_ROW`).

Sets
    i   orders                       j   arcs: an order at a broker, in an account and a quote currency
    k   rows: capital pools (4), holdings (5), pacing (7), caps (9), exclusivity (10)
    g   baskets and same-broker groups        b   brokers        v   supplies of capacity

Parameters, all integers
    s_j, o_j   score of one lot of arc j, and of the child itself        [points]
    q_i, f_i   lots of order i, and fewest lots worth serving            [lots]
    c_i, p_i   most children of order i, and points a further one costs  [children, points]
    l_j, m_j   fewest and most lots that arc j carries                   [lots]
    a_jk, h_jk what arc j draws from row k a lot, and once: capital with all fees, rounded up; quantity sold;
               one child; value; negative where a sell brings cash       [units of row k]
    C_k        what row k holds, rounded down                            [units of row k]
    e_v, n_v   points a unit of supply v costs, and its most units;  f_v: points that using it costs once
    d_vk, b_vk what a unit of supply v draws from row k, negative where it brings, and what using it draws once

Variables
    y_j in {0, 1}   a child goes along arc j        x_j integer   its lots
    r_i in {0, 1}   order i is served               z_g in {0, 1}   basket g is served
    w_gb in {0, 1}  group g is served at broker b   t_v integer   units of supply v
    u_v in {0, 1}   supply v is used

Programme
    (1)  max sum_j (s_j x_j + o_j y_j) - sum_i p_i (sum_{j of i} y_j - r_i) - sum_v (e_v t_v + f_v u_v)
                                                                                              objective
    (2)  f_i r_i <= sum_{j of i} x_j <= q_i r_i,   r_i <= sum_{j of i} y_j,   y_j <= r_i      demand
    (3)  l_j y_j <= x_j <= m_j y_j                                                           lots
    (4)  sum_j (a_jk x_j + h_jk y_j) + sum_v (d_vk t_v + b_vk u_v) <= C_k   for every pool    capital
         t_v <= n_v u_v                                                                      supply
    (5)  the same for every holding                                                          custody
    (6)  sum_{j of i} y_j <= c_i                                                             splits
    (7)  the same as (4) for the children of a broker                                        pacing
    (8)  r_i = z_g for i in basket g;  y_j <= w_g,b(j), sum_b w_gb <= 1 for i(j) in group g   basket
    (9)  the same as (4) for values                                                          cap
    (10) the same as (4) for a buy and a sell of one instrument at one broker                exclusivity

An order that takes one arc with all its lots or nothing needs no r and no x: its (2), (3) and (6) are
``sum_{j of i} y_j <= 1``. An order that has to be served has ``r_i = 1`` (``sum_{j of i} y_j = 1``). Without such
orders there is no infeasible batch: y = 0 sends everything to the backlog.

References
----------
    Martello and Toth, Knapsack Problems (1990), ch. 7: the generalized assignment problem.
    Dawande, Kalagnanam, Keskinocak, Ravi, Salman (2000): multiple knapsacks with assignment restrictions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from ortools.math_opt.python import mathopt

from solver.network import Network, RowKind
from solver.rules import NONE, Rules


@dataclass(frozen=True, eq=False)
class Formulation:
    """An OR-Tools model of a network.

    Attributes
    ----------
    network : Network
    rules : Rules
    model : mathopt.Model
    relaxed : bool
        Whether whole variables may take any value between their bounds.
    unit : float array, shape (n_rows,)
        What each row is counted in: a power of two of its own units.
    y : list of Variable, length n_arcs
    x : dict of int to Variable
        Lots of the arcs that may carry more than one amount; elsewhere ``x_j = l_j y_j``.
    r : dict of int to Variable
        Of the orders that are not simply one arc or nothing.
    t : list of Variable, length n_supplies
    u : dict of int to Variable
        Of the supplies whose use costs or draws something once.
    rows : dict of int to LinearConstraint
        The constraint of each row that something draws on; an empty one would be refused.
    """

    network: Network
    rules: Rules
    model: mathopt.Model
    relaxed: bool
    unit: npt.NDArray[np.float64]
    y: list[mathopt.Variable] = field(default_factory=list)
    x: dict[int, mathopt.Variable] = field(default_factory=dict)
    r: dict[int, mathopt.Variable] = field(default_factory=dict)
    t: list[mathopt.Variable] = field(default_factory=list)
    u: dict[int, mathopt.Variable] = field(default_factory=dict)
    rows: dict[int, mathopt.LinearConstraint] = field(default_factory=dict)

    def variable(self, upper: int = 1) -> mathopt.Variable:
        """Return a new variable between 0 and `upper`, whole unless the programme is relaxed."""
        return self.model.add_variable(lb=0.0, ub=float(upper), is_integer=not self.relaxed)

    def arcs(self, i: int) -> range:
        """Return the arcs of an order."""
        start = self.network.order_start
        return range(int(start[i]), int(start[i + 1]))

    def lots(self, j: int) -> mathopt.LinearTypes:
        """Return ``x_j``."""
        return self.x[j] if j in self.x else int(self.rules.min_lots[j]) * self.y[j]


def formulate(network: Network, *, relaxed: bool = False, scaled: bool = False) -> Formulation:
    """Return the programme of `network`.

    Parameters
    ----------
    network : Network
    relaxed : bool
        Let whole variables take any value between their bounds.
    scaled : bool
        Count each row in a power of two of its units, so that capacities come near one: the same programme, exactly,
        in numbers that floating-point solvers handle well.
    """
    unit = row_units(network) if scaled else np.ones(network.n_rows)
    f = Formulation(network, network.written_rules, mathopt.Model(name="routing"), relaxed, unit)
    variables(f)
    for equation in (objective, demand, lots, splits, basket, same_broker, supplies):
        equation(f)
    for kind in (capital, custody, pacing, cap, exclusivity):
        kind(f)
    return f


def row_units(network: Network) -> npt.NDArray[np.float64]:
    """Return the power of two that each row is counted in when scaled: the largest not above its capacity."""
    _, exponent = np.frexp(np.maximum(network.capacity, 1).astype(float))
    return np.asarray(np.ldexp(1.0, exponent - 1))


def variables(f: Formulation) -> None:
    """Add ``y`` of every arc, ``x`` and ``r`` where they are needed, ``t``, and ``u`` where it is needed."""
    rules = f.rules
    f.y.extend(f.variable() for _ in range(f.network.n_arcs))
    for j in np.flatnonzero(rules.max_lots > rules.min_lots).tolist():
        f.x[j] = f.variable(int(rules.max_lots[j]))
    for i in range(f.network.n_orders):
        if not is_simple(f, i) and len(f.arcs(i)):
            f.r[i] = f.variable()
    f.t.extend(f.variable(limit) for limit in rules.supply_limit.tolist())
    for v in range(rules.n_supplies):
        if rules.supply_once_cost[v] or any(once for _, _, once in rules.supply_entries(v)):
            f.u[v] = f.variable()


def is_simple(f: Formulation, i: int) -> bool:
    """Return whether order `i` takes one arc with all its lots or nothing, bound to no other order."""
    exact = all(f.rules.min_lots[j] == f.rules.lots[i] == f.rules.max_lots[j] for j in f.arcs(i))
    return f.rules.is_whole(i) and f.rules.basket[i] == NONE and exact


def objective(f: Formulation) -> None:
    """(1) max sum_j (s_j x_j + o_j y_j) - sum_i p_i (sum_{j of i} y_j - r_i) - sum_v (e_v t_v + f_v u_v)."""
    goal = f.model.objective
    goal.is_maximize = True
    for j, (s, o) in enumerate(zip(f.network.score.tolist(), f.rules.score_fixed.tolist(), strict=True)):
        if j in f.x:
            goal.set_linear_coefficient(f.x[j], s)
        goal.set_linear_coefficient(f.y[j], o if j in f.x else s * int(f.rules.min_lots[j]) + o)
    for i, served in f.r.items():
        price = int(f.rules.split_cost[i])
        goal.set_linear_coefficient(served, price)
        for j in f.arcs(i):
            goal.set_linear_coefficient(f.y[j], goal.get_linear_coefficient(f.y[j]) - price)
    for v, unit_cost in enumerate(f.rules.supply_cost.tolist()):
        goal.set_linear_coefficient(f.t[v], -unit_cost)
    for v, used in f.u.items():
        goal.set_linear_coefficient(used, -int(f.rules.supply_once_cost[v]))


def demand(f: Formulation) -> None:
    """(2) f_i r_i <= sum x_j <= q_i r_i, r_i <= sum y_j, y_j <= r_i; sum y_j <= 1 for a simple order."""
    for i in range(f.network.n_orders):
        arcs = f.arcs(i)
        if not len(arcs):
            continue
        if i not in f.r:
            least = float(f.rules.must_serve[i])
            chosen = f.model.add_linear_constraint(lb=least, ub=1.0, name=f"demand[{i}]")
            for j in arcs:
                chosen.set_coefficient(f.y[j], 1.0)
            continue
        total = mathopt.fast_sum(f.lots(j) for j in arcs)
        f.model.add_linear_constraint(total <= int(f.rules.lots[i]) * f.r[i], name=f"demand[{i}] most")
        f.model.add_linear_constraint(total >= int(f.rules.least_lots[i]) * f.r[i], name=f"demand[{i}] least")
        f.r[i].lower_bound = float(f.rules.must_serve[i])
        children = mathopt.fast_sum(f.y[j] for j in arcs)
        f.model.add_linear_constraint(children >= f.r[i], name=f"demand[{i}] served")
        for j in arcs:
            f.model.add_linear_constraint(f.y[j] <= f.r[i], name=f"demand[{i}] arc {j}")


def lots(f: Formulation) -> None:
    """(3) l_j y_j <= x_j <= m_j y_j."""
    for j, amount in f.x.items():
        f.model.add_linear_constraint(amount >= int(f.rules.min_lots[j]) * f.y[j], name=f"lots[{j}] fewest")
        f.model.add_linear_constraint(amount <= int(f.rules.max_lots[j]) * f.y[j], name=f"lots[{j}] most")


def splits(f: Formulation) -> None:
    """(6) sum_{j of i} y_j <= c_i."""
    for i in f.r:
        children = mathopt.fast_sum(f.y[j] for j in f.arcs(i))
        f.model.add_linear_constraint(children <= int(f.rules.max_children[i]), name=f"splits[{i}]")


def basket(f: Formulation) -> None:
    """(8) r_i = z_g for every order i of basket g; a basket with an order that has no arc is not served."""
    for g in sorted(set(f.rules.basket.tolist()) - {NONE}):
        members = np.flatnonzero(f.rules.basket == g).tolist()
        served = f.variable(1 if all(i in f.r for i in members) else 0)
        for i in members:
            if i in f.r:
                f.model.add_linear_constraint(f.r[i] == served, name=f"basket[{g}] order {i}")


def same_broker(f: Formulation) -> None:
    """(8) y_j <= w_g,b(j), sum_b w_gb <= 1 for every arc j of an order of group g."""
    for g in sorted(set(f.rules.same_broker.tolist()) - {NONE}):
        at: dict[int, mathopt.Variable] = {}
        for i in np.flatnonzero(f.rules.same_broker == g).tolist():
            for j in f.arcs(i):
                broker = int(f.network.broker[j])
                if broker not in at:
                    at[broker] = f.variable()
                f.model.add_linear_constraint(f.y[j] <= at[broker], name=f"same_broker[{g}] arc {j}")
        if at:
            f.model.add_linear_constraint(mathopt.fast_sum(at.values()) <= 1.0, name=f"same_broker[{g}]")


def supplies(f: Formulation) -> None:
    """(4) t_v <= n_v u_v."""
    for v, used in f.u.items():
        f.model.add_linear_constraint(f.t[v] <= int(f.rules.supply_limit[v]) * used, name=f"supply[{v}]")


def capital(f: Formulation) -> None:
    """(4) sum_j (a_jk x_j + h_jk y_j) + sum_v (d_vk t_v + b_vk u_v) <= C_k for every pool k."""
    limit_rows(f, RowKind.CAPITAL)


def custody(f: Formulation) -> None:
    """(5) sum_j a_jk x_j <= C_k for every holding k."""
    limit_rows(f, RowKind.CUSTODY)


def pacing(f: Formulation) -> None:
    """(7) sum_j y_j <= C_k for the children of a broker."""
    limit_rows(f, RowKind.PACING)


def cap(f: Formulation) -> None:
    """(9) sum_j (a_jk x_j + h_jk y_j) <= C_k for every cap k."""
    limit_rows(f, RowKind.CAP)


def exclusivity(f: Formulation) -> None:
    """(10) y_j + y_j' <= 1 for a buy j and a sell j' of one instrument at one broker."""
    limit_rows(f, RowKind.EXCLUSIVITY)


def limit_rows(f: Formulation, kind: RowKind) -> None:
    """Add one constraint for every row of `kind` that something draws on."""
    for row, variable, coefficient in terms(f):
        if f.network.row_kind[row] != kind:
            continue
        if row not in f.rows:
            limit = f.network.capacity[row] / f.unit[row]
            f.rows[row] = f.model.add_linear_constraint(ub=limit, name=f"{kind.name.lower()}[{row}]")
        before = f.rows[row].get_coefficient(variable)
        f.rows[row].set_coefficient(variable, before + coefficient / f.unit[row])


def terms(f: Formulation) -> Iterator[tuple[int, mathopt.Variable, int]]:
    """Yield (row, variable, coefficient) of everything that draws on a row."""
    columns = (f.network.entry_arc, f.network.entry_row, f.network.entry_need, f.rules.entry_fixed)
    for j, row, a, h in zip(*(column.tolist() for column in columns), strict=True):
        if j in f.x:
            yield row, f.x[j], a
            if h:
                yield row, f.y[j], h
        else:
            yield row, f.y[j], a * int(f.rules.min_lots[j]) + h
    for v, unit in enumerate(f.t):
        for row, d, b in f.rules.supply_entries(v):
            yield row, unit, d
            if b:
                yield row, f.u[v], b
