"""What `glassd devices` finds and prints."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import pytest
from lives import as_nobody

from glassd.cli import devices
from glassd_drivers import discover
from glassd_drivers.buttons.gpio_chip import LineFacts
from glassd_drivers.cameras.v4l2 import Format, Mode
from glassd_drivers.units import Size

CAMERA = discover.FoundCamera(
    Path("/dev/v4l/by-id/usb-HIL_Camera-index0"),
    Path("/dev/video0"),
    "HIL Camera",
    (Format("MJPG", (Mode(Size(1280, 720), (30.0, 15.0)), Mode(Size(640, 480), ()))),),
    usb="046d:0825",
)
LOCKED = discover.FoundCamera(
    Path("/dev/video2"), Path("/dev/video2"), problem="no permission: add yourself to the group video"
)
LINE = discover.FoundSerialLine(Path("/dev/serial/by-id/usb-FTDI"), Path("/dev/ttyUSB0"), "FT232R USB UART")
REMOTE = discover.FoundInput(
    Path("/dev/glassd/buttons"), Path("/dev/input/event3"), "Remote", tuple(f"KEY_{number}" for number in range(10))
)
CHIP = discover.FoundGpioChip(
    Path("/dev/gpiochip0"),
    Path("/dev/gpiochip0"),
    "pinctrl-rp1",
    54,
    (LineFacts(4, "SHUTTER", False, ""), LineFacts(17, "LED", True, "led0")),
)
GLASSES = discover.FoundFramebuffer(Path("/dev/fb0"), Path("/dev/fb0"), "glassesdrmfb", 480, 640)
PLAIN_CHIP = discover.FoundGpioChip(Path("/dev/gpiochip1"), Path("/dev/gpiochip1"), "expander", 8)
POINTER = discover.FoundInput(Path("/dev/input/event4"), Path("/dev/input/event4"), "Pointer")


@pytest.fixture
def dev(tmp_path: Path) -> Path:
    """A folder laid out as /dev is, whose nodes are no devices."""
    for folder in ("glassd", "v4l/by-id", "input/by-id"):
        (tmp_path / folder).mkdir(parents=True)
    for node in ("video0", "video10", "video2", "input/event1", "input/mice", "gpiochip0"):
        (tmp_path / node).touch()
    return tmp_path


def test_names_that_stay_come_first_and_our_own_before_all(dev: Path) -> None:
    (dev / "v4l/by-id/usb-HIL-index0").symlink_to("../../video2")
    (dev / "v4l/by-id/usb-Other-index0").symlink_to("../../video0")
    (dev / "glassd/camera").symlink_to("../video2")
    assert [found.path.relative_to(dev).as_posix() for found in discover.cameras(dev)] == [
        "v4l/by-id/usb-Other-index0",
        "glassd/camera",
        "video10",
    ]


def test_the_first_of_its_role_goes_by_that_while_it_is_alone(dev: Path) -> None:
    (dev / "glassd/by-id").mkdir()
    (dev / "v4l/by-id/usb-HIL-index0").symlink_to("../../video2")
    (dev / "glassd/camera").symlink_to("../video2")
    (dev / "glassd/by-id/camera-HIL").symlink_to("../../video2")
    (dev / "glassd/by-id/buttons-Remote").symlink_to("../../input/event1")
    assert {found.path.relative_to(dev).as_posix() for found in discover.cameras(dev)} == {
        "video0",
        "glassd/camera",
        "video10",
    }


def test_of_several_each_goes_by_its_own_name(dev: Path) -> None:
    (dev / "glassd/by-id").mkdir()
    (dev / "glassd/camera").symlink_to("../video0")
    (dev / "glassd/by-id/camera-A").symlink_to("../../video2")
    (dev / "glassd/by-id/camera-B").symlink_to("../../video0")
    assert [found.path.relative_to(dev).as_posix() for found in discover.cameras(dev)] == [
        "glassd/by-id/camera-B",
        "glassd/by-id/camera-A",
        "video10",
    ]


def test_a_node_that_does_not_answer_is_listed_with_why(dev: Path) -> None:
    problems = {camera.problem for camera in discover.cameras(dev)} | {found.problem for found in discover.inputs(dev)}
    problems |= {chip.problem for chip in discover.gpio_chips(dev)}
    assert problems == {"cannot be asked: Inappropriate ioctl for device"}


def test_a_device_without_permission_is_listed_with_its_group() -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from glassd_drivers import discover\n"
        "# drop rights\n"
        "dev = Path(sys.argv[1])\n"
        "print(discover.cameras(dev)[0].problem)\n"
        "print(discover.inputs(dev)[0].problem)\n"
        "print(discover.gpio_chips(dev)[0].problem)\n"
    )
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to others
        dev = Path(folder)
        (dev / "input").mkdir()
        for node in ("video0", "input/event1", "gpiochip0"):
            (dev / node).touch(mode=0o000)
        dev.chmod(0o755)
        assert as_nobody(program, dev).splitlines() == [
            "no permission: add yourself to the group video",
            "no permission: add yourself to the group input",
            "no permission: add yourself to the group gpio",
        ]


def test_an_empty_machine_has_nothing(tmp_path: Path) -> None:
    assert discover.cameras(tmp_path) == []
    assert discover.inputs(tmp_path) == []
    assert discover.gpio_chips(tmp_path) == []
    assert discover.framebuffers(tmp_path) == []


def test_a_framebuffer_has_its_drivers_name_and_its_size(tmp_path: Path) -> None:
    for name, size in (("fb1", "1280,800\n"), ("fb0", "480,640\n"), ("fb2", "")):
        (tmp_path / name).touch()
        (tmp_path / "graphics" / name).mkdir(parents=True)
        (tmp_path / "graphics" / name / "name").write_text(f"{name} driver\n")
        (tmp_path / "graphics" / name / "virtual_size").write_text(size)
    found = discover.framebuffers(tmp_path, tmp_path / "graphics")
    assert [(one.node.name, one.name, one.width, one.height) for one in found[:2]] == [
        ("fb0", "fb0 driver", 480, 640),
        ("fb1", "fb1 driver", 1280, 800),
    ]
    assert "cannot be asked" in found[2].problem


def listing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *options: str, found: bool = True
) -> str:
    monkeypatch.setattr(discover, "cameras", lambda: [CAMERA, LOCKED] if found else [])
    monkeypatch.setattr(discover, "serial_lines", lambda: [LINE] if found else [])
    monkeypatch.setattr(discover, "inputs", lambda: [REMOTE, POINTER] if found else [])
    monkeypatch.setattr(discover, "gpio_chips", lambda: [CHIP, PLAIN_CHIP] if found else [])
    monkeypatch.setattr(discover, "framebuffers", lambda: [GLASSES] if found else [])
    parser = argparse.ArgumentParser()
    devices.add(parser.add_subparsers())
    args = parser.parse_args(["devices", *options])
    assert args.run(args) == 0
    return capsys.readouterr().out


def test_the_table_names_what_goes_into_the_config(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert listing(monkeypatch, capsys).splitlines() == [
        "Cameras",
        "  /dev/v4l/by-id/usb-HIL_Camera-index0 (/dev/video0)  HIL Camera",
        "      USB 046d:0825",
        "      MJPG  1280x720@30, 640x480",
        "  /dev/video2",
        "      no permission: add yourself to the group video",
        "",
        "Serial lines",
        "  /dev/serial/by-id/usb-FTDI (/dev/ttyUSB0)  FT232R USB UART",
        "      where it is a bridge: driver: bridge, for camera, buttons and displays (docs/bridge.md)",
        "",
        "Input devices",
        "  /dev/glassd/buttons (/dev/input/event3)  Remote",
        "      10 keys: KEY_0 KEY_1 KEY_2 KEY_3 KEY_4 KEY_5 KEY_6 KEY_7 and 2 more",
        "  /dev/input/event4  Pointer",
        "      no keys",
        "",
        "GPIO chips",
        "  /dev/gpiochip0  pinctrl-rp1",
        "      54 lines: SHUTTER LED (led0)",
        "  /dev/gpiochip1  expander",
        "      8 lines without names",
        "",
        "Framebuffers",
        "  /dev/fb0  glassesdrmfb",
        "      480x640",
    ]


def test_where_nothing_is_found_it_says_what_to_plug_in(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = listing(monkeypatch, capsys, found=False)
    assert [line for line in text.splitlines() if line.startswith("  ")] == [
        "  none: plug in a USB camera (UVC)",
        "  none: plug in a bridge (docs/bridge.md)",
        "  none: plug in a keyboard or a remote control, or pair one",
        "  none: a board has them, a PC may not; docs/gpio.md",
        "  none: plug in glasses that are a monitor (docs/displays.md)",
    ]


def test_json_has_all_formats_keys_and_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = json.loads(listing(monkeypatch, capsys, "--json"))
    assert found["cameras"][0]["formats"] == [
        {
            "fourcc": "MJPG",
            "sizes": [{"size": "1280x720", "rates": [30.0, 15.0]}, {"size": "640x480", "rates": []}],
        }
    ]
    assert (found["cameras"][0]["usb"], found["cameras"][1]["usb"]) == ("046d:0825", None)
    assert found["cameras"][1]["problem"] == "no permission: add yourself to the group video"
    assert found["serial_lines"][0]["path"] == "/dev/serial/by-id/usb-FTDI"
    assert len(found["inputs"][0]["keys"]) == 10
    assert found["gpio_chips"][0]["name"] == "pinctrl-rp1"
    assert found["gpio_chips"][0]["lines"] == 54
    assert found["framebuffers"][0]["size"] == "480x640"
    assert found["gpio_chips"][0]["named"][1] == {"line": 17, "name": "LED", "used": True, "used_by": "led0"}
