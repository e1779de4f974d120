"""Why an order does not go to a broker: a closed list of codes, each with its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class ReasonCode(StrEnum):
    """The closed list. A new rule adds its code here, its sentence below and its clause to the checker."""

    UNKNOWN_INSTRUMENT = "UNKNOWN_INSTRUMENT"
    NOT_LISTED = "NOT_LISTED"
    NOT_PERMITTED = "NOT_PERMITTED"
    NOT_PREFERRED = "NOT_PREFERRED"
    FORBIDDEN_BY_USER = "FORBIDDEN_BY_USER"
    BROKER_DOWN = "BROKER_DOWN"
    ORDER_TYPE_UNSUPPORTED = "ORDER_TYPE_UNSUPPORTED"
    NO_QUOTE = "NO_QUOTE"
    BELOW_MIN_QUANTITY = "BELOW_MIN_QUANTITY"
    BELOW_MIN_NOTIONAL = "BELOW_MIN_NOTIONAL"
    ABOVE_MAX_SIZE = "ABOVE_MAX_SIZE"
    LOT_REMAINDER = "LOT_REMAINDER"
    NOT_WORTHWHILE = "NOT_WORTHWHILE"
    SPLIT_LIMIT = "SPLIT_LIMIT"
    BASKET_INCOMPLETE = "BASKET_INCOMPLETE"
    OPPOSITE_SIDE = "OPPOSITE_SIDE"
    PACING_LIMIT = "PACING_LIMIT"
    CAP_REACHED = "CAP_REACHED"
    INSUFFICIENT_POSITION = "INSUFFICIENT_POSITION"
    CAPITAL_INSUFFICIENT = "CAPITAL_INSUFFICIENT"
    CAPITAL_CONTENTION = "CAPITAL_CONTENTION"
    SERVED_ELSEWHERE = "SERVED_ELSEWHERE"
    UNPROVEN = "UNPROVEN"
    REJECTED = "REJECTED"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"


MEANING: dict[ReasonCode, str] = {
    ReasonCode.UNKNOWN_INSTRUMENT: "no broker's catalogue knows the symbol",
    ReasonCode.NOT_LISTED: "the broker does not trade the instrument (in an accepted currency)",
    ReasonCode.NOT_PERMITTED: "the broker lists the instrument but does not let it be traded now",
    ReasonCode.NOT_PREFERRED: "the routing rules leave the broker out",
    ReasonCode.FORBIDDEN_BY_USER: "the order itself forbids the broker or names another",
    ReasonCode.BROKER_DOWN: "the broker cannot be reached",
    ReasonCode.ORDER_TYPE_UNSUPPORTED: "the broker does not take this order type or time in force",
    ReasonCode.NO_QUOTE: "no price, or no rate into the base currency, so no requirement can be computed",
    ReasonCode.BELOW_MIN_QUANTITY: "less than the broker's least quantity, or less than one lot",
    ReasonCode.BELOW_MIN_NOTIONAL: "less than the broker's least value",
    ReasonCode.ABOVE_MAX_SIZE: "more than the broker takes in one order",
    ReasonCode.LOT_REMAINDER: "what is left below one lot",
    ReasonCode.NOT_WORTHWHILE: "costs more than the preference is worth",
    ReasonCode.SPLIT_LIMIT: "the broker takes a part of the order only, and it may not have that many parts",
    ReasonCode.BASKET_INCOMPLETE: "fits, but the rest of its basket or group does not",
    ReasonCode.OPPOSITE_SIDE: "gets the other side of the same instrument",
    ReasonCode.PACING_LIMIT: "the broker takes no more orders in this batch",
    ReasonCode.CAP_REACHED: "a cap on value is reached",
    ReasonCode.INSUFFICIENT_POSITION: "the account does not hold enough to sell",
    ReasonCode.CAPITAL_INSUFFICIENT: "does not fit into the pool even alone",
    ReasonCode.CAPITAL_CONTENTION: "fits alone, but the pool is worth more to the orders named",
    ReasonCode.SERVED_ELSEWHERE: "could be served here, but is served where it counts more",
    ReasonCode.UNPROVEN: "could be served; the search was cut short before deciding it",
    ReasonCode.REJECTED: "the broker refused the child order",
    ReasonCode.OUTCOME_UNKNOWN: "the child order was sent and no answer proves what became of it",
}
"""One sentence a code, for people; the documentation's table is made from it."""


DEPTH: dict[str, int] = {str(code): at for at, code in enumerate(ReasonCode)}
"""How near to a route a reason is: its place in the closed list."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one order does not go to one broker.

    Attributes
    ----------
    broker : str
        The broker; empty when every broker is meant.
    code : ReasonCode
    needed, available : Decimal or None
        The numbers behind the code, in `unit`.
    unit : str
        A currency, or the symbol of an instrument.
    lost_to : tuple of str
        For contention: ids of orders that hold what this one would need.
    detail : str
        What else a person should know.
    """

    broker: str
    code: ReasonCode
    needed: Decimal | None = None
    available: Decimal | None = None
    unit: str = ""
    lost_to: tuple[str, ...] = ()
    detail: str = ""
