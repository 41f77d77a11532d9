"""From the newest screen to one display, at the display's own pace.

`Slot` decides what is next: a screen is a value, so a newer one takes the place of one not yet shown. A screen that
must be shown is kept until the display has taken it, in order, and what comes later waits behind it. `Compositor`
hands what is next to the driver of the display, through all its lives. The first words after a screen without any are
what the wearer waits for: they do not wait for the pace that signs like "thinking" have just used up. While it flashes,
for a measurement, all else waits beneath.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from glassd_drivers.contracts import Screen, TransientFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from glassd_drivers.contracts import Display, Profile

MUST_SHOW_LIMIT = 8
"""Screens that must be shown and wait for it. Past that the oldest goes: a display that was away for a day is not to
begin its return with a day's errors."""
BLOCK = "█"
"""What a display that flashes is full of: U+2588, the whole of a cell."""
SHOW_LIMIT_S = 10.0
"""Seconds that a display may take for one screen; past that it is given up as lost, so that it is opened anew."""


class Slot:
    """What one display has yet to show: the screens that must be shown, then the newest.

    `take` what is due, then tell whether it was `shown`; or `lost`, in whichever state the display was lost.
    """

    def __init__(self) -> None:
        self.current = Screen()
        """The newest screen of all."""
        self.number = 0
        """How many screens have been put: the newest one's number."""
        self._must_show: deque[tuple[int, Screen]] = deque(maxlen=MUST_SHOW_LIMIT)
        self._latest: Screen | None = self.current  # newer than all that must be shown
        self._taken: tuple[int, Screen] | None = None  # on its way to the display
        self._in_view: Screen | None = None  # what the display shows, or will once it has taken what is on its way
        self._cover: Screen | None = None

    def put(self, screen: Screen) -> None:
        """Take the newest screen."""
        self.current = screen
        self.number += 1
        if not screen.must_show:
            self._latest = screen
            return
        if self._latest is None and self._must_show and self._must_show[-1][1] == screen:
            self._must_show.pop()  # once is enough, as the newest
        self._must_show.append((self.number, screen))
        self._latest = None

    def cover(self, screen: Screen | None) -> None:
        """Have a screen shown over all others, which wait; None uncovers them, and the current one is due again."""
        self._cover = screen
        if screen is None:
            self._current_is_due()

    @property
    def due(self) -> bool:
        """Whether the display has yet to be given a screen. One that it shows already would only cost its time."""
        if self._cover is not None:
            return self._cover != self._in_view
        return bool(self._must_show) or (self._latest is not None and _content(self._latest) != self._in_view)

    @property
    def begins(self) -> bool:
        """Whether what is due has the first words after a screen without any."""
        if self._cover is not None or self._in_view is None or self._in_view.lines:
            return False
        due = self._must_show[0][1] if self._must_show else self._latest
        return due is not None and bool(due.lines)

    def take(self) -> Screen:
        """Return the screen to show now; one must be due."""
        number = self.number
        if self._cover is not None:
            number, screen = 0, self._cover
        elif self._must_show:
            number, screen = self._must_show.popleft()
        else:
            assert self._latest is not None, "one is due"
            screen, self._latest = self._latest, None
        self._taken, self._in_view = (number, screen), _content(screen)
        return screen

    def shown(self) -> int:
        """Take note that the display has taken what was on its way; return its number, 0 for a cover."""
        number = 0 if self._taken is None else self._taken[0]
        self._taken = None
        return number

    def lost(self) -> None:
        """Take note that the display shows nothing: what was on its way and the current screen are due again."""
        if self._taken is not None and self._taken[1].must_show and len(self._must_show) < MUST_SHOW_LIMIT:
            self._must_show.appendleft(self._taken)
        self._taken = self._in_view = None
        self._current_is_due()

    def _current_is_due(self) -> None:
        if not self._must_show or self._must_show[-1][1] != self.current:
            self._latest = self.current


def _content(screen: Screen) -> Screen:
    return replace(screen, must_show=False) if screen.must_show else screen


class Compositor:
    """Serves one display: `put` screens at any rate, and it shows them at `profile.interval`, newest wins.

    First words alone come sooner: so it may be two screens an interval, where texts and clears alternate as fast.
    """

    def __init__(self, profile: Profile, clock: Callable[[], float]) -> None:
        self.profile = profile
        self._clock = clock
        self._slot = Slot()
        self._changed = asyncio.Event()  # something may be due
        self._begins = asyncio.Event()  # first words may be due
        self._settled = asyncio.Event()  # the display is there and shows all
        self._next_at = self._shown_at = clock()
        self._awaited: tuple[int, Callable[[float], None]] | None = None
        self._served = 0

    def put(self, screen: Screen) -> None:
        """Take the newest screen; never waits."""
        self._slot.put(screen)
        self._look_again()

    @property
    def current(self) -> Screen:
        """The newest screen."""
        return self._slot.current

    async def shown(self) -> None:
        """Wait until the display shows the newest screen; for ever, where there is no display."""
        await self._settled.wait()

    def once_shown(self, call: Callable[[float], None] | None) -> bool:
        """Call with the instant at which the display has taken the newest screen or a later one; once.

        The last who is named here counts, None nobody. Return whether there is a display.
        """
        self._awaited = None if call is None else (self._slot.number, call)
        return self._served > 0

    async def flash(self, *, bright: bool) -> float:
        """Show blocks all over, or nothing, until `uncover`; return the instant at which the display had taken it."""
        self._slot.cover(Screen((BLOCK * self.profile.columns,) * self.profile.rows if bright else ()))
        self._look_again()
        await self.shown()
        return self._shown_at

    def uncover(self) -> None:
        """Show the screens that wait, and the current one."""
        self._slot.cover(None)
        self._look_again()

    async def serve(self, display: Display) -> None:
        """Show the current screen whole, then each next one, until the display is lost; raise its DriverError."""
        self._slot.lost()
        self._changed.set()
        self._served += 1
        patience = _Patience()
        watch = asyncio.create_task(display.watch(), name="display-watch")
        feed = asyncio.create_task(self._feed(display, patience), name="display-feed")
        try:
            done, _ = await asyncio.wait((watch, feed, patience.over), return_when=asyncio.FIRST_COMPLETED)
            for ended in done:
                ended.result()
            if patience.over in done:
                raise TransientFault(f"the display took no screen for {SHOW_LIMIT_S:g} s: it is opened anew")
        finally:
            self._served -= 1
            self._settled.clear()
            patience.end()
            watch.cancel()
            feed.cancel()
            await asyncio.gather(watch, feed, return_exceptions=True)

    def _look_again(self) -> None:
        self._changed.set()
        self._settled.clear()
        if self._slot.begins:
            self._begins.set()

    async def _feed(self, display: Display, patience: _Patience) -> None:
        while True:
            await self._changed.wait()
            await self._pace()
            if self._slot.due:  # still, for the newest may be what is in view
                self._next_at = self._clock() + self.profile.interval
                patience.begin()
                await display.show(self._slot.take())
                patience.pause()
                self._shown_at = self._clock()
                self._tell_shown(self._slot.shown())
            if not self._slot.due:
                self._changed.clear()
                self._settled.set()

    async def _pace(self) -> None:
        """Wait for the end of the display's interval, or for first words."""
        while (wait := self._next_at - self._clock()) > 0 and not self._slot.begins:
            self._begins.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._begins.wait()

    def _tell_shown(self, number: int) -> None:
        if self._awaited is not None and number >= self._awaited[0]:
            call, self._awaited = self._awaited[1], None
            call(self._shown_at)


class _Patience:
    """Tells in `over` when a screen has taken SHOW_LIMIT_S. One timer serves many screens: most take no time at all."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.over: asyncio.Future[None] = self._loop.create_future()
        self._until: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """A screen is handed to the display."""
        self._until = self._loop.time() + SHOW_LIMIT_S
        if self._timer is None:
            self._timer = self._loop.call_at(self._until, self._look)

    def pause(self) -> None:
        """The display has taken it."""
        self._until = None

    def end(self) -> None:
        """Nothing is waited for any more."""
        self.over.cancel()
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        self._timer = None
        if self._until is None:
            return
        if self._until > self._loop.time():
            self._timer = self._loop.call_at(self._until, self._look)
        elif not self.over.done():
            self.over.set_result(None)
