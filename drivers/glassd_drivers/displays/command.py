"""Answers spoken: finished sentences, one a line, on the standard input of a program such as espeak-ng or Piper.

A new question and a clear stop it in the middle of a word. The program is called as the config says, never by a shell.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from glassd_drivers.contracts import CONTRACT, Context, DriverConfig, Profile, Screen
from glassd_drivers.displays.profiles import SPEECH
from glassd_drivers.displays.speech import Speech
from glassd_drivers.displays.voice import Voice
from glassd_drivers.threads import DeviceThread

if TYPE_CHECKING:
    from typing import NoReturn

CHECK_S = 0.2
"""Seconds between two looks at whether the program still runs, and has room for what waits."""

Argument = Annotated[str, Field(max_length=4096)]


class CommandConfig(DriverConfig):
    """Which program speaks."""

    run: Annotated[tuple[Argument, ...], Field(min_length=1, max_length=64)]
    """The program and its arguments, each by itself: it reads lines until its input ends."""
    into: Annotated[tuple[Argument, ...], Field(max_length=64)] = ()
    """A second program that gets the first one's output, such as a player; none where absent."""


class CommandDisplay:
    """A program that gets finished sentences on its standard input, such as espeak-ng or Piper: answers spoken."""

    contract: ClassVar[int] = CONTRACT
    profile: ClassVar[str] = SPEECH.name
    Config = CommandConfig

    def __init__(self, config: CommandConfig, context: Context) -> None:
        self._thread = DeviceThread(f"{context.name} command")
        self._voice = Voice(config.run, config.into, context.name)
        self._speech = Speech()

    def fit(self, profile: Profile) -> None:
        """Take note of nothing: what is spoken has no width."""

    async def open(self) -> None:
        """Start the program, which then waits for its first sentence."""
        await self._thread.call(self._voice.start)

    async def show(self, screen: Screen) -> None:
        """Hand over the sentences that are finished by now; return without waiting for them to be spoken."""
        await self._thread.call(self._show, screen)

    async def watch(self) -> NoReturn:
        """Wait until the program has ended; meanwhile hand over what its pipe had no room for."""
        while True:
            await asyncio.sleep(CHECK_S)
            await self._thread.call(self._voice.feed)

    async def close(self) -> None:
        """End the program, in the middle of a word."""
        await self._thread.close(self._voice.stop)

    def _show(self, screen: Screen) -> None:
        """On the driver's thread."""
        silence, sentences = self._speech.update(screen)
        if silence:
            self._voice.hush()
        for sentence in sentences:
            self._voice.say(sentence)
        self._voice.feed()
