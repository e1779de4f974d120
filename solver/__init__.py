"""Which broker gets which order, as mathematics: a frozen `Problem` goes in, a frozen `Solution` comes out.

No network, no file, no database, no broker library, and no clock but a stopwatch. OR-Tools is imported by the first
call that needs it.
"""

from solver.checker import verify
from solver.desk import route_orders
from solver.document import decide_document, network_from_document
from solver.domain.broker import Broker, OrderRules
from solver.domain.fees import FeeSchedule
from solver.domain.instrument import AssetType
from solver.domain.reason import Reason, ReasonCode
from solver.eligibility import compile_problem
from solver.errors import DocumentError, ProblemError, RoutingError, SolverError, Violation
from solver.limits import Limits
from solver.methods import METHODS, solve, solve_network
from solver.network import Network
from solver.policy import Policy, RoutingRule
from solver.problem import Problem
from solver.solution import Solution, Status

__all__ = [
    "METHODS",
    "AssetType",
    "Broker",
    "DocumentError",
    "FeeSchedule",
    "Limits",
    "Network",
    "OrderRules",
    "Policy",
    "Problem",
    "ProblemError",
    "Reason",
    "ReasonCode",
    "RoutingError",
    "RoutingRule",
    "Solution",
    "SolverError",
    "Status",
    "Violation",
    "compile_problem",
    "decide_document",
    "network_from_document",
    "route_orders",
    "solve",
    "solve_network",
    "verify",
]
