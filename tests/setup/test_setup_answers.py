"""`glassd setup --answers FILE`: a fleet's boards are set up with nobody there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import boards
import pytest
from lives import as_nobody

from glassd.config.keys import is_outbox_key
from glassd.config.load import load
from glassd.setup.answers import Answers, ModelAnswers
from paths import TREE

KEY = "sk-4f1c0ffee1234567"


class Fleet:
    """A folder with answers and the boards that they are for."""

    def __init__(self, folder: Path) -> None:
        self.answers = folder / "answers.yaml"
        self.folder = folder / "board"
        self.folder.mkdir()
        boards.make(self.folder)
        self.places = boards.places(self.folder)
        self.key = folder / "dashscope.key"
        self.key.write_text(f"{KEY}\n")

    def setup(
        self, text: str, *arguments: str, board: str = "usb", key: str = "", status: int = 0
    ) -> subprocess.CompletedProcess[str]:
        """Set the board up with these answers; `key` comes through standard input."""
        self.answers.write_text(text.replace("KEY_FILE", str(self.key)), encoding="utf-8")
        command = [sys.executable, "-X", "dev", "-W", "error", boards.__file__, str(self.folder), board]
        command += ["--answers", str(self.answers), *arguments]
        done = subprocess.run(command, input=key, capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stdout + done.stderr
        assert KEY not in done.stdout + done.stderr
        return done

    def tree(self) -> dict[str, bytes]:
        etc = self.folder / "etc"
        return {str(path): path.read_bytes() if path.is_file() else b"" for path in etc.rglob("*")}


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path)


SMALLEST = "model: {service: reader}\n"
WITH_KEY = "language: en\nmodel:\n  service: dashscope\n  key_file: KEY_FILE\n"


def test_the_smallest_answers_take_what_is_found(fleet: Fleet) -> None:
    done = fleet.setup(SMALLEST)
    config = load(fleet.places.config).config
    assert [endpoint.url for endpoint in config.model.endpoints] == ["reader"]
    assert config.camera is not None
    assert config.camera.options.device == Path("/dev/glassd/camera")  # type: ignore[attr-defined]
    assert config.buttons[0].options.map["KEY_ENTER"] == "main"  # type: ignore[attr-defined]
    assert (config.displays, config.language) == ([], "zh")
    assert [one.do for one in config.triggers] == [None, None, "cancel", "next page", "previous page", "clear"]
    assert done.stderr == ""
    assert "这里没有 systemd，所以什么都没有启动。" in done.stdout


def test_devices_that_come_later_have_the_names_that_they_will_have(fleet: Fleet) -> None:
    fleet.setup(SMALLEST, board="nothing")
    config = load(fleet.places.config).config
    assert config.camera is not None
    assert config.camera.options.device == Path("/dev/glassd/camera")  # type: ignore[attr-defined]
    assert config.buttons[0].options.device == Path("/dev/glassd/buttons")  # type: ignore[attr-defined]


@pytest.mark.parametrize("way", ["key_file", "--key-stdin"])
def test_the_key_goes_into_the_credentials_folder_alone(fleet: Fleet, way: str) -> None:
    if way == "key_file":
        fleet.setup(WITH_KEY)
    else:
        fleet.setup("model: {service: dashscope, key: ali}\n", "--key-stdin", key=KEY)
    name = "dashscope" if way == "key_file" else "ali"
    stored = fleet.places.credentials / name
    assert stored.read_text() == f"{KEY}\n"
    assert stored.stat().st_mode & 0o777 == 0o600
    assert load(fleet.places.config).config.model.endpoints[0].key == name
    assert [path for path, data in fleet.tree().items() if KEY.encode() in data] == [str(stored)]


def test_written_out_sections_are_those_of_the_config(fleet: Fleet) -> None:
    fleet.setup(
        """\
language: en
model: {service: server, url: "https://models.example.com/v1", vision: qwen2.5-vl-7b, instructions: "Kurz, bitte."}
camera: {driver: clip, path: pictures, hold: 4s}
buttons:
  - driver: evdev
    device: /dev/input/event3
    map: {KEY_1: one, KEY_2: two, KEY_3: three, KEY_4: four, KEY_5: five}
  - driver: gpio
    chip: pinctrl-rp1
    map: {17: main}
    pull: down
displays:
  - {driver: terminal, profile: glass3}
terminal: /dev/ttyS1
triggers:
  - when: one press
    ask: "Yes: or no? # 100 %"
  - {when: main long, do: cancel}
"""
    )
    config = load(fleet.places.config).config
    assert config.camera is not None
    assert config.camera.options.path == fleet.answers.parent / "pictures"  # type: ignore[attr-defined]
    assert config.buttons[0].options.map["KEY_5"] == "five"  # type: ignore[attr-defined]
    assert config.buttons[1].options.pull == "down"  # type: ignore[attr-defined]
    assert config.displays[0].profile == "glass3"
    assert (config.triggers[0].ask, config.model.instructions) == ("Yes: or no? # 100 %", "Kurz, bitte.")
    drop_in = fleet.places.terminal.read_text()
    assert "TTYPath=/dev/ttyS1\nEnvironment=COLUMNS=80 LINES=24\n" in drop_in
    assert "Conflicts=serial-getty@ttyS1.service\n" in drop_in
    assert "tty1" not in drop_in


def test_every_mistake_is_told_at_its_place_and_nothing_is_changed(fleet: Fleet) -> None:
    before = fleet.tree()
    done = fleet.setup(
        """\
langauge: en
model:
  service: dashscop
  vision: ""
camera: atuo
buttons:
  - driver: evdv
    device: /dev/input/event0
    map: {KEY_ENTR: main}
displays: terminal
terminal: tty1
triggers:
  - {when: man press, do: cancle}
start: yes
""",
        status=2,
    )
    found = [line.removeprefix(str(fleet.answers)) for line in done.stderr.splitlines()]
    begin = [
        ":1:1: langauge: expected a key that is known here, not this one; did you mean language?",
        ":3:12: model.service: expected dashscope, openai, server, reader or keep, got text 'dashscop'; did you mean",
        ":4:11: model.vision: expected text of at least 1 characters, got no text",
        ":5:9: camera: expected auto, none or keep or lines of key: value, got text 'atuo'",
        ":7:13: buttons.0.driver: expected a driver that is installed, got evdv; did you mean evdev?",
        ":9:11: buttons.0.map.KEY_ENTR: expected the name of a Linux key, such as KEY_ENTER; 'KEY_ENTR' is none, the",
        ":11:11: terminal: expected a terminal, such as /dev/tty1, got text 'tty1'",
        ":13:12: triggers.0.when: expected a button that a map: gives, got man; did you mean main?",
        ":13:27: triggers.0.do: expected cancel, clear, repeat, resume, pause, unpause, toggle pause, next page",
        ":14:8: start: expected true or false, got text 'yes'",
    ]
    assert [line[: len(start)] for line, start in zip(found, begin, strict=True)] == begin
    assert fleet.tree() == before


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            f"model: {{service: openai, key: {KEY}}}\n",
            "1:31: model.key: expected a name for the key, never the key itself",
        ),
        (f"model: {{service: openai, key_file: {KEY}}}\n", "1:36: model.key_file: expected an absolute path"),
        (f"model: {{service: openai, api_key: {KEY}}}\n", "1:26: model.api_key: expected a key that is known here"),
    ],
)
def test_a_key_in_the_answers_is_refused_and_not_repeated(fleet: Fleet, text: str, told: str) -> None:
    assert told in fleet.setup(text, status=2).stderr


@pytest.mark.parametrize(
    ("text", "arguments", "told"),
    [
        (
            "model: {service: dashscope}\n",
            [],
            "there is no key named dashscope on this board yet: give it with key_file:",
        ),
        ("model: {service: dashscope, key_file: /nowhere/key}\n", [], "model.key_file: /nowhere/key: No such file"),
        (WITH_KEY, ["--key-stdin"], "expected one way for the key, got key_file: as well as --key-stdin"),
        (SMALLEST, ["--key-stdin"], "expected one way for the key, got no key: NAME"),
        ("model: {service: dashscope, key_file: /dev/null}\n", [], "/dev/null is empty; write the key into it"),
        ("model: {service: server, vision: x}\n", [], "expected url: and vision: beside service: server"),
        ("model: {service: server, url: 'http://10.0.0.7/v1', vision: x, key: lab}\n", [], "plain http takes a key to"),
        ("model: {service: reader, vision: x}\n", [], "no such key beside service: reader"),
        ("language: en\n", [], "model: expected this key, which has no default; it is missing"),
        (
            "model: {service: reader}\ntriggers: [{when: fn press, do: clear}]\n",
            [],
            "expected a button that a map: gives",
        ),
    ],
)
def test_what_is_missing_or_does_not_fit_is_said(fleet: Fleet, text: str, arguments: list[str], told: str) -> None:
    before = fleet.tree()
    assert told in fleet.setup(text, *arguments, status=2).stderr
    assert fleet.tree() == before


def test_a_key_that_is_there_need_not_be_given_again(fleet: Fleet) -> None:
    fleet.setup(WITH_KEY)
    fleet.setup("language: en\nmodel: {service: dashscope}\n")
    assert (fleet.places.credentials / "dashscope").read_text() == f"{KEY}\n"


def test_the_same_answers_again_change_nothing(fleet: Fleet) -> None:
    fleet.setup(WITH_KEY)
    before = fleet.tree()
    done = fleet.setup(WITH_KEY)
    assert f"Nothing to change in {fleet.places.config}" in done.stdout
    assert fleet.tree() == before


def test_another_config_is_written_over_only_where_the_answers_say_so(fleet: Fleet) -> None:
    fleet.setup(SMALLEST)
    old = fleet.places.config.read_text()
    done = fleet.setup("language: en\n" + SMALLEST, status=2)
    assert done.stderr == (
        f"{fleet.answers}: replace: {fleet.places.config} is there and says something else; "
        "replace: true writes over it, and keeps the old one beside it\n"
    )
    assert fleet.places.config.read_text() == old
    fleet.setup("language: en\nreplace: true\n" + SMALLEST)
    fleet.setup("language: zh\nreplace: true\n" + SMALLEST)
    assert fleet.places.config.read_text() == old
    beside = sorted(path.name for path in fleet.places.config.parent.iterdir())
    assert beside == ["glassd.yaml", "glassd.yaml.old", "glassd.yaml.old2"]
    assert fleet.places.config.with_name("glassd.yaml.old").read_text() == old


def test_keep_leaves_a_section_as_it_is_and_takes_what_is_found_where_there_is_none(fleet: Fleet) -> None:
    keep = "language: en\nmodel: {service: keep}\ncamera: keep\nbuttons: keep\ndisplays: keep\ntriggers: keep\n"
    assert "expected a config on the board to keep it of" in fleet.setup(keep, status=2).stderr
    fleet.setup(WITH_KEY)
    before = fleet.places.config.read_text()
    fleet.setup(keep)
    assert fleet.places.config.read_text() == before
    fleet.setup(keep.replace("camera: keep", "camera: none") + "replace: true\n")
    config = load(fleet.places.config).config
    assert (config.camera, config.model.endpoints[0].vision) == (None, "qwen-vl-plus")


def test_the_cameras_latency_is_answered_kept_and_recorded(fleet: Fleet, tmp_path: Path) -> None:
    recorded = tmp_path / "recorded.yaml"
    fleet.setup("latency: 80ms\n" + SMALLEST, "--save-answers", str(recorded))
    answered = fleet.places.config.read_text()
    assert "  fps: 15\n  latency: 80ms\n" in answered
    assert "latency: 80ms\n" in recorded.read_text()
    fleet.setup(SMALLEST)  # what the board knows of the same camera is no other config
    assert fleet.places.config.read_text() == answered
    fleet.setup("camera: keep\nlatency: 120ms\nreplace: true\n" + SMALLEST)
    assert fleet.places.config.read_text() == answered.replace("80ms", "120ms")
    fleet.setup("camera: {driver: uvc, fps: 30}\nreplace: true\n" + SMALLEST)
    assert "latency:" not in fleet.places.config.read_text()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("latency: 80\n", "latency: expected measure or skip or a duration with its unit"),
        ("camera: none\nlatency: 80ms\n", "latency: expected a camera: with its options below it"),
    ],
)
def test_a_latency_that_cannot_be_is_a_mistake(fleet: Fleet, text: str, told: str) -> None:
    before = fleet.tree()
    assert told in fleet.setup(text + SMALLEST, status=2).stderr
    assert fleet.tree() == before


def test_the_folder_conf_d_counts_before_anything_is_put_in_place(fleet: Fleet) -> None:
    parts = fleet.places.config.parent / "conf.d"
    parts.mkdir(parents=True)
    (parts / "50-hosts.yaml").write_text("allow_hosts: [models.example.com]\n")
    before = fleet.tree()
    done = fleet.setup(WITH_KEY, status=2)
    assert "expected a host that allow_hosts names" in done.stderr
    assert f"{fleet.places.config}:" in done.stderr
    assert fleet.tree() == before


def test_a_display_that_is_no_terminal_any_more_gives_it_back(fleet: Fleet) -> None:
    fleet.setup("displays: terminal\n" + SMALLEST)
    assert fleet.places.terminal.exists()
    fleet.setup("displays: none\nreplace: true\n" + SMALLEST)
    assert not fleet.places.terminal.exists()


@pytest.mark.parametrize(
    ("display", "drop_in"),
    [("{driver: framebuffer}", "framebuffer.conf"), ("{driver: command, run: [espeak-ng]}", "sound.conf")],
)
def test_the_service_is_let_at_what_its_display_needs_for_as_long_as_it_does(
    display: str, drop_in: str, fleet: Fleet
) -> None:
    there = fleet.places.terminal.with_name(drop_in)
    fleet.setup(f"displays: [{display}]\n" + SMALLEST)
    assert there.read_bytes() == fleet.places.terminal_example.with_name(drop_in).read_bytes()
    there.write_text("[Service]\n# of somebody's own\n")
    fleet.setup("displays: none\nreplace: true\n" + SMALLEST)
    assert there.exists()
    there.write_bytes(fleet.places.terminal_example.with_name(drop_in).read_bytes())
    fleet.setup("displays: none\nreplace: true\n" + SMALLEST)
    assert not there.exists()


def test_without_a_terminal_and_without_answers_it_says_so(tmp_path: Path) -> None:
    boards.make(tmp_path)
    command = [sys.executable, boards.__file__, str(tmp_path), "usb"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "glassd setup: there is no terminal to ask in: name the answers with --answers FILE\n"


def test_somebody_who_is_not_root_is_told_how() -> None:
    program = (
        "import sys\nfrom glassd.cli import main, parser\nparser()\n# drop rights\n"
        "sys.stderr = sys.stdout\nprint(main(['setup']))\n"
    )
    said, status = as_nobody(program).splitlines()
    assert said.endswith("run it as root, sudo glassd setup")
    assert status == "1"


# -- the outbox -------------------------------------------------------------------------------------------------------


def test_questions_that_wait_get_their_section_and_a_key_of_their_own(fleet: Fleet) -> None:
    done = fleet.setup(f"{SMALLEST}language: en\noutbox: true\n")
    config = load(fleet.places.config).config
    assert config.outbox is not None
    assert [(one.ask is not None, one.outbox) for one in config.triggers][:3] == [
        (True, True),
        (True, True),
        (False, False),
    ]
    key = fleet.places.credentials / "outbox"
    assert is_outbox_key(key.read_text().strip())
    assert key.stat().st_mode & 0o777 == 0o600
    assert f"A key for questions that wait is in {key}, which root alone can read" in done.stdout
    assert key.read_text().strip() not in done.stdout + done.stderr


def test_a_key_that_is_there_stays_or_what_waits_could_not_be_read_any_more(fleet: Fleet) -> None:
    fleet.setup(f"{SMALLEST}outbox: true\n")
    key = fleet.places.credentials / "outbox"
    before = key.read_bytes()
    done = fleet.setup(f"{SMALLEST}outbox: true\nlanguage: en\nreplace: true\n")
    assert key.read_bytes() == before
    assert str(key) not in done.stdout
    key.write_text("no key\n")
    done = fleet.setup(f"{SMALLEST}outbox: true\nlanguage: en\n")
    assert f"{key} cannot encrypt what waits; remove it, and run setup again" in done.stdout
    assert key.read_text() == "no key\n"


def test_an_outbox_of_the_config_that_is_there_or_of_conf_d_gets_its_key(fleet: Fleet) -> None:
    fleet.setup(SMALLEST)
    assert not (fleet.places.credentials / "outbox").exists()
    (fleet.places.config.parent / "conf.d").mkdir()
    (fleet.places.config.parent / "conf.d/outbox.yaml").write_text("outbox: {key: box}\n")
    fleet.setup(f"{SMALLEST}replace: true\n")
    assert is_outbox_key((fleet.places.credentials / "box").read_text().strip())


WRITTEN = """\
model: {service: reader}
buttons: [{driver: evdev, device: /dev/input/event3, map: {KEY_1: main}}]
triggers:
  - {when: main press, ask: "What?", outbox: true}
  - {when: main long, if: over budget, do: ask anyway}
"""


def test_written_out_triggers_may_need_sections_that_are_elsewhere(fleet: Fleet) -> None:
    done = fleet.setup(WRITTEN, status=2)
    where = f"{fleet.places.config.parent}/glassd.yaml"
    told = done.stderr.splitlines()
    assert [line.split(": ")[1] for line in told] == ["triggers.0.outbox", "triggers.1.if"]
    assert all(line.startswith(where) for line in told)
    assert not fleet.places.config.exists()
    (fleet.places.config.parent / "conf.d").mkdir(parents=True)
    (fleet.places.config.parent / "conf.d/budgets.yaml").write_text("budgets: {day: {asks: 300}}\n")
    fleet.setup(f"{WRITTEN}outbox: true\n")
    assert [str(one.when) for one in load(fleet.places.config).config.triggers] == ["main press", "main long"]


# -- the page ---------------------------------------------------------------------------------------------------------

PAGE = (TREE / "docs/setup.md").read_text(encoding="utf-8")


def test_the_page_names_every_answer_and_its_default() -> None:
    for prefix, section in (("", Answers), ("model.", ModelAnswers)):
        for name, field in section.model_fields.items():
            if name == "model":
                continue
            row = next((line for line in PAGE.splitlines() if line.startswith(f"| `{prefix}{name}` |")), None)
            assert row is not None, f"{prefix}{name}"
            default = {True: "true", False: "false"}.get(field.default, field.default)
            if isinstance(default, str) and not field.is_required():
                assert f"`{default}`" in row, row


def test_the_answers_of_the_page_set_a_board_up(fleet: Fleet) -> None:
    examples = re.findall(r"```yaml answers\n(.*?)```", PAGE, re.DOTALL)
    assert len(examples) >= 2
    for example in examples:
        text = re.sub(r"/media/\S+", "KEY_FILE", example)
        fleet.setup(text + "replace: true\n" if "replace:" not in text else text, board="busy")
