"""A line where no bridge answers: silence, another program's talk, a bridge that does not hear, one of the future.

The 8.5 s that a greeting is waited for are scaled down.
"""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING

import pytest
from bridges import made
from lines import Pty
from wire import packet

from glassd_drivers.contracts import DriverError, PermanentFault, TransientFault
from glassd_drivers.host import Host
from glassd_drivers.link import bridge
from glassd_drivers.supervise import OPEN_LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Callable

SCALED_S = 0.5
TALK = b"AT+GMM\r\nOK\r\n\x00[    3.14] ttyUSB0: bogus\r\n\x00" * 40


@pytest.fixture(autouse=True)
def _is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    assert bridge.GREETING_LIMIT_S < OPEN_LIMIT_S
    monkeypatch.setattr(bridge, "GREETING_LIMIT_S", SCALED_S)


def refused(speak: Callable[[int], object], drivers: int = 1) -> list[DriverError]:
    """Open drivers on a line whose far end speaks when it is greeted; return what each raised."""

    async def main() -> list[DriverError]:
        loop = asyncio.get_running_loop()
        host = Host(time.monotonic)
        told: list[DriverError] = []

        async def open_one() -> None:
            driver = made("displays", "bridge", host, device=pty.path)
            try:
                with pytest.raises(DriverError) as refusal:
                    await driver.open()
                told.append(refusal.value)
            finally:
                await driver.close()

        def greeted() -> None:
            os.read(pty.far, 4096)
            speak(pty.far)

        with Pty() as pty:
            held = os.open(pty.path, os.O_RDWR | os.O_NOCTTY)  # the far end of a pty that nobody has open is never calm
            loop.add_reader(pty.far, greeted)
            await asyncio.gather(*(open_one() for _ in range(drivers)))
            loop.remove_reader(pty.far)
            os.close(held)
        return told

    return asyncio.run(main())


def test_all_hear_together_that_no_bridge_answers() -> None:
    told = refused(lambda _: None, drivers=3)
    [words] = {str(fault) for fault in told}
    assert words.startswith("no bridge answers at /dev/pts/")
    assert words.endswith(": is it on, and does its firmware speak the link?")
    assert all(isinstance(fault, TransientFault) for fault in told)


def test_another_programs_talk_is_one_clear_line() -> None:
    [fault] = refused(lambda far: os.write(far, TALK))
    assert isinstance(fault, TransientFault)
    assert "what comes there is no bridge's talk: is `device` the right port, and the firmware on it?" in str(fault)


def test_a_bridge_that_is_heard_and_does_not_hear_points_at_its_wire() -> None:
    here = packet("HERE", lowest=1, highest=1, boot=7)
    [fault] = refused(lambda far: os.write(far, here))
    assert "the bridge is heard and does not hear: look at the wire from the board to the bridge" in str(fault)


def test_a_firmware_of_the_future_is_told_to_all_and_waits_for_a_person() -> None:
    here = packet("HERE", lowest=2, highest=3, boot=7)
    told = refused(lambda far: os.write(far, here), drivers=3)
    [words] = {str(fault) for fault in told}
    assert words.endswith(": the bridge speaks the versions 2 to 3 of the link, this glassd version 1: update glassd")
    assert all(isinstance(fault, PermanentFault) for fault in told)


def test_a_greeting_with_nonsense_in_it_is_no_greeting() -> None:
    nonsense = packet("HERE", lowest=200, highest=3, boot=7) + packet(
        "WELCOME", version=77, session=0, boot=0, fields=bytes(range(256))
    )
    [fault] = refused(lambda far: os.write(far, nonsense))
    assert "the bridge is heard and does not hear" in str(fault)
