"""What it would take: counterfactuals of a decision, each an exact re-solve of a changed network.

``least_deposit`` (what would route an order), ``displaced`` (who would give way to it), ``value_of_capital`` (what more
money is worth, pool by pool), ``least_transfers`` (what moving money between brokers would clear), ``value_of_access``
(what a listing, a broker or a relaxed rule would add). Nothing here decides or sends anything.
"""

from solver.advice.access import BrokerUp, Change, FallbackAdded, ListingAdded, possible_changes, value_of_access
from solver.advice.capital import CapitalValue, value_of_capital
from solver.advice.deposit import Deposit, least_deposit
from solver.advice.displacement import Displacement, displaced
from solver.advice.transfers import Transfers, least_transfers

__all__ = [
    "BrokerUp",
    "CapitalValue",
    "Change",
    "Deposit",
    "Displacement",
    "FallbackAdded",
    "ListingAdded",
    "Transfers",
    "displaced",
    "least_deposit",
    "least_transfers",
    "possible_changes",
    "value_of_access",
    "value_of_capital",
]
