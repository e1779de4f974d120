"""An independent checker of answers: whether they are feasible, and whether their figures are right.

It imports nothing that decides. What it shares with the decision are definitions: the fees and requirements of
`solver.cost` and the policy's ranking and weights, whose own tests have to be trusted. For a network it adds up in
Python integers; for a problem it reads the tables as a stranger would and computes their figures again from the
orders, the listings, the quotes and the fees. One clause an equation of `solver.formulation`; a violation is a bug of
ours and stops the plan.
"""

from __future__ import annotations

from solver.checker.network import network_violations
from solver.checker.problem import problem_violations
from solver.network import Network
from solver.problem import Problem
from solver.solution import Solution

__all__ = ["verify"]


def verify(subject: Network | Problem, solution: Solution) -> tuple[str, ...]:
    """Return every rule that `solution` breaks; an empty tuple means that no clause found anything.

    Of a network everything is checked but the bound, which is its method's to prove: it must not lie below the
    objective, and must meet it where the answer calls itself optimal.

    Of a problem every cell of the routes, the backlog and the capital table is computed again from the tables, or
    compared with the order, the listing and the policy, except that

    * which instrument an order means is taken from the problem, and only compared with the order's symbol and MIC;
    * an expected cost has to be the fees and the difference to the price of one of the instrument's listings: which
      of them could take the order is not decided again;
    * a rank has to be one more than the better brokers that the reasons call eligible;
    * the price of a pool has to be the solution's, which is a float and nobody's proof;
    * a reason has to be in the closed list and the one that the table of reasons gives for that broker, and its
      numbers have to be right where they are capital or a holding; other codes are not decided again;
    * a sentence has to name its order, side and symbol.

    The table of reasons itself is not checked.

    Parameters
    ----------
    subject : Network or Problem
        What was decided. A problem needs a solution with tables.
    solution : Solution

    Returns
    -------
    tuple of str
    """
    if isinstance(subject, Network):
        return tuple(network_violations(subject, solution))
    return tuple(problem_violations(subject, solution))
