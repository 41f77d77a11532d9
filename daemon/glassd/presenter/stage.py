"""All displays at once: what happens to an ask, told to each display's presenter, and its newest screen handed on."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from glassd.presenter.compositor import Compositor
from glassd.presenter.presenter import Presenter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from glassd.answer import AnswerEvent, Outcome, Problem
    from glassd.config.commands import Command
    from glassd.messages import Code, Language
    from glassd_drivers.contracts import Profile, Screen

FLASH_LIMIT_S = 1.0
"""How long a display may take to turn bright or dark."""
SIGN_LIMIT_S = 1.0
"""How long the sign waits to be seen on a display; one that is not there cannot keep the camera shut."""


class Stage:
    """The displays by name. `changed` is told each new screen of each; nothing here waits but `shown` and `sign`."""

    def __init__(self, clock: Callable[[], float], changed: Callable[[str, Screen], None]) -> None:
        self._clock = clock
        self._changed = changed
        self._seats: dict[str, tuple[Presenter, Compositor]] = {}
        self._camera = False
        self._paused = False
        self._warning = False
        self._signs = 0  # how many have the sign shown

    def add(self, name: str, profile: Profile, language: Language) -> Compositor:
        """Take a display in; the compositor that is returned serves it."""
        presenter, compositor = Presenter(profile, language), Compositor(profile, self._clock)
        self._seats[name] = (presenter, compositor)
        presenter.warning(self._warning)
        self._show_camera()
        if self._paused:
            self._show(name, presenter.pause(on=True))
        return compositor

    def remove(self, name: str) -> None:
        """Forget a display; a name that is none is passed over."""
        self._seats.pop(name, None)

    def looking(self) -> None:
        """An ask begins with a look."""
        self._each(Presenter.looking)

    def asked(self) -> None:
        """The picture is there, the request is on its way."""
        self._each(Presenter.asked)

    def event(self, event: AnswerEvent) -> None:
        """Something came back."""
        self._each(lambda presenter: presenter.event(event))

    def problem(self, problem: Problem) -> None:
        """Something went wrong with what is no ask under way."""
        self._each(lambda presenter: presenter.problem(problem))

    def notice(self, code: Code) -> None:
        """Something is to be told beside what stands there."""
        self._each(lambda presenter: presenter.notice(code))

    def late_answer(self, outcome: Outcome) -> None:
        """An answer has come to a question that nobody waits for any more; nothing is under way."""
        self._each(lambda presenter: presenter.late_answer(outcome))

    def once_shown(self, call: Callable[[float], None]) -> bool:
        """Call with the instant at which the first display has taken the newest screen or a later one.

        The last who is named here counts. Return False, and never call, where there is no display.
        """
        compositors = [compositor for _, compositor in self._seats.values()]

        def shown(instant: float) -> None:
            for compositor in compositors:
                compositor.once_shown(None)
            call(instant)

        there = [compositor.once_shown(shown) for compositor in compositors]
        return any(there)

    def warning(self, *, on: bool) -> None:
        """Something of glassd's own does not work: a mark says so for as long as it is on."""
        self._warning = on
        self._each(lambda presenter: presenter.warning(on))

    def command(self, command: Command) -> None:
        """The wearer turns a page or clears the screen; other commands show nothing by themselves."""
        match command:
            case "next page":
                self._each(Presenter.next_page)
            case "previous page":
                self._each(Presenter.previous_page)
            case "clear":
                self._each(Presenter.clear)

    def pause(self, *, on: bool) -> None:
        """Nothing is looked at and nothing leaves from now on; or no longer."""
        self._paused = on
        self._each(lambda presenter: presenter.pause(on=on))

    def camera(self, on: bool) -> None:
        """Show whether the camera is open."""
        self._camera = on
        self._show_camera()

    @asynccontextmanager
    async def sign(self) -> AsyncIterator[None]:
        """Show that the camera looks for as long as this is entered; the body begins once the wearer can see it."""
        self._signs += 1
        self._show_camera()
        try:
            await self.shown(SIGN_LIMIT_S)
            yield
        finally:
            self._signs -= 1
            self._show_camera()

    @asynccontextmanager
    async def flashing(self) -> AsyncIterator[Callable[[bool], Awaitable[float | None]]]:
        """Lend the first display to be flashed for as long as this is entered; what it has to show waits.

        What is lent turns it bright (or dark) and returns the instant at which the display had taken that, None where
        there is no display or it took nothing within FLASH_LIMIT_S.
        """
        compositor = next((compositor for _, compositor in self._seats.values()), None)

        async def flash(bright: bool) -> float | None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FLASH_LIMIT_S):
                    return None if compositor is None else await compositor.flash(bright=bright)
            return None

        try:
            yield flash
        finally:
            if compositor is not None:
                compositor.uncover()

    async def shown(self, limit: float = SIGN_LIMIT_S) -> None:
        """Wait until each display shows its newest screen, at most `limit` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit):
                for _, compositor in self._seats.values():
                    await compositor.shown()

    def _show_camera(self) -> None:
        on = self._camera or self._signs > 0
        self._each(lambda presenter: presenter.camera(on))

    def _each(self, change: Callable[[Presenter], Screen]) -> None:
        for name, (presenter, _) in self._seats.items():
            self._show(name, change(presenter))

    def _show(self, name: str, screen: Screen) -> None:
        self._seats[name][1].put(screen)
        self._changed(name, screen)
