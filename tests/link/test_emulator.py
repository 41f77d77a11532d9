"""The emulated bridge: what it says of itself, its line, its pictures, presses, screens, and its faults on demand."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import wire
from emulator import LIMIT_S, SANITIZERS, Emulator, Refused, made_up, program
from plain_host import PlainHost, set_rate

if TYPE_CHECKING:
    from collections.abc import Iterator

UNASKED = 64
"""Chunks that a device sends before the first TAKEN."""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "bridge"


@pytest.fixture
def bridge(place: Path) -> Iterator[Emulator]:
    with Emulator(place) as made:
        yield made


@pytest.fixture
def host(bridge: Emulator) -> Iterator[PlainHost]:
    with PlainHost(bridge.path) as made:
        made.greet()
        yield made


def jpeg(width: int, height: int, grey: int = 128) -> bytes:
    return cv2.imencode(".jpg", np.full((height, width), grey, np.uint8))[1].tobytes()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, width, height in (("1.jpg", 640, 480), ("2.JPG", 320, 240), ("3.jpeg", 640, 480), ("notes.txt", 8, 8)):
        (folder / name).write_bytes(jpeg(width, height, 10 * len(name)))
    return folder


def facts(welcome: dict[str, bytes]) -> dict[int, list[bytes]]:
    """Return WELCOME's fields by their tags."""
    rest, found = welcome["fields"], dict[int, list[bytes]]()
    while rest:
        found.setdefault(rest[0], []).append(rest[2 : 2 + rest[1]])
        rest = rest[2 + rest[1] :]
    return found


def has_ended(port: int) -> bool:
    """Read what is left, and tell whether that was the end: a pty's is an error, a socket's nothing."""
    with contextlib.suppress(OSError):
        while os.read(port, 4096):
            pass
    return True


def numbers(*values: int) -> bytes:
    return b"".join(value.to_bytes(2, "little") for value in values)


# -- what it says of itself --------------------------------------------------------------------------------------------


def test_it_is_the_bridge_that_its_options_say(place: Path, photos: Path) -> None:
    options = "--name glasses --firmware 1.2.3 --buttons main,back --display 24x6 --screen-ms 70 --chunk 512 --delay 35"
    more = f"--room 300 --window 3 --rates 921600,1500000 --camera stills --pictures {photos}"
    with Emulator(place, *options.split(), *more.split()) as bridge, PlainHost(bridge.path) as host:
        welcome = host.greet()
    assert welcome["boot"] == bridge.started["boot"]
    rates = b"".join(rate.to_bytes(4, "little") for rate in (921_600, 1_500_000))
    assert facts(welcome) | {0x03: []} == {
        0x01: [b"glasses"],
        0x02: [b"1.2.3"],
        0x03: [],
        0x04: [numbers(300)],
        0x05: [b"\x03"],
        0x06: [b"\x18\x06" + numbers(70) + b"\x01"],
        0x07: [b"\x01" + numbers(512, 35)],
        0x08: [numbers(640, 480, 320, 240)],
        0x09: [b"main", b"back"],
        0x0A: [rates],
    }


def test_it_can_be_of_another_version(place: Path) -> None:
    with Emulator(place, "--versions", "7-9") as bridge, PlainHost(bridge.path) as host:
        _, here = host.next("HERE")
        assert (here["lowest"], here["highest"]) == (7, 9)
        host.write(wire.packet("HELLO", 0, lowest=1, highest=1, session=host.session, largest=4102))
        assert host.next("HERE", "WELCOME")[0] == "HERE"


# -- the line ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rate", "chunk"), [(115_200, 4096), (921_600, 4096)])
def test_the_line_carries_as_many_bytes_as_its_rate_has_in_that_time(place: Path, rate: int, chunk: int) -> None:
    """Both are told by the emulator, for one instant each: how fast this machine reads does not matter."""
    with Emulator(place, "--chunk", str(chunk), "--pictures", str(UNASKED * chunk)) as bridge:
        with PlainHost(bridge.path) as host:
            host.greet()
            if rate != 115_200:
                host.change_rate(rate)
            host.ask(chunk=chunk)
            host.told()
            before = bridge.stats()
            while host.bytes < before["to_host"] + UNASKED * chunk // 16:
                host.next("CHUNK")
            after = bridge.stats()
        assert after["t"] < before["t"] + UNASKED * chunk * 10 / rate, "the line fell silent: this machine stood still"
        carried = after["to_host"] - before["to_host"]
    assert carried == pytest.approx((after["t"] - before["t"]) * rate / 10, abs=2)


@pytest.mark.parametrize(("rate", "size", "chunk"), [(115_200, 8_000, 1024), (3_000_000, 400_000, 4096)])
def test_a_picture_comes_whole_and_no_faster_than_the_line(place: Path, rate: int, size: int, chunk: int) -> None:
    with Emulator(place, "--chunk", "4096", "--pictures", str(size)) as bridge, PlainHost(bridge.path) as host:
        host.greet()
        if rate != 115_200:
            host.change_rate(rate)
        before = host.bytes
        host.ask(chunk=chunk)
        about, data = host.fetch()
        seconds = host.last_at - bridge.until("picture", bytes=size)["t"]
        assert seconds >= (host.bytes - before - 40) * 10 / rate  # 40: an ACK and PONGs that came before
        bridge.until("released")
    assert (about["size"], data == made_up(0, size)) == (size, True)


def test_where_the_rates_differ_both_ends_see_nonsense(bridge: Emulator) -> None:
    with PlainHost(bridge.path) as host:
        set_rate(host.port, 921_600)
        bridge.until("host_rate", baud=921_600)
        before = bridge.stats()
        watched = ("bad", "from_host_hurt", "to_host_hurt")
        while any(after[each] == before[each] for after in [bridge.stats()] for each in watched):
            host.write(b"hello" * 100)
            host.read(0.02)
        set_rate(host.port, 115_200)
        bridge.until("host_rate", baud=115_200)
        host.write(b"\0")
        assert host.greet()["boot"] == bridge.started["boot"]


def test_a_socket_has_no_rate_unless_it_is_given_one() -> None:
    with Emulator("0", "--pictures", "300000", place="tcp") as bridge, PlainHost(bridge.path) as host:
        host.greet()
        host.ask()
        assert host.fetch()[1] == made_up(0, 300_000)
    paced = ("--pictures", "20000", "--rate", "921600")
    with Emulator("127.0.0.1:0", *paced, place="tcp") as bridge, PlainHost(bridge.path) as host:
        host.greet()
        before = host.bytes
        host.ask()
        host.fetch()
        assert host.last_at - bridge.until("picture")["t"] >= (host.bytes - before - 40) * 10 / 921_600


def test_a_port_without_a_rate_waits_for_its_host(place: Path) -> None:
    size = UNASKED * 4096
    with Emulator(place, "--rate", "none", "--chunk", "4096", "--pictures", str(size)) as bridge:
        with PlainHost(bridge.path) as host:
            host.greet()
            host.ask(chunk=4096)
            bridge.until("picture")
            assert host.fetch()[1] == made_up(0, size)
        assert bridge.stats()["lost"] == 0


# -- pictures ----------------------------------------------------------------------------------------------------------


def test_pictures_of_a_folder_come_in_their_order_by_size(place: Path, photos: Path) -> None:
    with Emulator(place, "--pictures", str(photos)) as bridge, PlainHost(bridge.path) as host:
        host.greet()
        host.change_rate(921_600)
        for size, name in (((0, 0), "1.jpg"), ((640, 480), "3.jpeg"), ((640, 480), "1.jpg"), ((320, 240), "2.JPG")):
            host.ask(*size)
            about, data = host.fetch()
            assert data == (photos / name).read_bytes()
            assert bridge.until("picture")["file"] == name
            assert (about["width"], about["height"]) == ((320, 240) if name == "2.JPG" else (640, 480))


def test_a_size_that_no_picture_has_gets_the_nearest_and_one_not_offered_none(place: Path, photos: Path) -> None:
    offered = ("--sizes", "1280x720,400x300")
    with Emulator(place, "--pictures", str(photos), *offered) as bridge, PlainHost(bridge.path) as host:
        host.greet()
        host.change_rate(921_600)
        host.ask(400, 300)
        assert host.fetch()[1] == (photos / "2.JPG").read_bytes()
        host.ask(320, 240)
        assert host.told() == ("FAILED", {"request": 7, "reason": 3})


def test_the_camera_can_be_made_to_fail_and_to_see_something_else(host: PlainHost, bridge: Emulator) -> None:
    bridge.order("camera fails")
    host.ask()
    assert host.told() == ("FAILED", {"request": 7, "reason": 4})
    assert bridge.until("no_picture")["request"] == 7
    bridge.order("camera works")
    bridge.order("picture 500")
    host.ask()
    assert host.fetch()[1] == made_up(0, 500)


def test_the_exposure_has_the_devices_time(place: Path) -> None:
    options = ("--delay", "100", "--exposure", "150", "--pictures", "500")
    with Emulator(place, *options) as bridge, PlainHost(bridge.path) as host:
        host.greet()
        host.ask()
        about, _ = host.fetch()
        asked, taken = bridge.until("camera"), bridge.until("picture")
    assert taken["exposed"] == pytest.approx(asked["t"] + 0.1, abs=0.002)
    assert taken["t"] == pytest.approx(taken["exposed"] + 0.05, abs=0.002)
    assert taken["device"] == about["time"]


# -- presses, the clock and the display --------------------------------------------------------------------------------


def test_presses_reach_the_host_with_the_devices_time(host: PlainHost, bridge: Emulator) -> None:
    bridge.order("press back 20")
    down, up = host.edge(), host.edge()
    assert [(edge["number"], edge["button"], edge["down"]) for edge in (down, up)] == [(0, 1, 1), (1, 1, 0)]
    assert (up["time"] - down["time"]) % 2**32 == 20_000
    told = bridge.until("edge")
    assert (told["button"], told["down"], told["device"], told["queued"]) == ("back", True, down["time"], True)
    bridge.order("down main")
    bridge.order("up main")
    assert [host.edge()["down"], host.edge()["down"]] == [1, 0]


def test_the_clock_runs_off_as_it_is_told_to(bridge: Emulator) -> None:
    bridge.order("drift 10000")
    before = after = bridge.stats()
    while after["t"] < before["t"] + 0.1:
        after = bridge.stats()
    ran = (after["device"] - before["device"]) % 2**32
    assert ran == pytest.approx((after["t"] - before["t"]) * 1e6 * 1.01, abs=3)


def test_screens_are_recorded_as_they_are_shown(host: PlainHost, bridge: Emulator) -> None:
    said = [
        wire.message("LINE", row=1, text="ein „Wort\\“ 你好 🙂"),
        wire.message("SHOW", page=2, pages=3, mark=4, signs=1),
        wire.message("LINE", row=0, text="first"),
        wire.message("SHOW", page=0, pages=0, mark=6, signs=0),
    ]
    for sequence, each in enumerate(said):
        host.send("DISPLAY", sequence=sequence, message=each)
    first, second = bridge.until("screen"), bridge.until("screen")
    assert first["rows"] == ["", "ein „Wort\\“ 你好 🙂"] + [""] * 8
    assert (first["page"], first["pages"], first["mark"], first["camera"]) == (2, 3, "writing", True)
    assert second["rows"][:2] == ["first", "ein „Wort\\“ 你好 🙂"]
    assert (second["mark"], second["camera"]) == ("cut off", False)


def test_a_slow_display_shows_later_and_acknowledges_then(place: Path) -> None:
    with Emulator(place, "--show-ms", "80") as bridge, PlainHost(bridge.path) as host:
        host.greet()
        host.send("DISPLAY", sequence=0, message=wire.message("SHOW", page=0, pages=0, mark=1, signs=0))
        while host.next("ACK")[1]["display"] == 0:
            pass
        begun, shown = bridge.until("session")["t"], bridge.until("screen")["t"]
        assert begun + 0.08 <= shown <= host.last_at


def test_a_person_sees_the_screen_drawn(place: Path) -> None:
    words = [str(program()), "--pty", str(place), "--display", "12x2", "--draw"]
    environment = os.environ | {"LC_ALL": "C.UTF-8"}
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=environment
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        while not place.is_symlink():
            assert process.stdout.readline()
        with PlainHost(str(place)) as host:
            host.greet()
            host.send("DISPLAY", sequence=0, message=wire.message("LINE", row=1, text="你好 hi"))
            host.send("DISPLAY", sequence=1, message=wire.message("SHOW", page=1, pages=2, mark=4, signs=3))
            seen = ""
            while "writing" not in seen:
                seen += process.stdout.readline()
        process.terminate()
        process.stdout.read()
    box = "┌────────────┐\n│            │\n│你好 hi     │\n└────────────┘\n"
    box += " writing   page 1 of 2   ● the camera looks   ! warning\n"
    assert seen.endswith(box)


# -- faults ------------------------------------------------------------------------------------------------------------


def test_bits_are_bent_and_bytes_lost_and_doubled_each_way(host: PlainHost, bridge: Emulator) -> None:
    bridge.order("double 1 to")
    host.send("PING", number=5)
    raw = b""
    while b"\0\0" not in raw:
        raw += host.read(LIMIT_S)
    whole = raw[: len(raw) & ~1]
    assert whole[::2] == whole[1::2]
    bridge.order("double 0")
    bridge.order("lose 1 from")
    before = bridge.stats()
    host.send("PING", number=6)
    while (after := bridge.stats())["from_host"] < before["from_host"] + 10:
        pass
    assert after["from_host_hurt"] >= before["from_host_hurt"] + 10
    bridge.order("lose 0")
    bridge.order("errors 0.2 from")
    host.write(b"\0" + wire.packet("PING", host.key, number=7) * 3)
    while bridge.stats()["bad"] == before["bad"]:
        pass
    bridge.order("errors 0")
    host.write(b"\0" + wire.packet("PING", host.key, number=8))
    while host.next("PONG")[1]["number"] != 8:
        pass


def test_a_burst_and_noise_are_over_when_they_are_over(bridge: Emulator) -> None:
    with PlainHost(bridge.path) as host:
        bridge.until("opened")
        bridge.order("burst 60 to")
        bridge.order("noise 500 both")
        assert host.greet()["boot"] == bridge.started["boot"]
        assert host.bytes > 500


def test_a_stalled_way_carries_nothing_and_goes_on(bridge: Emulator) -> None:
    with PlainHost(bridge.path) as host:
        bridge.order("stall 600000 to")
        host.send("HELLO", lowest=1, highest=1, session=host.session, largest=4102)
        bridge.until("session")
        before = bridge.stats()["to_host"]
        bridge.until("over")  # a second later
        assert bridge.stats()["to_host"] == before
        bridge.order("stall 0")
        assert host.next("WELCOME", "HERE")


def test_a_bridge_that_hangs_says_nothing_until_it_is_woken(host: PlainHost, bridge: Emulator) -> None:
    bridge.order("die")
    before = bridge.stats()
    host.send("PING", number=1)
    while (after := bridge.stats())["from_host"] < before["from_host"] + 10:
        pass
    bridge.order("press main 0")
    assert bridge.until("edge")["queued"] is False
    assert bridge.stats()["to_host"] - before["to_host"] < 100
    assert after["session"]
    bridge.order("revive")
    assert host.next("PONG", "HERE")


def test_a_reset_in_the_middle_of_a_picture_is_another_boot(host: PlainHost, bridge: Emulator) -> None:
    host.ask()
    host.told()
    host.next("CHUNK")
    bridge.order("reset")
    again = bridge.until("boot")["boot"]
    assert again != bridge.started["boot"]
    assert host.next("HERE")[1]["boot"] == again
    host.session += 1
    host.key = 0
    assert host.greet()["boot"] == again


def test_unplugged_the_port_is_gone_and_comes_back_where_it_was(bridge: Emulator) -> None:
    path = Path(bridge.path)
    first = path.readlink()
    with PlainHost(bridge.path) as host:
        host.greet()
        bridge.order("unplug")
        assert not path.is_symlink()
        assert has_ended(host.port)
    bridge.until("over")
    bridge.order("replug")
    with PlainHost(bridge.path, session=99) as host:
        assert host.greet()["boot"] == bridge.started["boot"]
    with pytest.raises(Refused, match="plugged in"):
        bridge.order("replug")
    assert first.parent == path.readlink().parent


def test_a_line_that_nobody_has_open_keeps_nothing_for_who_comes_next(bridge: Emulator) -> None:
    with PlainHost(bridge.path) as host:
        bridge.until("opened")
        bridge.order("noise 3000 to")
    bridge.until("closed")
    bridge.order("noise 500 to")
    assert bridge.stats()["unseen"] >= 500
    with PlainHost(bridge.path) as host:
        host.greet()
        assert host.bytes < 300


# -- places ------------------------------------------------------------------------------------------------------------


def test_a_second_host_is_turned_away() -> None:
    with Emulator("0", place="tcp") as bridge, PlainHost(bridge.path) as host:
        host.greet()
        at, _, port = bridge.path.rpartition(":")
        with socket.create_connection((at, int(port)), LIMIT_S) as second:
            assert second.recv(1) == b""
        host.send("PING", number=3)
        assert host.next("PONG")


def test_it_listens_at_a_unix_socket_or_calls_one(tmp_path: Path) -> None:
    there = str(tmp_path / "socket")
    hello = wire.packet("HELLO", 0, lowest=1, highest=1, session=5, largest=4102)
    with Emulator(there, place="unix") as bridge, socket.socket(socket.AF_UNIX) as host:
        host.connect(there)
        host.sendall(hello)
        bridge.until("session")
    assert not Path(there).exists()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(there)
        listener.listen()
        listener.settimeout(LIMIT_S)
        with Emulator(there, place="connect") as bridge:
            for session in (5, 6):  # it calls again when it was hung up on
                with listener.accept()[0] as host:
                    host.sendall(wire.packet("HELLO", 0, lowest=1, highest=1, session=session, largest=4102))
                    bridge.until("session")
                bridge.until("closed")


def test_what_is_at_the_path_already_is_not_taken_away(tmp_path: Path) -> None:
    file, link, live = (tmp_path / name for name in ("file", "link", "live"))
    file.write_text("mine")
    link.symlink_to(file)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(live))
        listener.listen()
        for kind, taken in (("pty", file), ("pty", link), ("pty", live), ("unix", file), ("unix", live)):
            done = subprocess.run([program(), f"--{kind}", taken], capture_output=True, text=True, check=False)
            assert (done.returncode, "something else at the path" in done.stderr) == (1, True), done.stderr
        assert (link.read_text(), live.is_socket()) == ("mine", True)


def test_what_an_emulator_that_was_killed_has_left_is_taken_over(place: Path) -> None:
    for kind in ("pty", "unix"):
        with Emulator(place, place=kind) as bridge:
            bridge.process.kill()
            bridge.process.wait(LIMIT_S)
            assert place.is_symlink() or place.is_socket()
            with Emulator(place, place=kind):
                pass
        assert not os.path.lexists(place)


def test_it_leaves_nothing_behind(place: Path) -> None:
    with Emulator(place) as bridge:
        assert place.is_symlink()
        assert bridge.process.stdin is not None
        bridge.process.stdin.close()
        with PlainHost(bridge.path) as host:
            host.greet()  # though nobody can order it about any more
        bridge.process.send_signal(signal.SIGINT)
        assert bridge.process.wait(LIMIT_S) == 0
    assert not place.is_symlink()


# -- orders and words --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("jump", "no such command"),
        ("press", "it is: press NAME"),
        ("press nose", "no such button: nose"),
        ("errors 2", "from 0 to 1"),
        ("errors 1e-5 up", "the way is"),
        ("stall soon", "a number"),
        ("drift 1 2", "it is: drift PPM"),
        ("picture /nowhere", "No such file"),
        ("picture 0", "from 1 to"),
        ("camera sleeps", "`fails` or `works`"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_with_what_would(bridge: Emulator, command: str, why: str) -> None:
    with pytest.raises(Refused, match=re.escape(why)):
        bridge.order(command)


def test_a_script_orders_at_its_times(place: Path, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("# a morning\n0 drift 5\n0.05 press main 10\n\n0.1 down back\n")
    with Emulator(place, "--script", str(script)) as bridge:
        start = bridge.started["t"]
        bridge.until("did", command="drift 5")
        for after, button, down in ((0.05, "main", True), (0.06, "main", False), (0.1, "back", True)):
            edge = bridge.until("edge")
            assert (edge["button"], edge["down"]) == (button, down)
            assert edge["t"] >= start + after


@pytest.mark.parametrize(
    ("words", "status", "why"),
    [
        ([], 2, "say where"),
        (["--pty", "a", "--tcp", "1"], 2, "one place"),
        (["--nonsense"], 2, "no such option: --nonsense"),
        (["here"], 2, "no option: here"),
        (["--pty"], 2, "a value is missing after: --pty"),
        (["--pty", "a", "--chunk", "10"], 2, "--chunk takes a number from 64 to 4096: 10"),
        (["--pty", "a", "--display", "24"], 2, "--display takes a number"),
        (["--pty", "/nowhere/at/all"], 1, "could not be made to lead"),
        (["--pty", "a", "--pictures", "/nowhere"], 1, "/nowhere: No such file"),
        (["--pty", "a", "--script", "wrong"], 1, "wrong:2: a line begins with seconds"),
    ],
)
def test_a_command_line_with_a_mistake_says_which(tmp_path: Path, words: list[str], status: int, why: str) -> None:
    (tmp_path / "wrong").write_text("1 press main\nsoon press main\n")
    done = subprocess.run([program(), *words], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, why in done.stderr) == (status, True), done.stderr
    assert not (tmp_path / "a").is_symlink()


def test_help_tells_of_every_option() -> None:
    told = subprocess.run([program(), "--help"], capture_output=True, text=True, check=True).stdout
    source = (Path(__file__).parents[2] / "drivers/bridge_firmware/emulator/options.c").read_text()
    options = set(re.findall(r'^    \{"(\w[\w-]*)"', source, re.MULTILINE))
    assert set(re.findall(r"^  --([\w-]+)", told, re.MULTILINE)) == options >= {"pty", "seed", "draw"}


# -- all at once, under sanitizers -------------------------------------------------------------------------------------


def test_a_bad_day_under_sanitizers(place: Path, photos: Path) -> None:
    bridge = Emulator(place, "--pictures", str(photos), flags=SANITIZERS)
    try:
        with PlainHost(bridge.path) as host:
            host.greet()
            host.change_rate(921_600)
            host.ask(mode=2)
            host.fetch()
            for order in ("errors 1e-3", "lose 1e-3", "double 1e-3", "noise 2000", "burst 300", "press main", "reset"):
                bridge.order(order)
                host.send("PING", number=1)
                host.read(0.05)
        assert bridge.process.stdin is not None
        bridge.process.stdin.write("x" * 10_000 + "\n")
        for order in ("picture 100000", f"picture {photos}", "unplug", "replug", "help"):
            bridge.order(order)
        with PlainHost(bridge.path, session=12) as host:
            bridge.order("errors 0")
            bridge.order("lose 0")
            bridge.order("double 0")
            host.greet()
            host.ask()
            host.told()
            bridge.order("unplug")
        bridge.order("quit")
        assert bridge.process.wait(LIMIT_S) == 0
    finally:
        complaints = bridge.close()
    assert "Sanitizer" not in complaints
    assert "runtime error" not in complaints
