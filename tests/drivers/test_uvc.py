"""The UVC camera where there is none: its faults, and its way with frames over a scripted OpenCV capture.

The frames of a real uvcvideo are the virtual board's to test.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from lives import as_nobody, context
from pydantic import ValidationError

from glassd_drivers import testing
from glassd_drivers.cameras import v4l2
from glassd_drivers.cameras.uvc import FIRST_FRAME_LIMIT_S, UvcCamera, UvcConfig
from glassd_drivers.contracts import Frame, PermanentFault, TransientFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from numpy.typing import NDArray

PIXELS = np.full((48, 64, 3), 127, np.uint8)
JPEG = bytes(cv2.imencode(".jpg", PIXELS)[1])
PADDED = JPEG + b"\0" * 7
MJPG = cv2.VideoWriter.fourcc(*"MJPG")
YUYV = cv2.VideoWriter.fourcc(*"YUYV")


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


@pytest.mark.parametrize("options", [{"fps": 0}, {"format": "h264"}, {"size": "1280"}, {"size": "0x0"}])
def test_a_config_that_cannot_be_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        UvcConfig.model_validate(options)


async def life(options: dict[str, Any]) -> None:
    camera = UvcCamera(UvcConfig.model_validate(options), context("camera"))
    try:
        await camera.open()
    finally:
        await camera.close()


# -- frames, over a scripted capture ----------------------------------------------------------------------------------

Step = tuple[bytes | None, float, float]
"""What a read gives (None: nothing), how many seconds it takes, and how old the kernel's stamp then is."""


class Capture:
    """Stands in for cv2.VideoCapture: plays its steps, and moves the clock as they say."""

    def __init__(self, steps: Iterable[Step], fourcc: int = MJPG) -> None:
        self._steps = iter(steps)
        self._fourcc = fourcc
        self._properties: dict[int, float] = {}
        self.now = 5000.0
        self._stamp = 0.0
        self.released = threading.Event()
        self.stuck = threading.Event()
        self.gate: threading.Event | None = None

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return True

    def set(self, number: int, value: float) -> bool:
        self._properties[number] = value
        return True

    def get(self, number: int) -> float:
        if number == cv2.CAP_PROP_FOURCC:
            return self._fourcc
        if number == cv2.CAP_PROP_POS_MSEC:
            return self._stamp * 1000
        return self._properties[number]

    def read(self) -> tuple[bool, NDArray[np.uint8] | None]:
        if self.gate is not None:
            self.stuck.set()
            self.gate.wait()
        data, seconds, age = next(self._steps, (None, 0.0, 0.0))
        self.now += seconds
        self._stamp = self.now - age
        if data is None:
            return False, None
        if self._properties[cv2.CAP_PROP_CONVERT_RGB]:
            return True, PIXELS
        return True, np.frombuffer(data, np.uint8).reshape(1, -1)

    def release(self) -> None:
        self.released.set()

    def clock(self) -> float:
        return self.now


def scripted(monkeypatch: pytest.MonkeyPatch, capture: Capture, **options: Any) -> UvcCamera:
    monkeypatch.setattr(cv2, "VideoCapture", lambda *_: capture)
    monkeypatch.setattr(v4l2, "node_facts", lambda _: v4l2.NodeFacts("Scripted", captures=True, multiplanar=False))
    config = UvcConfig.model_validate({"device": "/dev/null", "size": "64x48", **options})
    return UvcCamera(config, context("camera", capture.clock))


def frames_of(monkeypatch: pytest.MonkeyPatch, capture: Capture, count: int, **options: Any) -> list[Frame]:
    """The first frames after the one that opening takes."""

    async def main() -> list[Frame]:
        camera = scripted(monkeypatch, capture, **options)
        await camera.open()
        frames: list[Frame] = []
        stream = camera.frames()
        try:
            while len(frames) < count:
                frames.append(await anext(stream))
        finally:
            await stream.aclose()
            await camera.close()
        return frames

    return asyncio.run(main())


def steady(data: bytes = JPEG, age: float = 0.01) -> Iterable[Step]:
    while True:
        yield data, 0.066, age


def test_the_cameras_bytes_are_handed_on_as_they_came(monkeypatch: pytest.MonkeyPatch) -> None:
    (frame,) = frames_of(monkeypatch, Capture(steady(PADDED)), 1)
    assert (frame.data, frame.media_type, frame.width, frame.height) == (PADDED, "image/jpeg", 64, 48)
    assert frame.source == "camera"


def test_the_instant_is_the_kernels_stamp(monkeypatch: pytest.MonkeyPatch) -> None:
    capture = Capture([(JPEG, 0.1, 0.1), (JPEG, 0.1, 0.02), (None, 0.0, 0.0)])
    with pytest.raises(TransientFault, match="was lost"):
        frames_of(monkeypatch, capture, 2)
    (frame,) = frames_of(monkeypatch, Capture([(JPEG, 0.1, 0.1), (JPEG, 0.1, 0.02)]), 1)
    assert frame.instant == pytest.approx(5000.2 - 0.02)


@pytest.mark.parametrize("age", [-0.5, 11.0, 5000.0], ids=["in the future", "too old", "of another clock"])
def test_a_stamp_that_cannot_be_gives_way_to_the_arrival(monkeypatch: pytest.MonkeyPatch, age: float) -> None:
    (frame,) = frames_of(monkeypatch, Capture([(JPEG, 0.1, 0.1), (JPEG, 0.1, age)]), 1)
    assert frame.instant == pytest.approx(5000.2)


def test_a_camera_without_mjpeg_is_encoded_here(monkeypatch: pytest.MonkeyPatch) -> None:
    (frame,) = frames_of(monkeypatch, Capture(steady(), fourcc=YUYV), 1)
    assert (frame.media_type, frame.width, frame.height) == ("image/jpeg", 64, 48)
    decoded = cv2.imdecode(np.frombuffer(frame.data, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert abs(int(decoded.mean()) - 127) < 2


def test_a_broken_frame_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[Step] = [(JPEG, 0.1, 0.0), (JPEG[:-40], 0.1, 0.0), (b"", 0.1, 0.0), (PADDED, 0.1, 0.0)]
    (frame,) = frames_of(monkeypatch, Capture(steps), 1)
    assert frame.data == PADDED


def test_an_unplugged_camera_is_lost_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TransientFault, match="/dev/null was lost: plug the camera in again"):
        frames_of(monkeypatch, Capture([(JPEG, 0.1, 0.0), (None, 0.04, 0.0)]), 1)


def test_a_frozen_camera_is_lost_after_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TransientFault, match="no frames for 1 s"):
        frames_of(monkeypatch, Capture([(JPEG, 0.1, 0.0), (None, 1.0, 0.0)]), 1)


def test_a_slow_camera_is_not_a_frozen_one(monkeypatch: pytest.MonkeyPatch) -> None:
    silence: Step = (None, 1.0, 0.0)
    steps: list[Step] = [(JPEG, 0.1, 0.0), silence, silence, (JPEG, 0.5, 0.0), silence, silence, silence]
    assert len(frames_of(monkeypatch, Capture(steps), 1, fps=1)) == 1
    with pytest.raises(TransientFault, match="no frames for 3 s"):
        frames_of(monkeypatch, Capture(steps), 2, fps=1)


def test_a_camera_may_take_seconds_to_its_first_frame_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    silence: Step = (None, 1.0, 0.0)
    assert frames_of(monkeypatch, Capture([silence, silence, silence, *[(JPEG, 0.1, 0.0)] * 2]), 1)
    with pytest.raises(TransientFault, match=f"gave no whole frame in {FIRST_FRAME_LIMIT_S:g} s"):
        frames_of(monkeypatch, Capture([silence] * 10), 1)


def test_a_stuck_read_holds_up_no_close_and_lets_go_late(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        capture = Capture(steady())
        camera = scripted(monkeypatch, capture)
        await camera.open()
        stream = camera.frames()
        await anext(stream)
        capture.gate = threading.Event()
        assert await asyncio.to_thread(capture.stuck.wait, 10.0)
        async with asyncio.timeout(1.0):  # what a driver's close may take
            await camera.close()
        assert not capture.released.is_set()
        capture.gate.set()
        assert await asyncio.to_thread(capture.released.wait, 10.0)
        await stream.aclose()

    asyncio.run(main())


def test_requests_have_the_kernels_numbers() -> None:
    names = ("_QUERYCAP", "_ENUM_FMT", "_ENUM_FRAMESIZES", "_ENUM_FRAMEINTERVALS")
    assert [getattr(v4l2, name) for name in names] == [0x80685600, 0xC0405602, 0xC02C564A, 0xC034564B]
