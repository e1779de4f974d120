"""Whether orders are real."""

from enum import StrEnum


class Mode(StrEnum):
    """Stands on every screen and in every document."""

    SIMULATED = "SIMULATED"
    """Brokers, prices and money are played by the program itself."""
    PAPER = "PAPER"
    """The brokers' own paper accounts."""
    LIVE = "LIVE"
    """Real money; asked for twice."""
