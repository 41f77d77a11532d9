"""All displays at once: what happens to an ask, told to each display's presenter, and its newest screen handed on."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from glassd.presenter.compositor import Compositor
from glassd.presenter.presenter import Presenter
from glassd.presenter.reading import Timing
from glassd_drivers.contracts import Sign

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from glassd.answer import AnswerEvent, Outcome, Problem
    from glassd.config.commands import Command
    from glassd.config.schema import Reading
    from glassd.messages import Code, Language
    from glassd.presenter.reading import Step
    from glassd_drivers.contracts import Profile, Screen

FLASH_LIMIT_S = 1.0
"""How long a display may take to turn bright or dark."""
SIGN_LIMIT_S = 1.0
"""How long the sign waits to be seen on a display; one that is not there cannot keep the camera shut."""


class Stage:
    """The displays by name. `changed` is told each new screen of each; nothing here waits but `shown` and `sign`.

    `faded` is called once what stands on every display has stood as long as `reading` says: who decides what stands
    there then clears it.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        changed: Callable[[str, Screen], None],
        faded: Callable[[], None] = lambda: None,
    ) -> None:
        self._clock = clock
        self._changed = changed
        self._faded = faded
        self._seats: dict[str, tuple[Presenter, Compositor]] = {}
        self._timings: dict[str, Timing] = {}
        self._reading: Reading | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._camera = False
        self._paused = False
        self._warning = False
        self._lookers = 0  # how many have the camera's sign shown
        self._signs: frozenset[Sign] = frozenset()
        self._no_camera = False

    def add(self, name: str, profile: Profile, language: Language) -> Compositor:
        """Take a display in; the compositor that is returned serves it."""
        presenter, compositor = Presenter(profile, language), Compositor(profile, self._clock)
        self._seats[name] = (presenter, compositor)
        self._timings[name] = Timing()
        presenter.paced = self._paced
        presenter.warning(self._warning)
        presenter.signs(self._all_signs)
        self._show_camera()
        if self._paused:
            self._show(name, presenter.pause(on=True))
        return compositor

    @property
    def profiles(self) -> dict[str, Profile]:
        """What each display is laid out for, by its name."""
        return {name: compositor.profile for name, (_, compositor) in self._seats.items()}

    @property
    def screens(self) -> dict[str, Screen]:
        """What each display shows now, or will once it is there, by its name."""
        return {name: compositor.current for name, (_, compositor) in self._seats.items()}

    def remove(self, name: str) -> None:
        """Forget a display; a name that is none is passed over."""
        self._seats.pop(name, None)
        self._timings.pop(name, None)
        self._keep_time()

    def read_at(self, reading: Reading | None) -> None:
        """Turn pages and clear screens by themselves as that says, from now on; None: never."""
        self._reading = reading
        for presenter, _ in self._seats.values():
            presenter.paced = self._paced
        self._keep_time()

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

    def signs(self, signs: frozenset[Sign]) -> None:
        """This is so from now on, and nothing else of its kind but what the camera says."""
        if signs != self._signs:
            self._signs = signs
            self._show_signs()

    def camera(self, on: bool) -> None:
        """Show whether frames are being taken."""
        self._camera = on
        self._show_camera()

    def no_camera(self, missing: bool) -> None:
        """Show whether there is to be a camera and it cannot be opened."""
        if missing is not self._no_camera:
            self._no_camera = missing
            self._show_signs()

    @asynccontextmanager
    async def sign(self) -> AsyncIterator[None]:
        """Show that the camera looks for as long as this is entered; the body begins once the wearer can see it."""
        self._lookers += 1
        self._show_camera()
        try:
            await self.shown(SIGN_LIMIT_S)
            yield
        finally:
            self._lookers -= 1
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

    @property
    def _all_signs(self) -> tuple[Sign, ...]:
        there = self._signs | {Sign.NO_CAMERA} if self._no_camera else self._signs
        return tuple(sign for sign in Sign if sign in there)

    def _show_signs(self) -> None:
        self._each(lambda presenter: presenter.signs(self._all_signs))

    def _show_camera(self) -> None:
        on = self._camera or self._lookers > 0
        self._each(lambda presenter: presenter.camera(on))

    def _each(self, change: Callable[[Presenter], Screen]) -> None:
        for name, (presenter, _) in self._seats.items():
            self._show(name, change(presenter))
        self._keep_time()

    @property
    def _paced(self) -> bool:
        return self._reading is not None and self._reading.auto_page != "never"

    def _keep_time(self) -> None:
        """Set the one timer anew: for the first page to be turned, or for the last display that is read."""
        due = None if self._reading is None else self._due(self._reading)
        if self._timer is not None:
            if due == self._timer.when():
                return
            self._timer.cancel()
        self._timer = None if due is None else asyncio.get_running_loop().call_at(due, self._tick, due)

    def _due(self, reading: Reading) -> float | None:
        steps = self._steps(reading)
        turns = [at for _, at, step in steps if step == "turn"]
        clears = [at for _, at, step in steps if step == "clear"]
        return min(turns) if turns else max(clears, default=None)

    def _tick(self, due: float) -> None:
        self._timer = None
        assert self._reading is not None, "else no timer is set"
        steps = self._steps(self._reading)
        turned = [name for name, at, step in steps if step == "turn" and at <= due]
        for name in turned:
            self._show(name, self._seats[name][0].turn())
        if not turned:
            for timing in self._timings.values():
                timing.spent()
            self._faded()
        self._keep_time()

    def _steps(self, reading: Reading) -> list[tuple[str, float, Step]]:
        """Return what is due on which display, and when."""
        now = self._clock()
        found = (
            (name, self._timings[name].due(presenter, reading, now)) for name, (presenter, _) in self._seats.items()
        )
        return [(name, *step) for name, step in found if step is not None]

    def _show(self, name: str, screen: Screen) -> None:
        self._seats[name][1].put(screen)
        self._changed(name, screen)
