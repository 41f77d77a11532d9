"""What the scheduler says is to be done, and how the runner tells it how an ask ended. Values; nothing here acts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from glassd.messages.codes import Code

if TYPE_CHECKING:
    from glassd.answer import OutcomeKind
    from glassd.ask import Ask
    from glassd.config.commands import Command
    from glassd.config.triggers import Frames
    from glassd.spending import Amounts, Spent


class Pin(Struct, frozen=True):
    """An ask may come that wants the frames around this instant: hold them, and see that its way is open."""

    instant: float


class Unpin(Struct, frozen=True):
    """The frames around that instant are not wanted."""

    instant: float


class Start(Struct, frozen=True):
    """Carry out this ask, and tell its end with `ended`. `frames`: what it wants to see, from its instant on."""

    ask: Ask
    frames: Frames


class Stop(Struct, frozen=True):
    """Break off this ask, for this reason. Its end is told with `ended`, as any.

    `unseen`: the displays belong to something else by now, so its end is not for them.
    """

    ask_id: str
    code: Code = Code.CANCELLED
    unseen: bool = False


class Refuse(Struct, frozen=True):
    """This ask will not be carried out. `seen`: it is a press whose wearer is to be told why."""

    ask: Ask
    code: Code
    seen: bool = False


class Do(Struct, frozen=True):
    """A command for the presenter."""

    command: Command


class Pause(Struct, frozen=True):
    """Look away and show that nothing is looked at; `on` False: look again."""

    on: bool


class Send(Struct, frozen=True):
    """Carry out what waits in the outbox as `item`, as the ask `ask_id`: on disk it is noted as being sent before."""

    item: int
    ask_id: str


class Drop(Struct, frozen=True):
    """These items of the outbox are not wanted any more."""

    items: tuple[int, ...]


class Tell(Struct, frozen=True):
    """Tell the wearer, beside what stands on the display: that a budget runs low, that an answer has come."""

    code: Code


class Skip(Struct, frozen=True):
    """A trigger asked nothing, for this reason. For the day's report; the wearer is told nothing."""

    trigger: str
    why: str
    instant: float


class Spend(Struct, frozen=True):
    """This is what has been spent, as of now: keep it over a restart."""

    spent: Spent


class NewWearer(Struct, frozen=True):
    """Somebody else wears the glasses from now on: what was kept so far is not theirs to see."""


Action = Pin | Unpin | Start | Stop | Refuse | Do | Pause | Send | Drop | Tell | Skip | Spend | NewWearer


class End(Struct, frozen=True):
    """How an ask that was started ended.

    `ask` is as it was sent, with its pictures. `sent`: some of it left the board, so it counts. `cost`: what it cost as
    the server reports it; None where it does not, and the estimate stands. `queued`: its place in the outbox, where it
    was put there instead.
    """

    ask: Ask
    kind: OutcomeKind
    code: Code | None = None
    text: str = ""
    sent: bool = True
    cost: Amounts | None = None
    queued: int | None = None
