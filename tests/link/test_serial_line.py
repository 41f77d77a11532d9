"""A serial line on a real pty: its bytes, its rates, its loss, and the ports that are not to be had."""

from __future__ import annotations

import array
import asyncio
import fcntl
import os
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from lines import LIMIT_S, Pty, opened
from lives import as_nobody

from glassd_drivers.contracts import DriverError, PermanentFault, TransientFault
from glassd_drivers.link.serial_port import SerialLine
from glassd_drivers.link.wire import EMPTY_LIMIT, Wire

TCGETS2 = 0x802C542A
DATA = bytes(range(256)) * 64


def rate_of(fd: int) -> int:
    """Return the baud that a terminal is set to (struct termios2, c_ospeed)."""
    facts = array.array("I", [0] * 16)
    fcntl.ioctl(fd, TCGETS2, facts)
    return facts[10]


def descriptors() -> set[str]:
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


def test_what_comes_is_handed_on_whole_and_in_order_however_it_is_split() -> None:
    async def main() -> None:
        with Pty() as pty:
            async with opened(SerialLine(pty.path)) as keeper:
                for size in (1, 3, 100, 4000):
                    for at in range(0, 4000, size):
                        os.write(pty.far, DATA[at : min(at + size, 4000)])
                        await asyncio.sleep(0)
                    await keeper.until(lambda: len(keeper.data) >= 4000)
                    assert keeper.data == DATA[:4000]
                    keeper.data = b""

    asyncio.run(main())


def test_bytes_that_mean_something_to_a_terminal_pass_both_ways() -> None:
    async def main() -> None:
        with Pty() as pty:
            line = SerialLine(pty.path)
            async with opened(line) as keeper:
                every = bytes(range(256))
                os.write(pty.far, every)
                line.write(every)
                await keeper.until(lambda: len(keeper.data) >= 256)
                assert keeper.data == every
                assert os.read(pty.far, 1024) == every

    asyncio.run(main())


def test_a_far_end_that_does_not_read_holds_up_nothing_and_loses_nothing() -> None:
    async def main() -> None:
        with Pty() as pty:
            line = SerialLine(pty.path)
            async with opened(line) as keeper:
                written = b""
                while line.is_clear:
                    line.write(DATA[:4102])
                    written += DATA[:4102]
                    assert len(written) < 1_000_000
                got = b""
                while len(got) < len(written):
                    got += os.read(pty.far, 65536)
                    await asyncio.sleep(0)
                assert got == written
                await keeper.until(lambda: keeper.clear_again == 1)
                assert line.is_clear

    asyncio.run(main())


@pytest.mark.parametrize("rate", [921_600, 3_000_000, 250_000, 12_000_000])
def test_a_rate_is_set_also_one_that_has_no_name(rate: int) -> None:
    async def main() -> None:
        with Pty() as pty:
            line = SerialLine(pty.path)
            async with opened(line) as keeper:
                assert rate_of(pty.far) == line.rate == 115_200
                await line.change_rate(rate)
                assert rate_of(pty.far) == line.rate == rate
                os.write(pty.far, b"after")
                await keeper.until(lambda: keeper.data == b"after")

    asyncio.run(main())


def test_a_far_end_that_hangs_up_is_told_once() -> None:
    async def main() -> None:
        with Pty() as pty:
            line = SerialLine(pty.path)
            async with opened(line) as keeper:
                os.write(pty.far, b"last words")
                await keeper.until(lambda: keeper.data == b"last words")
                pty.hang_up()
                await keeper.until(lambda: bool(keeper.faults))
                assert not line.is_clear
                await asyncio.sleep(0)
        [fault] = keeper.faults
        assert isinstance(fault, TransientFault)
        assert str(fault) == f"{pty.path} was lost: plug the bridge in again"

    asyncio.run(main())


def test_a_line_that_says_there_is_something_and_has_nothing_is_lost() -> None:
    """As the driver of a USB adapter may leave it when that is pulled out: the loop is not to turn for ever.

    No kernel at hand does so, hence the private call.
    """

    async def main() -> None:
        with Pty() as pty:
            near = os.open(pty.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            turned = 0
            async with opened(SerialLine(pty.path)) as keeper:
                wire = Wire(near, "line", "look", keeper)
                for _ in range(EMPTY_LIMIT):
                    wire._read()
                    turned += 1
                    assert not keeper.faults
                wire._read()
                assert [str(fault) for fault in keeper.faults] == ["line was lost: look"]
            os.close(near)

    asyncio.run(main())


def test_closing_leaves_nothing_of_it_and_the_port_for_others() -> None:
    async def main() -> None:
        with Pty() as pty:
            before = descriptors()
            for _ in range(2):
                line = SerialLine(pty.path)
                async with opened(line):
                    line.write(b"parting")
                assert os.read(pty.far, 100) == b"parting"
            assert descriptors() == before
            os.close(os.open(pty.path, os.O_RDWR | os.O_NOCTTY))

    asyncio.run(main())


# -- ports that are not to be had --------------------------------------------------------------------------------------


def refusal(path: object) -> DriverError:
    async def main() -> DriverError:
        with pytest.raises(DriverError) as refused:
            async with opened(SerialLine(str(path))):
                pass
        assert "\n" not in str(refused.value)
        return refused.value

    return asyncio.run(main())


def test_a_port_that_is_not_there_is_waited_for() -> None:
    fault = refusal("/nowhere/bridge")
    assert isinstance(fault, TransientFault)
    assert str(fault) == "/nowhere/bridge is not there: plug the bridge in; `glassd devices` lists serial lines"


def test_a_node_that_outlives_its_device_is_as_one_that_is_not_there() -> None:
    with Pty() as pty:
        held = os.open(pty.path, os.O_RDWR | os.O_NOCTTY)  # keeps the node for as long as it is open
        pty.hang_up()
        try:
            fault = refusal(pty.path)
        finally:
            os.close(held)
    assert isinstance(fault, TransientFault)
    assert "is not there: plug the bridge in" in str(fault)


@pytest.mark.parametrize("what", ["/dev/null", "/dev", __file__])
def test_what_is_no_serial_line_waits_for_a_person(what: str) -> None:
    fault = refusal(what)
    assert isinstance(fault, PermanentFault)
    assert str(fault) == f"{what} is no serial line; `glassd devices` lists serial lines"


LOCKED = """
import sys, serial
port = serial.Serial(sys.argv[1], exclusive=True)
print("held", flush=True)
sys.stdin.read()
"""


def test_a_port_that_another_program_has_is_told_so_and_is_had_once_that_ends() -> None:
    with Pty() as pty:
        other = subprocess.Popen(
            [sys.executable, "-c", LOCKED, pty.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert other.stdout is not None
        with other:
            assert other.stdout.readline() == "held\n"
            fault = refusal(pty.path)
            other.communicate(timeout=LIMIT_S)
        assert isinstance(fault, TransientFault)
        assert str(fault) == f"{pty.path} is in use by another program: end that one"

        async def main() -> None:
            async with opened(SerialLine(pty.path)):
                pass

        asyncio.run(main())


OPENS = """
import asyncio, sys
from glassd_drivers.contracts import DriverError
from glassd_drivers.link.serial_port import SerialLine
import serial
# drop rights
async def main():
    line = SerialLine(sys.argv[1])
    try:
        await line.open(None)
    except DriverError as fault:
        print(type(fault).__name__, fault)
    finally:
        await line.close()
asyncio.run(main())
"""


def test_a_port_without_permission_names_the_group() -> None:
    with Pty() as pty:
        Path(pty.path).chmod(0)
        told = as_nobody(OPENS, pty.path)
    assert told == (f"PermanentFault {pty.path}: no permission; the user that runs glassd needs the group `dialout`\n")


READS = """
import errno, os, sys
# drop rights
try:
    os.open(sys.argv[1], os.O_RDONLY | os.O_NOCTTY)
except OSError as error:
    print(errno.errorcode[error.errno])
"""


def test_while_it_is_open_no_other_program_gets_it() -> None:
    """Not even one that asks nobody, such as `cat`: root alone is let in."""

    async def main(path: str) -> list[str]:
        async with opened(SerialLine(path)):
            meanwhile = await asyncio.to_thread(as_nobody, READS, path)
        return [meanwhile, await asyncio.to_thread(as_nobody, READS, path)]

    with Pty() as pty:
        Path(pty.path).chmod(0o666)
        held = os.open(pty.path, os.O_RDWR | os.O_NOCTTY)  # so that the terminal outlives the line, with its flags
        told = asyncio.run(main(pty.path))
        os.close(held)
    assert told == ["EBUSY\n", ""]


def test_a_port_that_is_set_otherwise_is_set_as_the_link_needs_it() -> None:
    async def main() -> None:
        with Pty() as pty:
            near = os.open(pty.path, os.O_RDWR | os.O_NOCTTY)
            facts = termios.tcgetattr(near)
            facts[0] |= termios.IXON | termios.ICRNL | termios.ISTRIP
            facts[1] |= termios.OPOST
            facts[3] |= termios.ICANON | termios.ECHO
            termios.tcsetattr(near, termios.TCSANOW, facts)
            os.close(near)
            async with opened(SerialLine(pty.path)) as keeper:
                os.write(pty.far, b"\x11\x13\r\n\x80\x00")
                await keeper.until(lambda: len(keeper.data) == 6)
                assert keeper.data == b"\x11\x13\r\n\x80\x00"

    asyncio.run(main())
