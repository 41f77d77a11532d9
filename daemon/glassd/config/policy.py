"""What may be spent, what goes on, what is kept: the sections `budgets:`, `follow_up:`, `journal:` and `outbox:`."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from glassd.config.fields import CredentialName, Wait, at_least, at_most
from glassd.config.section import Fixed, Section, at
from glassd_drivers.units import ByteCount, duration_text

DAY_S: Final = 86400.0


class Budget(Section):
    """What may be spent within an hour or a day. What is not named is not bounded."""

    asks: int | None = Field(None, ge=1)
    """Questions that leave the board."""
    frames: int | None = Field(None, ge=1)
    """Pictures that leave the board."""
    tokens: int | None = Field(None, ge=1)
    """Tokens of questions and answers, as the servers report them; estimated before an ask leaves."""
    money: float | None = Field(None, gt=0)
    """In the currency of the endpoints' `price`."""


class Budgets(Section):
    """What may be spent an hour and a day of the board's time zone, by all asks together."""

    hour: Budget = Budget.model_construct()
    day: Budget = Budget.model_construct()


class Price(Section):
    """What a million tokens cost, in any one currency."""

    input: float = Field(ge=0)
    """Of the question, its picture with it."""
    output: float = Field(ge=0)
    """Of the answer."""


class FollowUp(Section):
    """Whether a press goes on with the conversation of the ask before it."""

    within: Annotated[Wait, at_most("24h")] = 60.0
    """How long after the end of an answer a press still belongs to it."""
    turns: int = Field(4, ge=1, le=32)
    """How many earlier questions go along at most, the newest ones."""
    pictures: int = Field(1, ge=0, le=8)
    """How many of their pictures go along at most, the newest ones, where the endpoint's picture budget has room."""
    ends_with_clear: bool = True
    """Whether the command `clear` ends the conversation too; `new conversation` always does."""

    @model_validator(mode="after")
    def _pictures_have_turns(self) -> FollowUp:
        if "pictures" in self.model_fields_set and self.pictures > self.turns:
            raise at("pictures", f"at most as many as turns, {self.turns}, got {self.pictures}")
        return self


class Journal(Section):
    """What the board keeps of each ask, in its state folder."""

    keep: Literal["off", "timings", "text"] = "timings"
    """`timings` keeps when, what kind, how it ended and what it cost; `text` the questions and answers as well."""
    pictures: Literal["never"] | Annotated[Wait, at_most("3660d")] = "never"
    """How long the pictures that were sent are kept."""
    age: Annotated[Wait, at_most("3660d")] = 90 * DAY_S
    """How long anything is kept."""
    size: Annotated[ByteCount, at_least("1MiB")] = 64 * 1024 * 1024
    """How large the journal may grow, its pictures with it; the oldest goes first."""

    @model_validator(mode="after")
    def _pictures_are_kept_with_the_rest(self) -> Journal:
        if self.pictures != "never" and self.keep == "off":
            raise at("pictures", "never beside keep: off, which keeps nothing")
        if self.pictures != "never" and self.pictures > self.age:
            raise at("pictures", f"at most age, which is {duration_text(self.age)}, got {duration_text(self.pictures)}")
        return self


class Outbox(Section):
    """Asks that wait on disk, encrypted, until the network is back. Off without this section."""

    key: Annotated[CredentialName, Fixed("key")] = "outbox"
    """The name of the credential that holds the key; `glassd setup` makes one."""
    asks: int = Field(20, ge=1, le=1000)
    """How many asks may wait."""
    size: Annotated[ByteCount, at_least("64KiB")] = 20 * 1024 * 1024
    """How many bytes they may take."""
    age: Annotated[Wait, at_most("30d")] = DAY_S
    """How long one may wait; after that it is dropped."""
