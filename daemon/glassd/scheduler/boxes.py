"""What the runner needs of the boxes around it: where pictures come from, who answers, what is shown, what is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from glassd.answer import AnswerEvent, Outcome, Problem
    from glassd.ask import Ask
    from glassd.config.commands import Command
    from glassd.messages import Code
    from glassd.record import AskRecord
    from glassd.spending import Amounts, Spent
    from glassd.wall import Wall
    from glassd_drivers.contracts import Frame, Sign


class Eyes(Protocol):
    """Where the picture of an instant comes from."""

    def pin(self, instant: float) -> None:
        """Hold the frames around an instant."""

    def unpin(self, instant: float) -> None:
        """Let go of them."""

    async def pick(self, instant: float) -> Frame | None:
        """Return the frame that was in view; None where no camera is configured; raise AskError."""

    def several(self) -> AbstractAsyncContextManager[None]:
        """Stay open from one picture to the next while this is entered; raise AskError where nothing may be seen."""

    def shut(self) -> None:
        """See nothing from now on, and forget what was seen."""

    def open(self) -> None:
        """See again."""


class Model(Protocol):
    """Who answers."""

    def ask(self, ask: Ask) -> AsyncGenerator[AnswerEvent]:
        """Yield what comes back, exactly one outcome last."""

    def warm(self) -> None:
        """Have the way to the model open for an ask that may come. Returns at once."""

    async def reachable(self) -> bool:
        """Tell whether a connection to an endpoint of the network can be had now; bounded by `connect`."""


class Stage(Protocol):
    """What the wearer is shown. None of it waits."""

    def looking(self) -> None:
        """An ask begins with a look."""

    def asked(self) -> None:
        """The picture is there, the request is on its way."""

    def event(self, event: AnswerEvent) -> None:
        """Something came back."""

    def once_shown(self, call: Callable[[float], None]) -> bool:
        """Call with the instant at which the first display has taken the newest screen or a later one.

        The last who is named here counts. Return False, and never call, where there is no display.
        """

    def problem(self, problem: Problem) -> None:
        """Something went wrong with what is no ask under way."""

    def notice(self, code: Code) -> None:
        """Something is to be told beside what stands there."""

    def late_answer(self, outcome: Outcome) -> None:
        """An answer has come to a question that nobody waits for any more; nothing is under way."""

    def signs(self, signs: frozenset[Sign]) -> None:
        """This is so from now on, and nothing else of its kind; told again and again."""

    def command(self, command: Command) -> None:
        """The wearer turns a page or clears the screen."""

    def pause(self, *, on: bool) -> None:
        """Nothing is looked at and nothing leaves from now on; or no longer."""


class Journal(Protocol):
    """What is kept of the asks. Nothing of it waits or raises: what cannot be written is told by a mark."""

    def begun(self, ask: Ask, utc: float | None) -> None:
        """Keep an ask before it leaves. `utc`: when it was asked, None where the clock is not known to be right."""

    def ended(self, record: AskRecord, ask: Ask, outcome: Outcome) -> None:
        """Keep how it ended; an ask that never began is kept whole."""

    def skipped(self, trigger: str, why: str, utc: float | None) -> None:
        """Keep that a trigger asked nothing."""

    def spend(self, spent: Spent) -> None:
        """Keep what has been spent."""

    def new_wearer(self) -> None:
        """Show nothing of what is kept so far by default."""


class Outbox(Protocol):
    """Asks that wait on disk. Each method returns once that is committed, and raises OutboxError where it cannot be."""

    @property
    def takes_asks(self) -> bool:
        """Whether it is on: the config has it, and its key and its file are there."""

    async def put(self, ask: Ask, utc: float | None) -> int:
        """Keep an ask, encrypted; return its item."""

    async def take(self, item: int) -> Ask:
        """Note that it is being sent, then return it as it was asked; raise OutboxLostError where it is not there."""

    async def back(self, item: int) -> None:
        """Note that it was not sent after all, and waits on."""

    async def drop(self, items: Sequence[int]) -> None:
        """Forget them: they are answered, or not wanted any more."""


class Boxes(Struct, frozen=True):
    """All of them, and two things that the runner has to be told: the date, and what an answer cost.

    `cost` has the tokens and the money that a server reports, None where it reports none.
    """

    eyes: Eyes
    model: Model
    stage: Stage
    journal: Journal
    outbox: Outbox
    wall: Callable[[], Wall]
    cost: Callable[[Outcome], Amounts | None]
