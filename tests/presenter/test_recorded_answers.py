"""The recorded answers, from their bytes to the pages of every display that glassd knows by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from streams import STREAMS, Stream
from wcwidth import wcswidth

from glassd.answer import Delta, Outcome, OutcomeKind, Reasoning
from glassd.model.reading import Reading
from glassd.presenter.presenter import Presenter
from glassd_drivers import registry

if TYPE_CHECKING:
    from glassd_drivers.contracts import Profile

GOOD_STATUS = [stream for stream in STREAMS.values() if stream.status == 200]
PROFILES = registry.profile_names()


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("stream", GOOD_STATUS, ids=lambda stream: stream.name)
def test_every_recorded_answer_fits_every_display_and_its_words_are_all_there(stream: Stream, name: str) -> None:
    profile = registry.profile(name)
    presenter = Presenter(profile, "zh")
    presenter.asked()
    reading = Reading("there")
    for delta in [delta for at in range(0, len(stream.body), 7) for delta in reading.feed(stream.body[at : at + 7])]:
        screen = presenter.event(delta)
        assert len(screen.lines) <= profile.rows
        assert all(wcswidth(line) <= profile.columns for line in screen.lines)
    for left in reading.end():
        assert isinstance(left, Delta | Reasoning)
        presenter.event(left)
    screen = presenter.event(Outcome(OutcomeKind.FINISHED, text=reading.text, finish_reason="stop"))
    assert all_lines(presenter) == all_lines(at_once(profile, reading.text)), "the same however it came"
    if "<think>" in reading.text:
        assert screen.lines == ("答",)
    elif reading.text.strip() and profile.characters is None:
        assert letters("".join(all_lines(presenter))) == letters(reading.text)


def at_once(profile: Profile, text: str) -> Presenter:
    presenter = Presenter(profile, "zh")
    presenter.asked()
    presenter.event(Delta(text))
    presenter.event(Outcome(OutcomeKind.FINISHED, text=text, finish_reason="stop"))
    return presenter


def letters(text: str) -> str:
    return "".join(char for char in text if char.isalnum())


def all_lines(presenter: Presenter) -> list[str]:
    while presenter.screen.page > 1:
        presenter.previous_page()
    lines = list(presenter.screen.lines)
    while presenter.screen.page < presenter.screen.pages:
        lines += presenter.next_page().lines
    return lines
