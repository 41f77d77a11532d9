"""The driver `gpio` on a chip of the kernel's own: its edges, its losses, its errors, by itself and in the service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rig import glasses

if TYPE_CHECKING:
    from rig.board import Board

PROGRAMS = Path(__file__).parent / "on_board"
PYTHON = "/usr/lib/glassd/bin/python3"
SAID = "/run/edges"
BUTTONS = """
    buttons:
      - driver: gpio
        chip: {chip}
        map: {{SHUTTER: main, BACK: back}}
        active: high
    triggers:
      - when: main press
        ask: "Is it raining?"
"""


def put(board: Board, program: str) -> str:
    """Put a program on the board, and return how it is called there."""
    path = f"/run/{program}"
    board.write(path, (PROGRAMS / program).read_bytes())
    return f"{PYTHON} {path}"


def listen(board: Board, **config: Any) -> None:
    """Have a program on the board write down what the driver says, until that ends with a fault."""
    wired = {"chip": board.gpio.chip, "map": {"SHUTTER": "main", "BACK": "back"}, "active": "high"}
    section = json.dumps(wired | config)
    listener = put(board, "gpio_edges.py")
    board.run(f"systemd-run --quiet --unit=edges --property=StandardOutput=truncate:{SAID} {listener} '{section}'")
    board.until(f"cat {SAID}", '"kind"')


def heard(board: Board, lines: int) -> list[dict[str, Any]]:
    """Return what the driver has said, once that is so many lines; the first says that it is open."""
    board.until(f"test $(wc -l <{SAID}) -ge {lines}")
    return [json.loads(line) for line in board.read(SAID).splitlines()]


def refused(board: Board, *changes: dict[str, Any], user: str = "root") -> list[str]:
    """Return the faults with which openings end, each of a config with some change."""
    wired = {"chip": board.gpio.chip, "map": {"SHUTTER": "main"}}
    sections = " ".join(f"'{json.dumps(wired | change)}'" for change in changes)
    done = board.run(f"runuser -u {user} -- {put(board, 'gpio_edges.py')} {sections}")
    said = [json.loads(line) for line in done.out.splitlines()]
    return [f"{line['kind']}: {line['text']}" for line in said]


def label(board: Board) -> str:
    """Return what the chip is called, whatever its number."""
    return board.shell("gpiodetect").partition("[")[2].partition("]")[0]


def kinds(said: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(line["button"], line["kind"]) for line in said if "button" in line]


def test_it_conforms_with_a_real_chip(board: Board) -> None:
    board.run("modprobe gpio_sim")
    done = board.run(put(board, "gpio_conformance.py"))
    assert {line.partition(": ")[2] for line in done.out.splitlines()} == {"ok"}
    assert "a_held_button_is_lost_with_its_device: ok" in done.out


def test_edges_carry_the_kernels_stamps(board: Board) -> None:
    board.gpio.plug()
    listen(board)
    board.gpio.press("SHUTTER")
    board.gpio.press("BACK")
    said = heard(board, 5)[1:]
    assert kinds(said) == [("main", "down"), ("main", "up"), ("back", "down"), ("back", "up")]
    instants = [line["instant"] for line in said]
    assert instants == sorted(set(instants))
    assert all(line["instant"] < line["read"] for line in said)


def test_a_button_held_at_open_counts_from_its_next_press(board: Board) -> None:
    board.gpio.plug()
    board.gpio.down("SHUTTER")
    listen(board, pull="as_is")
    board.gpio.up("SHUTTER")
    board.gpio.press("BACK")
    board.gpio.down("SHUTTER")
    assert kinds(heard(board, 4)) == [("back", "down"), ("back", "up"), ("main", "down")]


def test_a_chip_that_goes_with_a_button_held_loses_it(board: Board) -> None:
    board.gpio.plug()
    listen(board)
    board.gpio.down("SHUTTER")
    heard(board, 2)
    board.gpio.unplug()
    said = heard(board, 4)
    assert kinds(said) == [("main", "down"), ("main", "lost")]
    assert said[-1]["text"] == f"{board.gpio.chip} was lost: plug it in again, or load its driver"


def test_a_release_that_the_kernel_dropped_is_made_up(board: Board) -> None:
    board.gpio.plug()
    listen(board)
    board.gpio.down("BACK")
    heard(board, 2)
    pull = board.run("echo /sys/devices/platform/gpio-sim.*/gpiochip*/sim_gpio0/pull").out.strip()
    board.run("systemctl kill --signal=STOP edges")
    board.gpio.up("BACK")
    # Each edge with a pause after it, or the kernel makes one event of several.
    toggle = f"echo pull-up >{pull}; sleep 0.001; echo pull-down >{pull}; sleep 0.001"
    board.run(f"for n in $(seq 150); do {toggle}; done", limit_s=150)
    board.run("systemctl kill --signal=CONT edges")
    board.until(f"cat {SAID}", "lost")
    said = kinds(heard(board, 3))
    assert said[0] == ("back", "down")
    assert said[-1] == ("back", "lost")
    main = [kind for button, kind in said if button == "main"]
    assert main == ["down", "up"] * (len(main) // 2)


def test_what_stands_in_the_way_is_named(board: Board) -> None:
    board.gpio.plug()
    listen(board)
    called = label(board)
    chip = f"{Path(board.gpio.chip).name} [{called}]"
    wrong: list[dict[str, Any]] = [
        {},
        {"chip": called},
        {"map": {"SHUTER": "main"}},
        {"map": {"9": "main"}},
        {"chip": "nobody"},
    ]
    in_use = f"{chip}: line 0 (SHUTTER) is in use by glassd buttons.0; end that program, or use `evdev` for a key"
    assert refused(board, *wrong) == [
        f"TransientFault: {in_use} of the device tree",
        f"TransientFault: {in_use} of the device tree",
        f"PermanentFault: {chip} has no line SHUTER; the nearest are SHUTTER, BACK",
        f"PermanentFault: {chip} has no line 9: its 2 lines are 0 to 1",
        f"TransientFault: no GPIO chip is called nobody; there are {chip}",
    ]
    no_permission = "no permission; the user that runs glassd needs the group `gpio`"
    assert refused(board, {}, {"chip": called}, user="nobody") == [
        f"PermanentFault: {board.gpio.chip}: {no_permission}",
        f"PermanentFault: GPIO chip {called}: {no_permission}",
    ]


def test_devices_lists_the_chip_with_its_lines_and_who_uses_them(board: Board) -> None:
    board.gpio.plug()
    listen(board, map={"BACK": "main"})
    [chip] = json.loads(board.run("glassd devices --json").out)["gpio_chips"]
    assert (chip["path"], chip["name"], chip["lines"]) == (board.gpio.chip, label(board), 2)
    assert chip["named"] == [
        {"line": 0, "name": "SHUTTER", "used": False, "used_by": None},
        {"line": 1, "name": "BACK", "used": True, "used_by": "glassd buttons.0"},
    ]
    assert "2 lines: SHUTTER BACK (glassd buttons.0)" in board.run("glassd devices").out


def test_a_press_asks_through_the_service_and_again_after_the_chip_was_gone(board: Board) -> None:
    board.gpio.plug()
    board.write(glasses.CONFIG, glasses.config(board, BUTTONS.format(chip=label(board))))
    board.run("systemctl start glassd")
    press(board)
    board.gpio.unplug()
    glasses.until_device(board, "buttons.0", state="waiting")
    board.gpio.plug()
    press(board)
    assert glasses.shown(board, "NRestarts") == "0"


def press(board: Board) -> None:
    """Press once the driver is ready, and see the question at the model."""
    glasses.until_device(board, "buttons.0")
    board.model.answer_next("No.")
    board.gpio.press("SHUTTER")
    _, body = board.model.request()
    assert "Is it raining?" in json.dumps(body)
