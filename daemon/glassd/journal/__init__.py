"""What the board keeps: asks and their outcomes, what has been spent, and asks that wait for a network. SQLite."""

from typing import Final

FILE: Final = "journal.sqlite"
"""Its name in the state folder."""
