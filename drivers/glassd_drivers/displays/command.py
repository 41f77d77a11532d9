"""Answers spoken: finished sentences, one a line, on the standard input of a program such as espeak-ng or Piper.

A new question and a clear stop it in the middle of a word. The program is called as the config says, never by a shell.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from glassd_drivers.contracts import CONTRACT, Context, DriverConfig, Screen
from glassd_drivers.displays.on_thread import ThreadDisplay
from glassd_drivers.displays.profiles import SPEECH
from glassd_drivers.displays.speech import Speech
from glassd_drivers.displays.voice import Voice

Argument = Annotated[str, Field(max_length=4096)]


class CommandConfig(DriverConfig):
    """Which program speaks."""

    run: Annotated[tuple[Argument, ...], Field(min_length=1, max_length=64)]
    """The program and its arguments, each by itself: it reads lines until its input ends."""
    into: Annotated[tuple[Argument, ...], Field(max_length=64)] = ()
    """A second program that gets the first one's output, such as a player; none where absent."""


class CommandDisplay(ThreadDisplay):
    """A program that gets finished sentences on its standard input, such as espeak-ng or Piper: answers spoken."""

    contract: ClassVar[int] = CONTRACT
    profile: ClassVar[str] = SPEECH.name
    Config = CommandConfig
    check_s: ClassVar[float] = 0.2
    """So soon what waits is handed over once there is room for it."""

    def __init__(self, config: CommandConfig, context: Context) -> None:
        super().__init__(f"{context.name} command", SPEECH)
        self._voice = Voice(config.run, config.into, context.name)
        self._speech = Speech()

    # On the driver's thread from here on.

    def _open(self) -> None:
        """Start the program, which then waits for its first sentence."""
        self._voice.start()

    def _show(self, screen: Screen) -> None:
        """Hand over the sentences that are finished by now; wait for none to be spoken."""
        silence, sentences = self._speech.update(screen)
        if silence:
            self._voice.hush()
        for sentence in sentences:
            self._voice.say(sentence)
        self._voice.feed()

    def _check(self) -> None:
        """See that the program runs, and hand over what its pipe had no room for."""
        self._voice.feed()

    def _release(self) -> None:
        """End the program, in the middle of a word."""
        self._voice.stop()
