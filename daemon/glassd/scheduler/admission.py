"""The one way in for every ask, whatever it comes from, and its way out again.

An ask is admitted, waits its turn, and starts; or it is refused: while paused, for want of room in its lane, or of
budget. None is lost: what was admitted starts or is refused later, and what started ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassd.ask import Ask, Origin
from glassd.messages.codes import Code
from glassd.scheduler.actions import Action, Pin, Refuse, Start, Stop, Tell, Unpin
from glassd.scheduler.armed import AUTOMATIC
from glassd.scheduler.budget import Estimate, Ledger
from glassd.scheduler.lanes import GatewaysLane, Wanted, WearersLane

if TYPE_CHECKING:
    from collections.abc import Iterable

    from glassd.scheduler.actions import End
    from glassd.scheduler.standing import Standing

WHY_SKIPPED = {Code.BUSY: "busy", Code.TOO_SOON: "cooldown", Code.BUDGET_SPENT: "budget", Code.PAUSED: "paused"}


class Admission:
    """Both lanes, the pause, and the ledger in front of them."""

    def __init__(self, standing: Standing, estimate: Estimate, *, paused: bool) -> None:
        self.paused = paused
        self.wearers = WearersLane()
        self.gateways = GatewaysLane()
        self.ledger = Ledger()
        self._standing = standing
        self._estimate = estimate

    @property
    def idle(self) -> bool:
        """No ask is under way or waits."""
        return self.wearers.idle and self.gateways.idle

    def admit(self, wanted: Wanted, now: float, *, pinned: bool = False, anyway: bool = False) -> list[Action]:
        """Let an ask in or refuse it. `pinned`: its frames are held already. `anyway`: whatever the budget says."""
        if (code := self._obstacle(wanted, now, anyway=anyway)) is not None:
            return self.refused(wanted, code, now, pinned=pinned)
        ask = wanted.ask
        wanted.admitted = True
        if wanted.armed is not None:
            wanted.armed.acted(ask.instant)
        actions: list[Action] = []
        if wanted.pinned and not pinned:
            actions.append(Pin(ask.instant))
        elif pinned and not wanted.pinned:
            actions.append(Unpin(ask.instant))
        if ask.origin is Origin.GATEWAY:
            self.gateways.waiting.append(wanted)
        else:
            superseded, replaced = self.wearers.enter(wanted)
            actions += self.dropped(superseded, Code.CANCELLED)
            if replaced is not None:
                actions.append(self._stop(replaced, Code.CANCELLED, unseen=True))
        actions += self.next()
        if self.ledger.is_low():
            actions.append(Tell(Code.BUDGET_LOW))
        return actions

    def refused(self, wanted: Wanted, code: Code, now: float, *, pinned: bool = False) -> list[Action]:
        """Say that an ask is not admitted, to whoever has asked it: of what comes by itself the report says it."""
        ask, armed = wanted.ask, wanted.armed
        actions: list[Action] = [Unpin(ask.instant)] if pinned else []
        if armed is not None and (ask.origin in AUTOMATIC or self._is_ignored(wanted, code)):
            return [*actions, *armed.skipped(WHY_SKIPPED[code], ask.instant)]
        seen = ask.origin is Origin.BUTTON
        if seen and code is Code.BUDGET_SPENT:
            self._standing.refused(wanted, now)
        return [*actions, Refuse(ask, code, seen)]

    def next(self) -> list[Action]:
        """Start what may start: the wearer's next, and beside none of them the gateway's, in their order."""
        actions: list[Action] = []
        if (wanted := self.wearers.next()) is not None:
            self._standing.begins()
            actions.append(Start(wanted.ask, wanted.frames))
        while self.wearers.idle and (wanted := self.gateways.next()) is not None:
            actions.append(Start(wanted.ask, wanted.frames))
        return actions

    def tired(self, now: float) -> list[Action]:
        """Refuse those of the gateway that have waited too long."""
        return self.dropped(self.gateways.tired(now), Code.BUSY)

    def cancelled(self, ask_id: str) -> list[Action]:
        """Whoever asked does not want the answer any more."""

        def meant(wanted: Wanted) -> bool:
            return wanted.ask.id == ask_id

        if waited := [*self.wearers.take_out(meant), *self.gateways.take_out(meant)]:
            return [*self.dropped(waited, Code.CANCELLED), *self.next()]
        under_way = self.gateways.under_way.get(ask_id) or self.wearers.under_way
        if under_way is None or not meant(under_way):
            return []
        under_way.unwanted = True
        return [self._stop(under_way, Code.CANCELLED)]

    def drop_the_wearers(self, *, unseen: bool = False) -> list[Action]:
        """End what a wearer sees or waits for; asks of the API that wait are others' and stay."""
        actions = self.dropped(self.wearers.take_out(lambda wanted: wanted.rank != 1), Code.CANCELLED)
        if (under_way := self.wearers.under_way) is not None:
            under_way.unwanted = True
            actions.append(self._stop(under_way, Code.CANCELLED, unseen=unseen))
        return actions

    def pause(self) -> list[Action]:
        """End all that is under way or waits."""
        self.paused = True
        waited = [*self.wearers.take_out(lambda _: True), *self.gateways.take_out(lambda _: True)]
        actions = self.dropped(waited, Code.PAUSED)
        if self.wearers.under_way is not None:
            actions.append(self._stop(self.wearers.under_way, Code.PAUSED, unseen=True))
        actions += [self._stop(wanted, Code.PAUSED) for _, wanted in sorted(self.gateways.under_way.items())]
        return actions

    def ended(self, ask_id: str, end: End) -> Wanted | None:
        """Take out what was under way and has ended, and settle what it cost; None where it was not."""
        wanted = self.wearers.under_way
        if wanted is not None and wanted.ask.id == ask_id:
            self.wearers.under_way = None
        else:
            wanted = self.gateways.under_way.pop(ask_id, None)
        if wanted is not None and end.queued is None:
            self.settle(ask_id, end)
        return wanted

    def settle(self, key: str, end: End) -> None:
        """Count what an ask has cost."""
        if end.sent:
            self.ledger.settle(key, end.cost)
        else:
            self.ledger.give_back(key)

    def dropped(self, waited: Iterable[Wanted], code: Code) -> list[Action]:
        """Refuse those that were admitted, and waited."""
        actions: list[Action] = []
        for wanted in waited:
            self.ledger.give_back(wanted.ask.id)
            if wanted.pinned:
                actions.append(Unpin(wanted.ask.instant))
            actions.append(Refuse(wanted.ask, code))
        return actions

    def _obstacle(self, wanted: Wanted, now: float, *, anyway: bool) -> Code | None:
        ask = wanted.ask
        if self.paused:
            return Code.PAUSED
        of_gateway = ask.origin is Origin.GATEWAY
        if not (self._gateway_has_room() if of_gateway else self.wearers.has_room(wanted)):
            return Code.BUSY
        taken = self.ledger.take(ask.id, self._estimate(ask, pictures_of(wanted)), now, anyway=anyway)
        return None if taken else Code.BUDGET_SPENT

    def _gateway_has_room(self) -> bool:
        lane = self.gateways
        return lane.has_room or (self.wearers.idle and len(lane.under_way) < lane.at_once)

    @staticmethod
    def _is_ignored(wanted: Wanted, code: Code) -> bool:
        """Tell whether it is a press that asks nothing while another ask is under way, as the config has it."""
        return code is Code.BUSY and wanted.busy.how == "ignore" and wanted.ask.origin is Origin.BUTTON

    def _stop(self, wanted: Wanted, code: Code, *, unseen: bool = False) -> Stop:
        wanted.stopped = True
        return Stop(wanted.ask.id, code, unseen)


def pictures_of(wanted: Wanted) -> int:
    """Return how many pictures go with an ask: its own, those that are to be taken, and those of earlier turns."""
    ask: Ask = wanted.ask
    own = wanted.frames.count + len(ask.pictures)
    return own + sum(len(turn.pictures) for turn in ask.turns) if ask.turns else own
