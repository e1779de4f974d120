"""The nouns of the field as frozen values: one noun, one name, everywhere."""

from solver.domain.amounts import MICRO, PICO
from solver.domain.balance import Balance, Position
from solver.domain.broker import Broker, OrderRules
from solver.domain.fees import ConversionTerms, FeeSchedule, TransactionTax
from solver.domain.instrument import AssetType, Instrument, instrument_key
from solver.domain.listing import Listing
from solver.domain.order import Order, OrderType, Side, TimeInForce
from solver.domain.quote import ExchangeRate, Quote
from solver.domain.reason import MEANING, Reason, ReasonCode

__all__ = [
    "MEANING",
    "MICRO",
    "PICO",
    "AssetType",
    "Balance",
    "Broker",
    "ConversionTerms",
    "ExchangeRate",
    "FeeSchedule",
    "Instrument",
    "Listing",
    "Order",
    "OrderRules",
    "OrderType",
    "Position",
    "Quote",
    "Reason",
    "ReasonCode",
    "Side",
    "TimeInForce",
    "TransactionTax",
    "instrument_key",
]
