"""Lines by the page: a page that is full never changes, and the wearer decides which one is in view."""

from __future__ import annotations


class Pages:
    """Which page of `rows` lines is in view: the newest as the text grows, or the one that the wearer went to.

    Pages are counted from 0 here; `count` is how many lines there are now.
    """

    def __init__(self, rows: int) -> None:
        if rows < 1:
            raise ValueError(f"a display of {rows} rows cannot show a line: give it 1")
        self.rows = rows
        self._at: int | None = None

    def total(self, count: int) -> int:
        """Return how many pages there are: at least one."""
        return max(1, -(-count // self.rows))

    def in_view(self, count: int) -> int:
        """Return the page to show."""
        last = self.total(count) - 1
        return last if self._at is None else min(self._at, last)

    def go(self, page: int) -> None:
        """Stay at a page."""
        self._at = page

    def follow(self) -> None:
        """Show the newest page, however many there are."""
        self._at = None

    def next(self, count: int) -> None:
        """Go one page on; from the last but one, follow the newest again."""
        page = self.in_view(count) + 1
        self._at = page if page < self.total(count) - 1 else None

    def previous(self, count: int) -> None:
        """Go one page back, and stay there."""
        self._at = max(0, self.in_view(count) - 1)
