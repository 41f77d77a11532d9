"""The wall clock as it is now, and how it is known that it is right.

A board without a battery behind its clock starts at some date of the past. Until something has set it, a date is a
guess: nothing that hangs on one (a time of the day, a day's budget) is taken from it.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from glassd.wall import BUILT, Wall

if TYPE_CHECKING:
    from collections.abc import Callable

SYNCHRONIZED: Final = Path("/run/systemd/timesync/synchronized")
"""Where systemd-timesyncd notes that it has set the clock (systemd-timesyncd.service(8), "Files")."""
CLOCKS: Final = Path("/sys/class/rtc")
"""The hardware clocks; `hctosys` is 1 in that from which the kernel took the date as it started."""

_TIME_ERROR: Final = 5  # the state of a clock that is kept by nobody (adjtimex(2), "RETURN VALUE")
_TIMEX_BYTES: Final = 512  # more than struct timex has on any machine


class WallClock:
    """Reads the wall clock. Once it is known to be right it stays so: what set it does not take it back."""

    def __init__(
        self,
        clock: Callable[[], float],
        wall_clock: Callable[[], float] = time.time,
        *,
        synchronized: Path = SYNCHRONIZED,
        clocks: Path = CLOCKS,
        is_kept: Callable[[], bool] | None = None,
    ) -> None:
        """`clock` is CLOCK_MONOTONIC, `wall_clock` UTC since the Unix epoch, both in seconds.

        `is_kept` tells whether a time service keeps the kernel's clock; by default the kernel is asked.
        """
        self._clock = clock
        self._wall_clock = wall_clock
        self._synchronized = synchronized
        self._clocks = clocks
        self._is_kept = is_kept or kernel_clock_is_kept
        self._known = False

    def read(self) -> Wall:
        """Return a reading; costs a look at a few files of the kernel's, and no more than a clock once it is known."""
        time.tzset()  # where the board's zone was changed meanwhile
        utc = self._wall_clock()
        self._known = self._known or self._is_right(utc)
        return Wall(utc - self._clock(), float(time.localtime(utc).tm_gmtoff), self._known)

    def _is_right(self, utc: float) -> bool:
        if utc < BUILT:
            return False
        return self._synchronized.exists() or self._has_hardware_clock() or self._is_kept()

    def _has_hardware_clock(self) -> bool:
        try:
            return any((clock / "hctosys").read_text("ascii").strip() == "1" for clock in self._clocks.iterdir())
        except OSError:
            return False


def kernel_clock_is_kept() -> bool:
    """Tell whether a time service (NTP, PTP, GPS) keeps the kernel's clock: adjtimex(2), which changes nothing here."""
    import ctypes  # noqa: PLC0415  a start that finds one of the files does without it

    request = (ctypes.c_byte * _TIMEX_BYTES)()  # all zero: its `modes` ask for no change
    state: int = ctypes.CDLL(None).adjtimex(request)
    return 0 <= state < _TIME_ERROR
