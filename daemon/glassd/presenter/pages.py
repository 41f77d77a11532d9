"""Lines by the page: a page that is full never changes, and the wearer decides which one is in view."""

from __future__ import annotations


class Pages:
    """Which page of `rows` lines is in view: the newest as the text grows, or the one that the wearer went to.

    `paced`: in place of the newest the one that reading has come to, from the first on; `turn` goes on to the next.
    Pages are counted from 0 here; `count` is how many lines there are now.
    """

    def __init__(self, rows: int, *, paced: bool = False) -> None:
        if rows < 1:
            raise ValueError(f"a display of {rows} rows cannot show a line: give it 1")
        self.rows = rows
        self._paced = paced
        self._reached = 0
        self._at: int | None = None

    def total(self, count: int) -> int:
        """Return how many pages there are: at least one."""
        return max(1, -(-count // self.rows))

    def in_view(self, count: int) -> int:
        """Return the page to show."""
        last = self.total(count) - 1
        if self._at is not None:
            return min(self._at, last)
        return min(self._reached, last) if self._paced else last

    def more(self, count: int) -> bool:
        """Tell whether there is a page that `turn` goes on to."""
        return self._paced and self._at is None and self._reached < self.total(count) - 1

    def turn(self, count: int) -> None:
        """The page in view is read: go on to the next, if there is one."""
        if self.more(count):
            self._reached += 1

    def go(self, page: int) -> None:
        """Stay at a page."""
        self._at = page

    def stay(self, count: int) -> None:
        """Keep what is in view there, whatever comes after it; reading goes on from it as before."""
        if not self._paced:
            self.go(self.in_view(count))

    def follow(self) -> None:
        """Show the newest page, however many there are, or the one that reading has come to."""
        self._at = None

    def next(self, count: int) -> None:
        """Go one page on; from the last but one, follow the newest again."""
        last = self.total(count) - 1
        self._reached = page = min(self.in_view(count) + 1, last)
        self._at = page if page < last else None

    def previous(self, count: int) -> None:
        """Go one page back, and stay there."""
        self._at = max(0, self.in_view(count) - 1)
