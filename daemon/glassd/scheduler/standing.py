"""What stands on the display as far as it decides what the next press means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from glassd.answer import OutcomeKind
from glassd.config.triggers import NO_FRAMES
from glassd.messages.codes import Code

if TYPE_CHECKING:
    from glassd.scheduler.actions import End
    from glassd.scheduler.lanes import Wanted

ANSWER_LIMIT_CHARS = 16 * 1024
"""How much of an answer is kept for later questions, from its beginning: more than anybody pages through."""
OVER_BUDGET_LIMIT_S = 60.0
"""How long after a refusal `ask anyway` still asks that question."""


class Refused(Struct, frozen=True):
    """The wearer's last ask, that the budget had no room for."""

    wanted: Wanted
    until: float


class Standing:
    """The last answer, what broke off of it, and what was refused."""

    def __init__(self) -> None:
        self.answer_shown = False
        """An answer, whole or part, is to be read."""
        self.broken: Wanted | None = None
        """What broke off and can be gone on with: the ask as it was sent, with what has come as `given`."""
        self.answer = ""
        """The last answer, whether it still stands or not."""
        self._refused: Refused | None = None

    def begins(self) -> None:
        """Another ask of the wearer's begins: what stood there is gone."""
        self.answer_shown, self.broken, self._refused = False, None, None

    def ended(self, wanted: Wanted, end: End) -> None:
        """An ask has ended, and what came of it is on the display."""
        if not answered(end):
            return
        self.answer_shown, self.answer = True, end.text[:ANSWER_LIMIT_CHARS]
        if end.kind is OutcomeKind.CUT_OFF and end.code is not Code.ANSWER_TOO_LONG:
            self.broken = replace(wanted, ask=replace(end.ask, given=end.text), frames=NO_FRAMES)

    def refused(self, wanted: Wanted, now: float) -> None:
        """The budget had no room for an ask of the wearer's, and that is on the display."""
        self.begins()
        self._refused = Refused(wanted, now + OVER_BUDGET_LIMIT_S)

    def over_budget(self, now: float) -> Wanted | None:
        """Return what was refused for its budget, where that was the last and not long ago."""
        return self._refused.wanted if self._refused is not None and now <= self._refused.until else None

    def forget(self) -> None:
        """All of it is gone, and the last answer with it."""
        self.begins()
        self.answer = ""


def answered(end: End) -> bool:
    """Tell whether an end leaves something to read that the model has said."""
    return bool(end.text) and end.kind in (OutcomeKind.FINISHED, OutcomeKind.CUT_OFF)
