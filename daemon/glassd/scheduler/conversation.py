"""Follow-ups: the earlier questions and answers that go along with the next question, and for how long they do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from glassd.ask import Ask, Picture, Turn
from glassd.scheduler.standing import ANSWER_LIMIT_CHARS

if TYPE_CHECKING:
    from glassd.config.policy import FollowUp
    from glassd.scheduler.actions import End


class _Exchange(Struct, frozen=True):
    """One question and its answer. `ask_id` is the ask's that the answer is of."""

    ask_id: str
    question: str
    answer: str
    pictures: tuple[Picture, ...]


class Conversation:
    """The newest questions and answers, oldest first, for as long as a press still belongs to them."""

    def __init__(self) -> None:
        self._rules: FollowUp | None = None
        self._exchanges: list[_Exchange] = []
        self._over_at = 0.0

    def configure(self, rules: FollowUp | None) -> None:
        """Take over the rules; without any there is no conversation."""
        self._rules = rules
        if rules is None:
            self.end()
        else:
            self._trim(rules)

    @property
    def over_at(self) -> float | None:
        """Until when it is gone on with; None where there is none."""
        return self._over_at if self._exchanges else None

    @property
    def ends_with_clear(self) -> bool:
        """Whether the command `clear` ends it."""
        return self._rules is not None and self._rules.ends_with_clear

    def turns(self, instant: float, *, pictures: bool) -> tuple[Turn, ...]:
        """Return what goes along with a question of this instant; with its pictures, or without any."""
        if not self._exchanges or instant >= self._over_at:
            return ()
        return tuple(
            turn
            for each in self._exchanges
            for turn in (
                Turn("user", each.question, each.pictures if pictures else ()),
                Turn("assistant", each.answer),
            )
        )

    def add(self, ask: Ask, end: End, now: float) -> None:
        """An answer has come: it goes on with the conversation, or, where that was over, begins one."""
        rules = self._rules
        if rules is None:
            return
        if ask.instant >= self._over_at and not ask.turns:
            self.end()
        if self._exchanges and ask.resumes and self._exchanges[-1].ask_id == ask.resumes:
            del self._exchanges[-1]  # what had come of it before it broke off is in this answer
        self._exchanges.append(_Exchange(ask.id, ask.prompt, end.text[:ANSWER_LIMIT_CHARS], end.ask.pictures))
        self._over_at = now + rules.within
        self._trim(rules)

    def end(self) -> None:
        """Forget it."""
        self._exchanges.clear()

    def _trim(self, rules: FollowUp) -> None:
        del self._exchanges[: -rules.turns]
        room = rules.pictures
        for at in reversed(range(len(self._exchanges))):
            pictures = self._exchanges[at].pictures
            kept = pictures[-room:] if room else ()
            room -= len(kept)
            if len(kept) < len(pictures):
                self._exchanges[at] = replace(self._exchanges[at], pictures=kept)
