"""The UVC camera where there is none: its faults, and its way with frames that a test has ready for it.

The frames of a real uvcvideo are the virtual board's to test.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import os
import threading
from collections import deque
from contextlib import closing
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lives import as_nobody, context
from pydantic import ValidationError

import virtual
from glassd_drivers import testing
from glassd_drivers.cameras import uvc_node, v4l2, v4l2_capture, v4l2_controls
from glassd_drivers.cameras.raw import RAW_TYPES, packed
from glassd_drivers.cameras.uvc import FIRST_FRAME_LIMIT_S, UvcCamera, UvcConfig
from glassd_drivers.cameras.v4l2_capture import Given, Taken
from glassd_drivers.cameras.v4l2_controls import Control
from glassd_drivers.contracts import Frame, PermanentFault, TransientFault
from glassd_drivers.units import Size
from virtual import START

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator
    from pathlib import Path

PIXELS = np.full((48, 64, 3), 127, np.uint8)
JPEG = bytes(cv2.imencode(".jpg", PIXELS)[1])
PADDED = JPEG + b"\0" * 7
RAW = bytes(range(16))
RAW_PADDED = RAW[:8] + bytes(4) + RAW[8:]


class Nothing(testing.Rig):
    def __init__(self) -> None:
        self.config = {"device": "/dev/video99"}


KIT = testing.Kit("cameras", "uvc", Nothing, missing={"device": "/dev/video99"})


@pytest.mark.parametrize(
    "check",
    [
        testing.is_found_by_its_name,
        testing.its_config_needs_no_device_library,
        testing.closes_unopened,
        testing.a_missing_device_is_a_driver_error,
    ],
    ids=lambda check: check.__name__,
)
def test_conforms_as_far_as_that_goes_without_a_camera(check: Callable[[testing.Kit], None]) -> None:
    check(KIT)


# -- nodes that are no camera of ours ---------------------------------------------------------------------------------


def test_a_camera_that_is_not_there_says_what_to_do() -> None:
    with pytest.raises(TransientFault, match="/dev/video99 is not there: plug the camera in; `glassd devices` lists"):
        asyncio.run(life({"device": "/dev/video99"}))


def test_a_node_that_is_no_camera_waits_for_a_person() -> None:
    with pytest.raises(PermanentFault, match="/dev/null is no camera; `glassd devices` lists cameras"):
        asyncio.run(life({"device": "/dev/null"}))


def test_no_permission_names_the_group(tmp_path: Path) -> None:
    device = tmp_path / "video0"
    device.touch(mode=0o000)
    program = (
        "import asyncio, sys\n"
        "from glassd_drivers.cameras.uvc import UvcCamera, UvcConfig\n"
        "from glassd_drivers.contracts import PermanentFault\n"
        "from glassd_drivers.host import Host\n"
        "camera = UvcCamera(UvcConfig(device=sys.argv[1]), Host(lambda: 0.0).context('camera', print))\n"
        "# drop rights\n"
        "try: asyncio.run(camera.open())\n"
        "except PermanentFault as error: print(error)\n"
    )
    assert "no permission; the user that runs glassd needs the group `video`" in as_nobody(program, device)


@pytest.mark.parametrize(
    "options",
    [
        {"fps": 0},
        {"format": "h264"},
        {"size": "1280"},
        {"size": "0x0"},
        {"usb": "046d"},
        {"device": "/dev/video0", "usb": "046d:0825"},
        {"controls": {"Exposure!": 1}},
    ],
)
def test_a_config_that_cannot_be_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        UvcConfig.model_validate(options)


def now() -> float:
    return asyncio.get_running_loop().time()


async def life(options: dict[str, Any]) -> None:
    camera = UvcCamera(UvcConfig.model_validate(options), context("camera"))
    try:
        await camera.open()
    finally:
        await camera.close()


# -- frames, over a scripted capture ----------------------------------------------------------------------------------


class Kernel:
    """Stands in for the kernel's end of a camera: its node is a FIFO that is readable for as long as frames wait."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, given: Given) -> None:
        self.node = folder / "video0"
        os.mkfifo(self.node)
        self._far_end = os.open(self.node, os.O_RDWR | os.O_NONBLOCK)
        self._waiting: deque[Taken | OSError] = deque()
        self.first = JPEG
        self.released = threading.Event()
        self.stuck: threading.Event | None = None
        facts = v4l2.NodeFacts("Scripted", captures=True, multiplanar=False)
        monkeypatch.setattr(v4l2, "node_facts", lambda _: facts)
        monkeypatch.setattr(uvc_node, "negotiate", lambda *_: given)
        monkeypatch.setattr(uvc_node, "Capture", lambda _: self)

    def sends(self, data: bytes = JPEG, stamp: float | None = None) -> None:
        """Have one more frame ready."""
        self._say(Taken(data, stamp))

    def is_gone(self) -> None:
        """Be unplugged."""
        self._say(OSError(errno.ENODEV, "No such device"))

    def close(self) -> None:
        """Let go of the far end."""
        os.close(self._far_end)

    def _say(self, what: Taken | OSError) -> None:
        self._waiting.append(what)
        os.write(self._far_end, b"!")

    # What v4l2_capture.Capture does, of which there is one.

    def start(self) -> None:
        self.sends(self.first)

    def take(self) -> Taken | None:
        if not self._waiting:
            return None
        os.read(self._far_end, 1)
        what = self._waiting.popleft()
        if isinstance(what, OSError):
            raise what
        return what

    def stop(self) -> None:
        if self.stuck is not None:
            self.stuck.wait()
        self.released.set()


MJPEG = Given("MJPG", Size(64, 48), 0)


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kernel]:
    with closing(Kernel(tmp_path, monkeypatch, MJPEG)) as kernel:
        yield kernel


@contextlib.asynccontextmanager
async def opened(kernel: Kernel, **options: Any) -> AsyncGenerator[AsyncGenerator[Frame]]:
    """The frames of an open camera, after the one that opening takes."""
    camera = UvcCamera(
        UvcConfig.model_validate({"device": kernel.node, "warm_up": 0, **options}), context("camera", now)
    )
    try:
        await camera.open()
        async with contextlib.aclosing(camera.frames()) as frames:
            yield frames
    finally:
        await camera.close()


def frames_of(kernel: Kernel, count: int, *script: Callable[[], None], **options: Any) -> list[Frame]:
    """What comes after the frame that opening takes, while a script is played, a tenth of a second for each line."""

    async def main() -> list[Frame]:
        async with opened(kernel, **options) as frames:
            for number, line in enumerate(script):
                asyncio.get_running_loop().call_later(number / 10, line)
            return [await anext(frames) for _ in range(count)]

    return virtual.run(main())


def test_the_cameras_bytes_are_handed_on_as_they_came(kernel: Kernel) -> None:
    (frame,) = frames_of(kernel, 1, lambda: kernel.sends(PADDED))
    assert (frame.data, frame.media_type, frame.width, frame.height) == (PADDED, "image/jpeg", 64, 48)
    assert frame.source == "camera"


def test_the_instant_is_the_kernels_stamp(kernel: Kernel) -> None:
    first, second = frames_of(
        kernel, 2, lambda: kernel.sends(stamp=now() - 0.02), lambda: kernel.sends(stamp=now() - 0.9)
    )
    assert first.instant == pytest.approx(START - 0.02)
    assert second.instant == pytest.approx(START + 0.1 - 0.9)


@pytest.mark.parametrize("age", [-0.5, 11.0, 900.0, None], ids=["in the future", "too old", "another clock's", "none"])
def test_a_stamp_that_cannot_be_gives_way_to_the_arrival(kernel: Kernel, age: float | None) -> None:
    (frame,) = frames_of(kernel, 1, lambda: kernel.sends(stamp=None if age is None else now() - age))
    assert frame.instant == pytest.approx(START)


@given(st.sampled_from(sorted(RAW_TYPES)), st.integers(1, 8), st.integers(1, 8), st.integers(0, 40), st.data())
def test_the_rows_of_a_raw_picture_are_packed(fourcc: str, across: int, down: int, padding: int, data: Any) -> None:
    media_type, size = RAW_TYPES[fourcc], Size(across * 2, down * 2)
    row = size.width * (2 if fourcc in ("YUYV", "UYVY") else 1)
    rows = size.height * 3 // 2 if fourcc == "NV12" else size.height
    picture = data.draw(st.binary(min_size=row * rows, max_size=row * rows))
    padded = b"".join(picture[at : at + row] + bytes(padding) for at in range(0, row * rows, row))
    assert packed(padded, media_type, size, row + padding) == picture
    assert packed(padded[: row * rows - 1], media_type, size, row + padding) is None


def test_a_camera_without_jpeg_gives_raw_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(Kernel(tmp_path, monkeypatch, Given("YUYV", Size(4, 2), 12))) as kernel:
        kernel.first = RAW_PADDED
        (frame,) = frames_of(kernel, 1, lambda: kernel.sends(b"short"), lambda: kernel.sends(RAW_PADDED))
    assert (frame.data, frame.media_type, frame.width, frame.height) == (RAW, "raw/yuyv", 4, 2)


def test_the_first_frames_after_opening_are_dropped(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers, take = itertools.count(1), kernel.take

    def takes_and_has_the_next_one_soon() -> Taken | None:
        if (taken := take()) is not None:
            asyncio.get_running_loop().call_later(0.1, kernel.sends, JPEG + bytes(next(numbers)))
        return taken

    monkeypatch.setattr(kernel, "take", takes_and_has_the_next_one_soon)

    async def main() -> None:
        async with opened(kernel, warm_up=5) as frames:
            assert (await anext(frames)).data == JPEG + bytes(6)

    virtual.run(main())


def test_a_camera_that_stops_while_it_warms_up_is_not_waited_for_long(kernel: Kernel) -> None:
    async def main() -> None:
        with pytest.raises(TransientFault, match="gave no whole frame in 1 s"):
            async with opened(kernel, warm_up=5):
                pass

    virtual.run(main())


def test_a_broken_frame_is_dropped(kernel: Kernel) -> None:
    broken = [JPEG[:-40], b"", PIXELS.tobytes()]
    (frame,) = frames_of(kernel, 1, *(lambda data=data: kernel.sends(data) for data in (*broken, PADDED)))
    assert frame.data == PADDED


def test_a_slow_reader_gets_the_newest_frames(kernel: Kernel) -> None:
    def many() -> None:
        for number in range(1, 9):
            kernel.sends(JPEG + bytes(number))

    frames = frames_of(kernel, 2, many)
    assert [frame.data for frame in frames] == [JPEG + bytes(7), JPEG + bytes(8)]


def test_an_unplugged_camera_is_lost_at_once_after_its_last_frame(kernel: Kernel) -> None:
    async def main() -> float:
        async with opened(kernel) as frames:
            kernel.sends(PADDED)
            kernel.is_gone()
            assert (await anext(frames)).data == PADDED
            with pytest.raises(TransientFault, match=f"{kernel.node} was lost: plug the camera in again"):
                await anext(frames)
        return now()

    assert virtual.run(main()) < START + 1


@pytest.mark.parametrize(("fps", "limit"), [(30, 1), (3, 1), (1, 3)])
def test_a_camera_is_frozen_after_a_second_or_three_of_its_frames(kernel: Kernel, fps: int, limit: int) -> None:
    async def main() -> None:
        async with opened(kernel, fps=fps) as frames:
            asyncio.get_running_loop().call_later(limit * 0.9, kernel.sends)
            await anext(frames)
            assert now() == pytest.approx(START + limit * 0.9)
            with pytest.raises(TransientFault, match=f"no frames for {limit} s"):
                await anext(frames)
            assert now() == pytest.approx(START + limit * 1.9)

    virtual.run(main())


def test_a_camera_may_take_seconds_to_its_first_frame_and_no_more(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel, "start", lambda: None)

    async def main() -> None:
        with pytest.raises(TransientFault, match=f"gave no whole frame in {FIRST_FRAME_LIMIT_S:g} s"):
            async with opened(kernel):
                pass

    virtual.run(main())


def test_a_stuck_device_holds_up_no_close_and_is_let_go_of_late(kernel: Kernel) -> None:
    async def main() -> None:
        kernel.stuck = threading.Event()
        async with opened(kernel) as frames:
            kernel.sends()
            await anext(frames)
        assert now() < START + 1.0  # what a driver's close may take
        assert not kernel.released.is_set()
        kernel.stuck.set()
        assert await asyncio.to_thread(kernel.released.wait, 10.0)

    virtual.run(main())


# -- one of several cameras, and its controls --------------------------------------------------------------------------


def test_a_usb_id_is_that_of_the_device_behind_the_node(tmp_path: Path) -> None:
    device = tmp_path / "1-1"
    (device / "1-1:1.0").mkdir(parents=True)
    (device / "idVendor").write_text("046d\n")
    (device / "idProduct").write_text("0825\n")
    node = tmp_path / "video0"
    node.mkdir()
    (node / "device").symlink_to(device / "1-1:1.0")
    assert v4l2.usb_id("video0", tmp_path) == "046d:0825"
    assert v4l2.usb_id("video7", tmp_path) == ""


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"usb": "1d6b:0102"}, "camera USB 1d6b:0102 is not there: plug the camera in; `glassd devices` lists"),
        ({"name": "HD Webcam"}, "camera “HD Webcam” is not there"),
        ({"usb": "1d6b:0102", "name": "x"}, "camera USB 1d6b:0102 “x” is not there"),
    ],
)
def test_a_camera_named_by_what_it_is_says_so(options: dict[str, Any], where: str) -> None:
    with pytest.raises(TransientFault, match=where):
        asyncio.run(life(options))


EXPOSURE = Control(1, "exposure_time_absolute", 3, 2047, 1, 250)
AUTO_EXPOSURE = Control(2, "auto_exposure", 0, 3, 1, 3, {1: "Manual Mode", 3: "Aperture Priority Mode"})
POWER_LINE = Control(3, "power_line_frequency", 0, 2, 1, 1, {0: "Disabled", 1: "50 Hz", 2: "60 Hz"})
FOCUS_AUTO = Control(4, "focus_automatic_continuous", 0, 1, 1, 1, {0: "off", 1: "on"})
FOCUS = Control(5, "focus_absolute", 0, 250, 5, 0)
THERE = {control.name: control for control in (EXPOSURE, AUTO_EXPOSURE, POWER_LINE, FOCUS_AUTO, FOCUS)}


@pytest.mark.parametrize(
    ("name", "value", "settings"),
    [
        ("exposure", 150, [(AUTO_EXPOSURE, 1), (EXPOSURE, 150)]),
        ("exposure", "auto", [(AUTO_EXPOSURE, 3)]),
        ("exposure_time_absolute", 150, [(EXPOSURE, 150)]),
        ("focus", 30, [(FOCUS_AUTO, 0), (FOCUS, 30)]),
        ("focus", "auto", [(FOCUS_AUTO, 1)]),
        ("power_line_frequency", "50Hz", [(POWER_LINE, 1)]),
        ("power_line_frequency", "60 Hz", [(POWER_LINE, 2)]),
        ("power_line_frequency", 0, [(POWER_LINE, 0)]),
        ("auto_exposure", "manual mode", [(AUTO_EXPOSURE, 1)]),
    ],
)
def test_a_control_is_set_by_its_name_its_automatic_first(
    name: str, value: int | str, settings: list[tuple[Control, int]]
) -> None:
    assert list(v4l2_controls.settings(THERE, name, value)) == settings


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("exposure", 2, "exposure_time_absolute takes 3 to 2047, not 2"),
        ("exposure", "long", "exposure_time_absolute takes 3 to 2047, not long"),
        ("power_line_frequency", "55 Hz", "takes Disabled, 50 Hz, 60 Hz, not 55 Hz"),
        ("auto_exposure", 2, "takes Manual Mode, Aperture Priority Mode, not 2"),
        ("gain", "auto", "it has no automatic gain"),
        ("zoom", 1, "it has no control zoom; it has exposure_time_absolute, auto_exposure"),
    ],
)
def test_a_control_that_cannot_be_set_says_what_can(name: str, value: int | str, says: str) -> None:
    with pytest.raises(v4l2_controls.Refused, match=says):
        list(v4l2_controls.settings(THERE, name, value))


@pytest.mark.parametrize(
    ("module", "numbers"),
    [
        (v4l2, {"QUERYCAP": 0x80685600, "ENUM_FMT": 0xC0405602}),
        (v4l2, {"ENUM_FRAMESIZES": 0xC02C564A, "ENUM_FRAMEINTERVALS": 0xC034564B}),
        (v4l2_capture, {"S_FMT": 0xC0D05605, "S_PARM": 0xC0CC5616, "REQBUFS": 0xC0145608, "QUERYBUF": 0xC0585609}),
        (v4l2_capture, {"QBUF": 0xC058560F, "DQBUF": 0xC0585611, "STREAMON": 0x40045612, "STREAMOFF": 0x40045613}),
        (v4l2_controls, {"QUERYCTRL": 0xC0445624, "QUERYMENU": 0xC02C5625, "G_CTRL": 0xC008561B, "S_CTRL": 0xC008561C}),
    ],
)
def test_requests_have_the_kernels_numbers(module: Any, numbers: dict[str, int]) -> None:
    assert {name: getattr(module, f"_{name}") for name in numbers} == numbers
