"""What the board keeps: asks and their outcomes, what has been spent, and asks that wait for a network. SQLite."""

from typing import Final

FILE: Final = "journal.sqlite"
"""Its name in the state folder."""


class HistoryError(Exception):
    """The journal cannot be read, or not be written. The text is one line: what happened, what to do."""


class NothingKeptError(HistoryError):
    """There is no journal."""
