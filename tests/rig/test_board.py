"""The virtual board itself: what a test does to it arrives in the guest, and what the guest does arrives here."""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING

from glassd import __version__
from rig import snapshots
from rig.board import Board

if TYPE_CHECKING:
    from pathlib import Path

INPUT_EVENT = struct.Struct("llHHi")
"""The kernel's struct input_event, for 64 bit: seconds, microseconds, type, code, value."""
EV_KEY, KEY_ENTER = 1, 28
CLOCK_TOLERANCE_S = 60


def test_a_command_runs_as_root_and_gives_its_status_and_what_it_wrote(bare_board: Board) -> None:
    done = bare_board.run("id -un; echo wrong >&2; exit 3", status=3)
    assert (done.out, done.err) == ("root\n", "wrong\n")
    assert bare_board.shell("systemctl is-system-running") == "running"
    assert bare_board.shell("systemctl --failed --quiet") == ""


def test_files_go_in_and_come_out_as_they_were(bare_board: Board, tmp_path: Path) -> None:
    content = bytes(range(256)) * 40_000
    (tmp_path / "large").write_bytes(content)
    bare_board.push(tmp_path / "large", "/opt/a folder/large", 0o755)
    assert bare_board.read("/opt/a folder/large") == content
    bare_board.write("/opt/a folder/small", "words\n", 0o600)
    assert bare_board.read("/opt/a folder/small") == b"words\n"
    assert bare_board.shell("stat --format=%a '/opt/a folder/'*") == "755\n600"


def test_a_key_arrives_as_an_input_event(bare_board: Board) -> None:
    bare_board.buttons.plug()
    keyboard = bare_board.until("ls /dev/input/by-id/*BUTTONS-1*-event-kbd").out.strip()
    bare_board.run(f"systemd-run --unit=reader --property=StandardOutput=file:/run/events cat {keyboard}")
    bare_board.until("ls -l /proc/$(systemctl show --property=MainPID --value reader)/fd", "/dev/input/")
    bare_board.buttons.press("enter")
    bare_board.until("test $(stat --format=%s /run/events) -ge 144")
    events = [event[2:] for event in INPUT_EVENT.iter_unpack(bare_board.read("/run/events"))]
    assert [event for event in events if event[0] == EV_KEY] == [(EV_KEY, KEY_ENTER, 1), (EV_KEY, KEY_ENTER, 0)]
    bare_board.buttons.unplug()
    bare_board.until(f"! test -e {keyboard}")


def test_a_gpio_line_has_a_name_and_gives_edges(bare_board: Board) -> None:
    gpio = bare_board.gpio
    gpio.plug(["BACK", "SHUTTER"])
    assert bare_board.shell("gpiofind SHUTTER") == f"{gpio.chip.removeprefix('/dev/')} 1"
    bare_board.run("systemd-run --unit=edges gpiomon --num-events=2 --format=%e $(gpiofind SHUTTER)")
    bare_board.until(f"gpioinfo {gpio.chip}", "gpiomon")
    gpio.press("SHUTTER")
    bare_board.until("systemctl show --property=ActiveState edges", "inactive")
    assert bare_board.shell("journalctl --unit=edges --output=cat | grep -x '[01]'") == "1\n0"
    gpio.unplug()
    bare_board.run(f"! test -e {gpio.chip}")


def test_the_bridge_carries_bytes_both_ways(bare_board: Board) -> None:
    bridge = bare_board.bridge
    bridge.plug()
    tty = bare_board.until("ls /dev/serial/by-id/*BRIDGE-1*").out.strip()
    bare_board.run(
        f"stty -F {tty} raw -echo && systemd-run --unit=echo --property=StandardInput=file:{tty} sh -c 'cat >{tty}'"
    )
    bridge.send(b"\x00to the board and back\xff")
    bridge.line.until(b"\x00to the board and back\xff")
    bridge.unplug()
    bare_board.until(f"! test -e {tty}")
    bare_board.until("systemctl show --property=ActiveState echo", "ctive")


def test_the_guest_reaches_the_model_server(bare_board: Board) -> None:
    bare_board.model.answer_next("hello")
    fetch = f"import urllib.request as u; print(u.urlopen('{bare_board.model.url}/chat/completions', b'{{}}').read())"
    assert "hello" in bare_board.run(f'python3 -c "{fetch}"').out
    assert bare_board.model.request()[1] == {}


def test_what_is_written_to_the_second_serial_line_is_shown(bare_board: Board) -> None:
    display = bare_board.display
    bare_board.run(rf"printf 'first\r\n\033[2Jsecond\033[5;3Hthird' >{display.tty}")
    display.until("third")
    assert display.text().startswith("first")
    assert (display.screen()[1][:6], display.screen()[4]) == ("second", "  third")


def test_the_guests_own_driver_takes_a_picture_from_the_camera(bare_board: Board) -> None:
    bare_board.camera.plug()
    bare_board.until("test -c /dev/video0")
    bare_board.run("v4l2-ctl --stream-mmap --stream-count=3 --stream-to=/run/picture --stream-skip=2", limit_s=60)
    assert bare_board.read("/run/picture").startswith(b"\xff\xd8")


def test_a_board_knows_the_time_and_nothing_of_what_another_wrote(bare_board: Board) -> None:
    assert abs(float(bare_board.shell("date +%s.%N")) - time.time()) < CLOCK_TOLERANCE_S
    bare_board.write("/srv/mine", "words")
    bare_board.run("sync")
    with Board(snapshots.booted()) as other:
        other.run("! test -e /srv/mine")
    assert bare_board.read("/srv/mine") == b"words"


def test_a_reboot_keeps_files_and_what_is_plugged_in(bare_board: Board) -> None:
    bare_board.write("/srv/mine", "words")
    bare_board.buttons.plug()
    bare_board.until("ls /dev/input/by-id/*BUTTONS-1*")
    boot = bare_board.read("/proc/sys/kernel/random/boot_id")
    bare_board.reboot()
    assert bare_board.read("/proc/sys/kernel/random/boot_id") != boot
    assert bare_board.read("/srv/mine") == b"words"
    bare_board.until("ls /dev/input/by-id/*BUTTONS-1*")
    assert bare_board.shell("systemctl is-system-running --wait") == "running"


def test_the_guest_reaches_nothing_but_this_machine(bare_board: Board) -> None:
    assert bare_board.shell("ip route show default; ip -6 route show default") == ""
    assert "unreachable" in bare_board.run("bash -c '</dev/tcp/192.0.2.1/80'", status=1).err


def test_the_installed_board_has_this_trees_package_and_no_config(board: Board) -> None:
    assert board.shell("dpkg-query --show --showformat='${Status} ${Version}' glassd").endswith(
        f"ok installed {__version__}+deb12"
    )
    assert board.shell("systemctl show --property=ActiveState glassd") == "ActiveState=inactive"
    board.run("! test -e /etc/glassd/glassd.yaml")
