"""`glassd setup` asked and answered at a real terminal."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import boards
import pytest
from emulator import Emulator
from technician import Technician, technician
from wcwidth import wcswidth

from glassd.config.load import load
from glassd_drivers.buttons.input_events import EV_KEY, EV_SYN, EVENT
from glassd_drivers.buttons.keycodes import KEY_CODES
from paths import TREE

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path
    from typing import Any

KEY = "sk-4f1c0ffee1234567"
DASHSCOPE_URL = "https://dashscope.aliyuncs.com/compatible-mode/v1"
LANGUAGE = ("Number [2]", "")
DASHSCOPE = (LANGUAGE, ("Number [1]", ""), ("pictures [", ""), ("without a picture [", ""), ("Key of dashscope", KEY))
WRITE = ("changes a line", "")


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(test)


def config_of(folder: Path) -> Path:
    return boards.places(folder).config


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file and folder of the board's /etc."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in (folder / "etc").rglob("*")
    }


def check(config: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "glassd", "check", str(config)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "GLASSD_KEY_DASHSCOPE": "k"}
    )


async def first_run(person: Technician) -> None:
    """Answer all that is asked on a board with a camera, a keyboard and a screen."""
    await person.answers(*DASHSCOPE)
    await person.sees_text("Press the button")
    await person.presses("")
    await person.answers(("Number [1]", ""), WRITE)
    assert await person.ends() == 0, person.transcript()


def test_enter_at_every_question_makes_a_config_without_mistakes(tmp_path: Path) -> None:
    async def session() -> None:
        async with technician(tmp_path, "usb") as person:
            await first_run(person)
            said = person.transcript()
        done = check(config_of(tmp_path))
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines() == [
            f"model 1: {DASHSCOPE_URL}, vision qwen-vl-plus, text qwen-plus, key dashscope",
            "model 2: reader",
            "camera: uvc, ring",
            "buttons: evdev",
            "displays: terminal",
            "main press: asks 'What is this?' (known 300ms after its release: until then it may become a double)",
            "main double: asks 'Read the text in the picture.'",
            "main long: does cancel (known after 600ms of holding)",
            "down press: does next page",
            "up press: does previous page",
            "back press: does clear",
            "journal: when each ask came, how it ended and what it cost, for 90d, 64MiB at most",
            "no mistakes",
        ]
        assert "Next: systemctl enable --now glassd" in said
        assert "TTYPath=/dev/tty1" in boards.places(tmp_path).terminal.read_text()

    run(session())


def test_the_key_is_for_root_alone_and_stands_nowhere_else(tmp_path: Path) -> None:
    async def session() -> None:
        async with technician(tmp_path, "usb") as person:
            await first_run(person)
            said = person.transcript()
        credentials = boards.places(tmp_path).credentials
        key = credentials / "dashscope"
        assert key.read_text() == f"{KEY}\n"
        assert [stat.S_IMODE(path.stat().st_mode) for path in (key, credentials, config_of(tmp_path))] == [
            0o600,
            0o700,
            0o644,
        ]
        assert KEY not in said
        assert [name for name, data in tree(tmp_path).items() if KEY.encode() in data] == [
            "etc/credstore/glassd/dashscope"
        ]

    run(session())


def test_what_is_found_is_named(tmp_path: Path) -> None:
    async def session() -> None:
        async with technician(tmp_path, "busy") as person:
            await person.answers(LANGUAGE)
            await person.is_asked("Number [1]")
            said = person.transcript()
        for line in (
            "camera: HIL Camera",
            "camera: 二号摄像头",
            "buttons: Clicker",
            "bridge: FT232R USB UART",
            "display: none",
            "not usable: /dev/video9: cannot be asked: Device or resource busy",
        ):
            assert f"  {line}\n" in said

    run(session())


def test_of_two_cameras_one_is_chosen_with_what_it_can_do(tmp_path: Path) -> None:
    async def session() -> None:
        async with technician(tmp_path, "busy") as person:
            await person.answers(LANGUAGE, ("Number [1]", "4"), ("Number [1]", "2"), ("Number [1]", ""))
            await person.sees_text("Press the button")
            await person.presses("")
            await person.answers(("Number [1]", "3"), WRITE)
            assert await person.ends() == 0
        camera = load(config_of(tmp_path)).config.camera
        assert camera is not None
        assert camera.options.model_dump(mode="json", include={"device", "size", "fps"}) == {
            "device": "/dev/v4l/by-id/video2",
            "size": [800, 600],
            "fps": 10,
        }
        assert "# The camera: 二号摄像头." in config_of(tmp_path).read_text()

    run(session())


def test_a_bridge_is_asked_for_its_buttons_and_plays_all_roles(tmp_path: Path) -> None:
    async def session() -> None:
        boards.make(tmp_path)
        with Emulator(tmp_path / "dev/bridge", "--name", "lab glasses", "--buttons", "shutter,back,side key"):
            async with technician(tmp_path, "bridge") as person:
                await person.answers(LANGUAGE, ("Number [1]", "4"), *[("Number [1]", "")] * 3, WRITE)
                assert await person.ends() == 0, person.transcript()
                assert "It is lab glasses; its buttons: shutter, back, side key" in person.transcript()
        config = load(config_of(tmp_path)).config
        assert config.camera is not None
        sections: list[Any] = [config.camera, *config.buttons, *config.displays]
        assert [section.driver for section in sections] == ["bridge"] * 3
        assert {section.options.device for section in sections} == {str(tmp_path / "dev/bridge")}
        assert sections[1].options.map == {"shutter": "main", "back": "back", "side key": "side_key"}
        assert [str(trigger.when) for trigger in config.triggers] == [
            *("main press", "main double", "main long", "back press")
        ]

    run(session())


def test_a_bridge_that_does_not_answer_gets_the_buttons_that_glassd_knows(tmp_path: Path) -> None:
    async def session() -> None:
        boards.make(tmp_path)
        async with technician(tmp_path, "bridge") as person:
            await person.answers(LANGUAGE, ("Number [1]", "4"), *[("Number [1]", "")] * 3, WRITE)
            assert await person.ends() == 0, person.transcript()
            assert "so these are taken: main, down, up, back" in person.transcript()
        buttons: list[Any] = load(config_of(tmp_path)).config.buttons
        assert buttons[0].options.map == {name: name for name in ("main", "down", "up", "back")}

    run(session())


# -- the button that is pressed ---------------------------------------------------------------------------------------


def events(*changes: tuple[str, int]) -> bytes:
    """Return what the kernel writes for keys that go down (1) and up (0)."""
    return b"".join(
        EVENT.pack(1, 0, EV_KEY, KEY_CODES[key], value) + EVENT.pack(1, 0, EV_SYN, 0, 0) for key, value in changes
    )


async def buttons_after(tmp_path: Path, node: str, data: bytes, typed: str = "") -> Any:
    """Return the buttons of the config once these events have come, and this was typed right after."""
    boards.make(tmp_path)
    device = os.open(tmp_path / "dev/input" / node, os.O_RDWR | os.O_NONBLOCK)
    try:
        async with technician(tmp_path, "usb") as person:
            await person.answers(LANGUAGE, ("Number [1]", "4"))
            await person.sees_text("(Enter here takes")
            os.write(device, data)
            person.type(typed)
            await person.answers(("Number [1]", ""), WRITE)
            assert await person.ends() == 0
    finally:
        os.close(device)
    (buttons,) = load(config_of(tmp_path)).config.buttons
    return buttons.options


def test_the_main_button_is_the_one_that_is_pressed(tmp_path: Path) -> None:
    async def session() -> None:
        options = await buttons_after(tmp_path, "event1", events(("KEY_PLAYPAUSE", 1), ("KEY_PLAYPAUSE", 0)))
        assert options.map == {"KEY_PLAYPAUSE": "main", "KEY_VOLUMEDOWN": "down", "KEY_VOLUMEUP": "up"}
        assert str(options.device) == "/dev/glassd/by-id/buttons-Clicker"
        assert options.grab, "a remote control is for glassd alone"

    run(session())


def test_a_key_that_was_down_before_and_a_modifier_are_no_press(tmp_path: Path) -> None:
    async def session() -> None:
        data = events(("KEY_ENTER", 0), ("KEY_LEFTCTRL", 1), ("KEY_C", 1), ("KEY_C", 0), ("KEY_LEFTCTRL", 0))
        options = await buttons_after(tmp_path, "event0", data + events(("KEY_A", 1), ("KEY_A", 0)))
        assert options.map == {"KEY_A": "main", "KEY_DOWN": "down", "KEY_UP": "up", "KEY_ESC": "back"}
        assert not options.grab, "a keyboard may be how somebody works at the board"

    run(session())


def test_enter_on_the_found_keyboard_itself_is_that_key(tmp_path: Path) -> None:
    async def session() -> None:
        boards.make(tmp_path)
        device = os.open(tmp_path / "dev/input/event0", os.O_RDWR | os.O_NONBLOCK)
        async with technician(tmp_path, "usb") as person:
            await person.answers(LANGUAGE, ("Number [1]", "4"))
            await person.sees_text("(Enter here takes")
            os.write(device, events(("KEY_ENTER", 1)))
            await person.presses("")  # the terminal hears the same key
            os.write(device, events(("KEY_ENTER", 0)))
            await person.sees_text("ENTER of USB Keyboard.")
            assert "ENTER of USB Keyboard, then." not in person.transcript()
        os.close(device)

    run(session())


# -- leaving ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way_out", ["\x03", "\x04"], ids=["Ctrl-C", "end of input"])
@pytest.mark.parametrize("answered", range(8))
def test_leaving_at_any_question_leaves_all_as_it_was(tmp_path: Path, way_out: str, answered: int) -> None:
    questions = [*DASHSCOPE, ("takes ENTER", ""), ("Number [1]", ""), WRITE]

    async def session() -> None:
        boards.make(tmp_path)
        config_of(tmp_path).parent.mkdir(parents=True)
        before = tree(tmp_path)
        async with technician(tmp_path, "usb") as person:
            for at, (question, answer) in enumerate(questions[: answered + 1]):
                if question == "takes ENTER":
                    await person.sees_text("(Enter here takes")
                    await person.listens()
                else:
                    await person.is_asked(question)
                person.type(way_out if at == answered else f"{answer}\n")
                if question == "takes ENTER" and at == answered and way_out == "\x04":
                    await person.is_asked("Number [1]")  # an empty line as good as Enter; the next question ends it
                    person.type(way_out)
            assert await person.ends() == 130, person.transcript()
            assert "All is as it was before." in person.transcript()
        assert tree(tmp_path) == before

    run(session())


# -- again ------------------------------------------------------------------------------------------------------------


def test_a_second_run_keeps_everything_at_enter(tmp_path: Path) -> None:
    async def session() -> None:
        async with technician(tmp_path, "usb") as person:
            await first_run(person)
        before = tree(tmp_path)
        async with technician(tmp_path, "usb") as person:
            await person.answers(LANGUAGE, WRITE)
            assert await person.ends() == 0
            assert "Nothing to change in" in person.transcript()
        assert tree(tmp_path) == before

    run(session())


OWN = """\
# Our own words at the top.

# The models of the lab.
model:
  endpoints:
    - {url: "http://10.0.0.7:8000/v1", vision: qwen2.5-vl-7b}   # the big one
    - url: reader

buttons:
  - {driver: evdev, device: /dev/input/event7, map: {KEY_OK: main}, grab: true}
triggers:
  - {when: main press, ask: "Was ist das?"}

# Apps ask us too.
gateway: {listen: 127.0.0.1:8734}
log: {level: debug}
"""


def test_what_is_not_changed_stays_as_it_was_written(tmp_path: Path) -> None:
    async def session() -> None:
        boards.make(tmp_path)
        config = config_of(tmp_path)
        config.parent.mkdir(parents=True)
        config.write_text(OWN)
        async with technician(tmp_path, "usb") as person:
            await person.answers(("[1]", "2"), ("changes a line", "3"), ("Number [1]", "1"), WRITE, ("y/n", "y"))
            assert await person.ends() == 0
        text = config.read_text()
        for kept in (
            "# The models of the lab.\nmodel:\n  endpoints:\n    - {url: ",
            "vision: qwen2.5-vl-7b}   # the big one\n",
            "buttons:\n  - {driver: evdev, device: /dev/input/event7, map: {KEY_OK: main}, grab: true}\n",
            '  - {when: main press, ask: "Was ist das?"}\n',
            "# Apps ask us too.\ngateway: {listen: 127.0.0.1:8734}\n\nlog: {level: debug}\n",
        ):
            assert kept in text
        assert "device: /dev/glassd/camera\n" in text
        assert config.with_name("glassd.yaml.old").read_text() == OWN
        assert check(config).returncode == 0

    run(session())


def test_a_trigger_for_scene_changes_is_shown_and_kept_whatever_buttons_there_are(tmp_path: Path) -> None:
    scene = '  - {when: scene change, ask: "Where am I?"}\n'
    own = OWN.replace("buttons:", "camera: {driver: uvc, device: /dev/video7}\nbuttons:").replace(
        "\n# Apps", f"{scene}\n# Apps"
    )

    async def session() -> None:
        boards.make(tmp_path)
        config_of(tmp_path).parent.mkdir(parents=True)
        config_of(tmp_path).write_text(own)
        async with technician(tmp_path, "usb") as person:
            await person.answers(("[1]", "2"), ("changes a line", "3"), ("Number [1]", "1"), WRITE, ("y/n", "y"))
            assert await person.ends() == 0
            assert "scene change: Where am I?" in person.transcript()
        assert scene in config_of(tmp_path).read_text()
        assert check(config_of(tmp_path)).returncode == 0

    run(session())


def test_without_a_yes_nothing_is_written_over(tmp_path: Path) -> None:
    """The config has no language of its own, so the questions are Chinese."""

    async def session() -> None:
        boards.make(tmp_path)
        config_of(tmp_path).parent.mkdir(parents=True)
        config_of(tmp_path).write_text(OWN)
        before = tree(tmp_path)
        async with technician(tmp_path, "usb") as person:
            await person.answers(("编号 [1]", ""), ("修改那一行", ""), ("y/n", "n"))
            assert await person.ends() == 1
            assert "没有做任何改动。" in person.transcript()
        assert tree(tmp_path) == before

    run(session())


def test_a_config_with_mistakes_is_told_of_and_kept_beside(tmp_path: Path) -> None:
    async def session() -> None:
        boards.make(tmp_path)
        config_of(tmp_path).parent.mkdir(parents=True)
        config_of(tmp_path).write_text("model: {}\n")
        async with technician(tmp_path, "nothing") as person:
            await person.answers(LANGUAGE, ("Number [1]", "4"), ("Number [2]", ""), WRITE, ("y/n", "y"))
            assert await person.ends() == 0
            assert "glassd.yaml:1:1: model.endpoints: expected this key" in person.transcript()
        assert config_of(tmp_path).with_name("glassd.yaml.old").read_text() == "model: {}\n"
        assert check(config_of(tmp_path)).returncode == 0

    run(session())


# -- other ways -------------------------------------------------------------------------------------------------------


def test_a_model_in_the_network_needs_its_address_and_no_key(tmp_path: Path) -> None:
    async def session() -> None:
        async with technician(tmp_path, "nothing") as person:
            await person.answers(
                LANGUAGE,
                ("Number [1]", "3"),
                ("Address [", "ten dot zero"),
                ("Address [", "http://10.0.0.7:8000/v1"),
                ("Model for pictures [", "qwen2.5-vl-7b"),
                ("Number [2]", ""),
                WRITE,
            )
            assert await person.ends() == 0
            assert "never sent over plain http" in person.transcript()
        first, last = load(config_of(tmp_path)).config.model.endpoints
        assert (first.url, first.vision, first.text, first.key) == (
            "http://10.0.0.7:8000/v1",
            "qwen2.5-vl-7b",
            None,
            None,
        )
        assert last.url == "reader"

    run(session())


def test_what_can_be_no_key_is_asked_for_again(tmp_path: Path) -> None:
    async def session() -> None:
        async with technician(tmp_path, "nothing") as person:
            await person.answers(*DASHSCOPE[:4], ("Key of dashscope", ""), ("Key of dashscope", "my secret key"))
            await person.answers(("Key of dashscope", KEY), ("Number [2]", ""), WRITE)
            assert await person.ends() == 0
            assert person.transcript().count("A key has letters, digits and signs alone") == 2
            assert "my secret key" not in person.transcript()
        assert (boards.places(tmp_path).credentials / "dashscope").read_text() == f"{KEY}\n"

    run(session())


def test_buttons_on_lines_of_the_board(tmp_path: Path) -> None:
    async def session() -> None:
        async with technician(tmp_path, "gpio") as person:
            await person.answers(
                LANGUAGE,
                ("Number [1]", "4"),
                ("Number [1]", "2"),
                ("Line of the main button", "GPIO2"),  # which something else uses
                ("Line of the main button", "GPIO17"),
                ("Line of the button down", "27"),
                ("Line of the button up", ""),
                ("Line of the button back", ""),
                ("Number [2]", ""),
                WRITE,
            )
            assert await person.ends() == 0
        (buttons,) = load(config_of(tmp_path)).config.buttons
        assert buttons.driver == "gpio"
        assert buttons.options.model_dump(include={"chip", "map"}) == {
            "chip": "pinctrl-rp1",
            "map": {"GPIO17": "main", "27": "down"},
        }

    run(session())


def test_a_press_gets_another_question_and_a_key_another_name(tmp_path: Path) -> None:
    async def session() -> None:
        async with technician(tmp_path, "usb") as person:
            await person.answers(LANGUAGE, ("Number [1]", "4"))
            await person.sees_text("(Enter here takes")
            await person.presses("")
            await person.answers(("Number [1]", "3"), ("changes a line", "6"), ("Number [1]", "2"), ("Number [1]", "5"))
            await person.answers(("Your question", "Which bus is this?"), ("changes a line", "4"), ("Number [1]", "1"))
            await person.sees_text("(Enter here takes")
            await person.presses("")
            await person.answers(("button main", ""), ("button down", "pagedown"), ("button down", "up"))
            await person.answers(("button up", "-"), ("button back", "-"), WRITE)
            assert await person.ends() == 0
            assert "No key pagedown on USB Keyboard; it has: ESC, ENTER, A" in person.transcript()
        config = load(config_of(tmp_path)).config
        assert config.buttons[0].options.map == {"KEY_ENTER": "main", "KEY_UP": "down"}  # type: ignore[attr-defined]
        # The triggers were for buttons that are no more, so they are the standard ones again.
        assert [str(one.when) for one in config.triggers] == [
            "main press",
            "main double",
            "main long",
            "down press",
        ]

    run(session())


def test_chinese_from_the_second_question_on_within_80_columns(tmp_path: Path) -> None:
    async def session() -> None:
        async with technician(tmp_path, "usb", LANG="zh_CN.UTF-8") as person:
            await person.answers(("[1]", ""), ("编号 [1]", ""), ("看图的模型 [", ""), ("不看图的模型 [", ""))
            await person.answers(("dashscope 的密钥", KEY))
            await person.sees_text("在这里按 Enter")
            await person.presses("")
            await person.answers(("编号 [1]", "3"), ("修改那一行", ""))
            assert await person.ends() == 0
            lines = person.transcript().splitlines()
        assert [line for line in lines if wcswidth(line) > 80 and str(tmp_path) not in line] == []
        config = load(config_of(tmp_path)).config
        assert (config.language, config.triggers[0].ask) == ("zh", "这是什么?")
        assert "# 由谁回答，按顺序尝试。" in config_of(tmp_path).read_text()

    run(session())


def test_a_console_without_chinese_letters_asks_in_english(tmp_path: Path) -> None:
    async def session() -> None:
        async with technician(tmp_path, "nothing", TERM="linux") as person:
            await person.answers(("Number [2]", "1"), ("Number [1]", "4"), ("Number [2]", ""), WRITE)
            assert await person.ends() == 0
            assert "these questions stay English, glassd will not" in person.transcript()
        assert load(config_of(tmp_path)).config.language == "zh"

    run(session())


def test_the_answers_of_one_board_set_up_the_next(tmp_path: Path) -> None:
    async def session() -> None:
        first, second, answers = tmp_path / "first", tmp_path / "second", tmp_path / "answers.yaml"
        for folder in (first, second):
            folder.mkdir()
            boards.make(folder)
        async with technician(first, "usb", "--save-answers", str(answers)) as person:
            await first_run(person)
        assert KEY not in answers.read_text()
        key = tmp_path / "key"
        key.write_text(KEY)
        command = [sys.executable, boards.__file__, str(second), "usb", "--answers", str(answers), "--key-stdin"]
        with key.open() as stdin:
            done = await asyncio.create_subprocess_exec(*command, stdin=stdin, stdout=subprocess.PIPE)
            said, _ = await done.communicate()
        assert done.returncode == 0, said
        assert KEY.encode() not in said
        assert config_of(second).read_text() == config_of(first).read_text().replace(str(first), str(second))

    run(session())


def test_a_strangers_driver_is_offered_and_its_options_are_asked(tmp_path: Path) -> None:
    """The package is installed the way `pip install --target` leaves it."""
    site = tmp_path / "site"
    shutil.copytree(TREE / "tests/example_driver/example_glasses", site / "example_glasses")
    about = site / "example_glasses-0.3.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: example-glasses\nVersion: 0.3\n")
    points = "[glassd.{0}s]\nexample = example_glasses.drivers:Example{1}\n"
    (about / "entry_points.txt").write_text(points.format("camera", "Camera") + points.format("display", "Display"))

    async def session() -> None:
        async with technician(tmp_path, "itself", PYTHONPATH=str(site)) as person:
            await person.answers(LANGUAGE, ("Number [1]", "4"))
            await person.answers(("Number [1]", "2"), ("line (Host and port of the glasses' line):", "glasses.local"))
            await person.answers(("Number [1]", "3"), ("line (Host and port", "glasses.local:9000"))
            await person.is_asked("changes a line")
            said = person.transcript()
            assert "  camera: example (example-glasses 0.3)\n" in said
            assert "  not usable: " in said, "the pipes that stand for input devices"
            assert "This cannot be written yet:\n" in said
            assert re.search(r"glassd\.yaml:[0-9]+:9: camera\.line: ", said)
            person.type("\n")
            await person.sees_text("A number from 1 to 6, please.")
            await person.answers(
                ("changes a line", "3"), ("Number [1]", "2"), ("line (Host", "glasses.local:9000"), WRITE
            )
            assert await person.ends() == 0
        text = config_of(tmp_path).read_text()
        assert "camera:\n  driver: example\n" in text
        assert "displays:\n  - driver: example\n" in text

    run(session())
