"""The input tables: their schema, and the one validator that files and DataFrames pass alike."""

from solver.tables.brokers import unknown_brokers
from solver.tables.display import shown
from solver.tables.objects import objects_to_frame
from solver.tables.schema import (
    BALANCES,
    LISTINGS,
    ORDERS,
    POSITIONS,
    QUOTES,
    RATES,
    ROUTING_RULES,
    TABLES,
    Column,
    Form,
    Table,
)
from solver.tables.validation import Canonical, canonical

__all__ = [
    "BALANCES",
    "LISTINGS",
    "ORDERS",
    "POSITIONS",
    "QUOTES",
    "RATES",
    "ROUTING_RULES",
    "TABLES",
    "Canonical",
    "Column",
    "Form",
    "Table",
    "canonical",
    "objects_to_frame",
    "shown",
    "unknown_brokers",
]
