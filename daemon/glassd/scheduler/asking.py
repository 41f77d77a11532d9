"""From an event to a question: what a trigger, somebody else, or a command that asks again wants of the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from glassd.ask import Ask, Origin
from glassd.config.triggers import NO_FRAMES, ONE_FRAME
from glassd.scheduler.armed import BUSY, IGNORE, QUEUE, Armed
from glassd.scheduler.lanes import Wanted
from glassd.scheduler.prompts import filled
from glassd.wall import Wall

if TYPE_CHECKING:
    from glassd.config.schema import Config
    from glassd.config.triggers import Busy, Frames
    from glassd.scheduler.conversation import Conversation
    from glassd.scheduler.standing import Standing

RESUMES_LIMIT = 2
"""How often in a row an answer is gone on with where it broke off; after that it is asked for anew, whole."""
CONVERSING = frozenset((Origin.BUTTON, Origin.API, Origin.CLI))
"""Whose questions the wearer has asked: they make a conversation, and are what `repeat` repeats."""


class Question(Struct, frozen=True):
    """The wearer's last question, as it is asked again: without its pictures, its prompt with its variables."""

    ask: Ask
    frames: Frames
    trigger: Armed | None
    follow_up: bool
    outbox: bool


class Asking:
    """Makes each ask, and remembers the wearer's last question."""

    def __init__(self, standing: Standing, conversation: Conversation) -> None:
        self.wall = Wall()
        self._standing = standing
        self._conversation = conversation
        self._instructions = ""
        self._question: Question | None = None
        self._numbers = 0

    def configure(self, config: Config) -> None:
        """Take over what the config tells every model."""
        self._instructions = config.model.instructions

    def new_id(self, prefix: str) -> str:
        """Return an id for an ask, unique within this daemon's life."""
        self._numbers += 1
        return f"{prefix}-{self._numbers}"

    def by_trigger(self, armed: Armed, instant: float) -> Wanted:
        """Return what a trigger asks."""
        trigger, origin = armed.trigger, armed.origin
        assert trigger.ask is not None, "it asks"
        follow_up = trigger.follow_up and origin in CONVERSING
        ask = Ask(
            id=self.new_id("press" if origin is Origin.BUTTON else origin.value),
            prompt=filled(trigger.ask, instant, self.wall, self._standing.answer),
            origin=origin,
            instant=instant,
            instructions=self._instructions,
            turns=self._conversation.turns(instant, pictures=trigger.model != "text") if follow_up else (),
            detail=trigger.detail,
            endpoint=trigger.endpoint or "",
            kind=trigger.model,
            trigger=armed.event,
        )
        return Wanted(ask, armed.frames, armed, armed.busy, follow_up, trigger.outbox)

    def by_somebody(self, ask: Ask, frames: Frames, busy: Busy | None, *, follow_up: bool, outbox: bool) -> Wanted:
        """Return what the API, the command line or the gateway asks.

        What the board tells every model comes before what the asker tells it, in the one system turn that some
        servers take.
        """
        told = "\n\n".join(text for text in (self._instructions, ask.instructions) if text)
        if ask.origin is Origin.GATEWAY:
            return Wanted(replace(ask, instructions=told), NO_FRAMES)
        turns = ask.turns
        if follow_up and not turns:
            turns = self._conversation.turns(ask.instant, pictures=ask.kind != "text")
        ask = replace(ask, instructions=told, turns=turns)
        return Wanted(ask, frames, None, busy or QUEUE, follow_up, outbox)

    def remember(self, wanted: Wanted) -> None:
        """Keep a question for `repeat`, if it is one of the wearer's."""
        ask = wanted.ask
        if ask.origin not in CONVERSING or ask.resumes or wanted.again:
            return
        look = ONE_FRAME if ask.pictures else wanted.frames
        bare = replace(ask, pictures=(), turns=(), given="") if ask.pictures or ask.turns or ask.given else ask
        self._question = Question(bare, look, wanted.armed, wanted.follow_up, wanted.outbox)

    def forget(self) -> None:
        """There is nothing to repeat any more."""
        self._question = None

    def repeated(self, by: Armed | None, origin: Origin, instant: float) -> Wanted | None:
        """Return the wearer's last question once more, about what is in view now; None without one."""
        if (question := self._question) is None:
            return None
        before, prompt = question.ask, question.ask.prompt
        if question.trigger is not None and question.trigger.trigger.ask is not None:
            prompt = filled(question.trigger.trigger.ask, instant, self.wall, self._standing.answer)
        ask = replace(
            before,
            id=self.new_id("repeat"),
            prompt=prompt,
            origin=origin,
            instant=instant,
            turns=self._conversation.turns(instant, pictures=before.kind != "text") if question.follow_up else (),
        )
        return self._again(Wanted(ask, question.frames, None, QUEUE, question.follow_up, question.outbox), by, origin)

    def resumed(self, by: Armed | None, origin: Origin, instant: float) -> Wanted | None:
        """Return the ask for the rest of the answer that broke off, where there is one."""
        if (broken := self._standing.broken) is None:
            return None
        ask = replace(broken.ask, id=self.new_id("resume"), origin=origin, instant=instant)
        if broken.resumed < RESUMES_LIMIT:
            ask = replace(ask, resumes=broken.ask.id)
            return self._again(replace(broken, ask=ask, resumed=broken.resumed + 1), by, origin)
        return self._again(replace(broken, ask=replace(ask, given="", resumes=""), resumed=0), by, origin)

    def refused(self, by: Armed | None, origin: Origin, instant: float, now: float) -> Wanted | None:
        """Return what the budget had no room for, as it is asked anyway; None where that is no longer meant."""
        if (wanted := self._standing.over_budget(now)) is None:
            return None
        ask = replace(wanted.ask, id=self.new_id("anyway"), origin=origin, instant=instant)
        return replace(self._again(wanted, by, origin), ask=ask, again=wanted.again)

    @staticmethod
    def _again(wanted: Wanted, by: Armed | None, origin: Origin) -> Wanted:
        """Return it as what whoever gives the command wants: its trigger's, as busy as its origin is."""
        return replace(wanted, armed=by, busy=BUSY.get(origin, IGNORE), again=True, admitted=False)
