"""The outbox's asks on their way: which goes when, how each ended, and what is known of the way to the model.

One at a time, beside the wearer's lane: it begins while that is idle, and what comes back is shown when all is calm, so
a press need not break it off. A pause does, and whoever drops it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassd.answer import OutcomeKind
from glassd.messages.codes import Code
from glassd.scheduler.actions import Action, Drop, Send, Stop, Tell
from glassd.scheduler.outbox import NETWORK_CODES, Outbox
from glassd.waiting import Waiting
from glassd.wall import Wall

if TYPE_CHECKING:
    from collections.abc import Iterable

    from glassd.config.policy import Outbox as Rules
    from glassd.scheduler.actions import End
    from glassd.scheduler.admission import Admission
    from glassd.scheduler.asking import Asking
    from glassd.scheduler.lanes import Wanted


class Sending:
    """What the outbox holds and sends. Each item counts in the ledger from its ask's own admission on."""

    def __init__(self, admission: Admission, asking: Asking) -> None:
        self.online = True
        """Whether the way to the model is open, as far as is known."""
        self.outbox = Outbox()
        self._admission = admission
        self._asking = asking
        self._wall = Wall()
        self._allowed: tuple[str, int] = ("", 0)  # the ask that may be queued, and its bytes

    def configure(self, rules: Rules | None) -> None:
        """Take over the outbox's rules."""
        self.outbox.configure(rules)

    def clock_is(self, wall: Wall) -> None:
        """The wall clock was read."""
        self._wall = wall
        self.outbox.clock_is(wall)

    @property
    def waits_for_network(self) -> bool:
        """Whether something would go if only the way were open."""
        return self.outbox.next is not None

    def restored(self, waiting: Iterable[Waiting], now: float) -> list[Action]:
        """These have waited over the restart."""
        for each in waiting:
            self.outbox.add(each, now)
        return [Tell(Code.PERHAPS_SENT)] if self.outbox.perhaps_sent else []

    def next(self) -> list[Action]:
        """Send the next one, where it may go now."""
        if not self.online or self._admission.paused or not self._admission.wearers.idle:
            return []
        if (item := self.outbox.next) is None:
            return []
        ask_id = self._asking.new_id("outbox")
        self.outbox.sending = item, ask_id
        self._admission.ledger.hand_on(_key(item), ask_id)
        return [Send(item, ask_id)]

    def learn(self, end: End) -> None:
        """Take from an ask's end whether the way to the model is open."""
        if end.code in NETWORK_CODES:
            if end.kind is OutcomeKind.FAILED:
                self.online = False
        elif end.sent:
            self.online = True

    def may_queue(self, wanted: Wanted, code: Code, size: int) -> bool:
        """Tell whether an ask under way that ended so may wait, and expect it."""
        if not wanted.outbox or wanted.unwanted or code not in NETWORK_CODES or not self.outbox.has_room(size):
            return False
        self._allowed = wanted.ask.id, size
        return True

    def queued(self, wanted: Wanted, item: int, now: float) -> list[Action]:
        """An ask has ended, and is on disk."""
        ask = wanted.ask
        self._admission.ledger.hand_on(ask.id, _key(item))
        if wanted.unwanted:
            self._admission.ledger.give_back(_key(item))
            return [Drop((item,))]
        size = self._allowed[1] if self._allowed[0] == ask.id else 0
        self.outbox.add(Waiting(item, self._wall.utc(ask.instant) if self._wall.known else None, size), now)
        return []

    def ended(self, ask_id: str, end: End) -> list[Action]:
        """What was sent has ended: it is answered or has failed for good, or waits on."""
        if self.outbox.sending is None or self.outbox.sending[1] != ask_id:
            return []
        ledger, again = self._admission.ledger, end.queued is not None
        item = self.outbox.sent(again=again, perhaps=end.sent)
        if not again or not self.outbox.holds(item):
            self._admission.settle(ask_id, end)
            return [Drop((item,))] if again else []
        ledger.hand_on(ask_id, _key(item))
        if end.sent:
            return [Tell(Code.PERHAPS_SENT)]
        if end.code is not Code.PAUSED:
            self.online = False  # whatever kept it here: it is tried again when the way is tried again, not at once
        return []

    def stop(self, code: Code) -> list[Action]:
        """Break off what is under way."""
        sending = self.outbox.sending
        return [Stop(sending[1], code, unseen=True)] if sending is not None else []

    def drop(self) -> list[Action]:
        """Forget all of it."""
        actions = self.stop(Code.CANCELLED)
        for item in self.outbox:
            self._forget(item)
        if items := self.outbox.drop_all():
            actions.append(Drop(items))
        return actions

    def expire(self, now: float) -> list[Action]:
        """Forget what has waited too long."""
        actions: list[Action] = []
        while (item := self.outbox.expired(now)) is not None:
            self._forget(item)
            self.outbox.remove(item)
            actions.append(Drop((item,)))
        return actions

    def _forget(self, item: int) -> None:
        if self.outbox.was_perhaps_sent(item):
            self._admission.ledger.settle(_key(item), None)
        else:
            self._admission.ledger.give_back(_key(item))


def _key(item: int) -> str:
    return f"item {item}"
