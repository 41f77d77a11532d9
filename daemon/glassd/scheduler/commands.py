"""What each command of the wearer's does, whoever gives it: a trigger, the API, the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassd.messages.codes import Code
from glassd.scheduler.actions import Action, Do, NewWearer, Pause, Unpin

if TYPE_CHECKING:
    from glassd.ask import Origin
    from glassd.config.commands import Command
    from glassd.scheduler.admission import Admission
    from glassd.scheduler.armed import Armed
    from glassd.scheduler.asking import Asking
    from glassd.scheduler.conversation import Conversation
    from glassd.scheduler.sending import Sending
    from glassd.scheduler.standing import Standing


class Commands:
    """The commands over the rooms that they act on."""

    def __init__(
        self,
        standing: Standing,
        conversation: Conversation,
        asking: Asking,
        admission: Admission,
        sending: Sending,
    ) -> None:
        self._standing = standing
        self._conversation = conversation
        self._asking = asking
        self._admission = admission
        self._sending = sending

    def do(
        self,
        command: Command,
        origin: Origin,
        instant: float,
        now: float,
        *,
        by: Armed | None = None,
        pinned: bool = False,
    ) -> list[Action]:
        """Carry a command out. `by`: the trigger that gives it; `pinned`: the frames of its instant are held."""
        match command:
            case "repeat":
                wanted = self._asking.repeated(by, origin, instant)
            case "resume":
                wanted = self._asking.resumed(by, origin, instant)
            case "ask anyway":
                wanted = self._asking.refused(by, origin, instant, now)
            case _:
                let_go: list[Action] = [Unpin(instant)] if pinned else []
                return [*let_go, *self._act(command)]
        if wanted is None:
            return [Unpin(instant)] if pinned else []
        actions = self._admission.admit(wanted, now, pinned=pinned, anyway=command == "ask anyway")
        if wanted.admitted:
            self._asking.remember(wanted)
        return actions

    def _act(self, command: Command) -> list[Action]:
        actions: list[Action] = []
        match command:
            case "cancel":
                actions = self._admission.drop_the_wearers()
            case "clear":
                actions = self._clear()
            case "pause" | "unpause" | "toggle pause":
                paused = self._admission.paused
                actions = self._pause(on=not paused if command == "toggle pause" else command == "pause")
            case "new conversation":
                self._conversation.end()
                if (under_way := self._admission.wearers.under_way) is not None:
                    under_way.follow_up = False  # its answer belongs to the one before
            case "new wearer":
                actions = self._new_wearer()
            case "send again":
                self._sending.outbox.release()
            case "drop queued":
                actions = self._sending.drop()
            case "next page" | "previous page":
                actions = [Do(command)]
        return actions

    def _clear(self) -> list[Action]:
        self._standing.begins()
        if self._conversation.ends_with_clear:
            self._conversation.end()
        return [*self._admission.drop_the_wearers(), Do("clear")]

    def _pause(self, *, on: bool) -> list[Action]:
        if on == self._admission.paused:
            return []
        if not on:
            self._admission.paused = False
            return [Pause(on=False)]
        self._standing.forget()
        self._conversation.end()
        return [*self._admission.pause(), *self._sending.stop(Code.PAUSED), Pause(on=True)]

    def _new_wearer(self) -> list[Action]:
        self._standing.forget()
        self._conversation.end()
        self._asking.forget()
        dropped = [*self._admission.drop_the_wearers(unseen=True), *self._sending.drop()]
        return [*dropped, Do("clear"), NewWearer()]
