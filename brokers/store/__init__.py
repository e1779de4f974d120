"""The database: the catalogue, the ledger of capital, the holdings and the journal of what was sent."""

from brokers.store.catalogue import Catalogue
from brokers.store.database import Database
from brokers.store.holdings import Holdings
from brokers.store.journal import Journal
from brokers.store.ledger import Hold, Ledger

__all__ = ["Catalogue", "Database", "Hold", "Holdings", "Journal", "Ledger"]
