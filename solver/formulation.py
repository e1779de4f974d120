"""The routing programme: which broker gets which order.

A generalized assignment problem with optional assignment: every order takes at most one of its arcs, every arc draws
on limited rows, and what is not taken is backlog. Equation (n) below is one function of this page, one clause of
`solver.checker` and, where it can leave an order out, a reason code. The numbers are those of the whole desk model;
those that are missing here (lots, splits, pacing, baskets, caps, exclusivity, stability) come with their rules.

Sets
    i   orders                       j   arcs: an order at a broker, in an account and a quote currency
    k   capital pools                h   holdings (broker, account, instrument)

Parameters, all integers
    s_j   score of arc j                                      [points]
    a_jk  capital that arc j draws from pool k, rounded up    [units of row k]
    C_k   capital of pool k, rounded down                     [units of row k]
    d_jh  quantity that arc j sells from holding h            [units of row h]
    H_h   what holding h can sell                             [units of row h]

Variables
    y_j in {0, 1}   a child of order i(j) goes along arc j

Programme
    (1)  max sum_j s_j y_j                                          objective
    (2)  sum_{j of i} y_j <= 1          for every order i           demand
    (4)  sum_j a_jk y_j   <= C_k        for every pool k            capital
    (5)  sum_j d_jh y_j   <= H_h        for every holding h         custody

There is no infeasible batch: y = 0 sends everything to the backlog.

References
----------
    Martello and Toth, Knapsack Problems (1990), ch. 7: the generalized assignment problem.
    Dawande, Kalagnanam, Keskinocak, Ravi, Salman (2000): multiple knapsacks with assignment restrictions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from ortools.math_opt.python import mathopt

from solver.domain.reason import ReasonCode
from solver.network import Network, RowKind

REASON_OF_CONSTRAINT: dict[str, tuple[ReasonCode, ...]] = {
    "capital": (ReasonCode.CAPITAL_INSUFFICIENT, ReasonCode.CAPITAL_CONTENTION),
    "custody": (ReasonCode.INSUFFICIENT_POSITION,),
}
"""The reason codes that "this equation left the order out" is told with, by the word in the margin."""


@dataclass(frozen=True, eq=False)
class Formulation:
    """An OR-Tools model of a network.

    Attributes
    ----------
    model : mathopt.Model
    y : list of mathopt.Variable, length n_arcs
        One variable an arc, in the network's order.
    rows : list of mathopt.LinearConstraint or None, length n_rows
        The constraint of each row; None where no arc draws on it, since an empty row would be refused.
    """

    model: mathopt.Model
    y: list[mathopt.Variable]
    rows: list[mathopt.LinearConstraint | None]


def formulate(network: Network, *, relaxed: bool = False, scaled: bool = False) -> Formulation:
    """Return the programme of `network`.

    Parameters
    ----------
    network : Network
    relaxed : bool
        Let ``y`` take any value between 0 and 1.
    scaled : bool
        Count each row in a power of two of its units, so that capacities come near one: the same programme, exactly,
        in numbers that floating-point solvers handle well.
    """
    unit = row_units(network) if scaled else np.ones(network.n_rows)
    model = mathopt.Model(name="routing")
    y = [model.add_variable(lb=0.0, ub=1.0, is_integer=not relaxed) for _ in range(network.n_arcs)]
    objective(model, network, y)
    demand(model, network, y)
    rows: list[mathopt.LinearConstraint | None] = [None] * network.n_rows
    capital(model, network, y, rows, unit)
    custody(model, network, y, rows, unit)
    return Formulation(model, y, rows)


def row_units(network: Network) -> npt.NDArray[np.float64]:
    """Return the power of two that each row is counted in when scaled: the largest not above its capacity."""
    _, exponent = np.frexp(np.maximum(network.capacity, 1).astype(float))
    return np.asarray(np.ldexp(1.0, exponent - 1))


def objective(model: mathopt.Model, network: Network, y: list[mathopt.Variable]) -> None:
    """(1) max sum_j s_j y_j."""
    for arc, score in enumerate(network.score.tolist()):
        model.objective.set_linear_coefficient(y[arc], score)
    model.objective.is_maximize = True


def demand(model: mathopt.Model, network: Network, y: list[mathopt.Variable]) -> None:
    """(2) sum_{j of i} y_j <= 1 for every order i."""
    start = network.order_start.tolist()
    for i in range(network.n_orders):
        if start[i] < start[i + 1]:
            constraint = model.add_linear_constraint(ub=1.0, name=f"demand[{i}]")
            for arc in range(start[i], start[i + 1]):
                constraint.set_coefficient(y[arc], 1.0)


def capital(
    model: mathopt.Model,
    network: Network,
    y: list[mathopt.Variable],
    rows: list[mathopt.LinearConstraint | None],
    unit: npt.NDArray[np.float64],
) -> None:
    """(4) sum_j a_jk y_j <= C_k for every pool k."""
    _limit_rows(model, network, y, rows, unit, RowKind.CAPITAL)


def custody(
    model: mathopt.Model,
    network: Network,
    y: list[mathopt.Variable],
    rows: list[mathopt.LinearConstraint | None],
    unit: npt.NDArray[np.float64],
) -> None:
    """(5) sum_j d_jh y_j <= H_h for every holding h."""
    _limit_rows(model, network, y, rows, unit, RowKind.CUSTODY)


def _limit_rows(
    model: mathopt.Model,
    network: Network,
    y: list[mathopt.Variable],
    rows: list[mathopt.LinearConstraint | None],
    unit: npt.NDArray[np.float64],
    kind: RowKind,
) -> None:
    """Add one constraint for every row of `kind` that some arc draws on."""
    terms = zip(network.entry_arc.tolist(), network.entry_row.tolist(), network.entry_need.tolist(), strict=True)
    for arc, row, need in terms:
        if network.row_kind[row] != kind:
            continue
        constraint = rows[row]
        if constraint is None:
            constraint = model.add_linear_constraint(
                ub=network.capacity[row] / unit[row], name=f"{kind.name.lower()}[{row}]"
            )
            rows[row] = constraint
        constraint.set_coefficient(y[arc], need / unit[row])
