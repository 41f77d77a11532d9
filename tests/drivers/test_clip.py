from __future__ import annotations

import asyncio
import itertools
import logging
import os
import tempfile
import tracemalloc
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from lives import as_nobody, context
from pydantic import ValidationError
from recordings import encoded, image, video

from glassd_drivers.cameras import clip
from glassd_drivers.cameras.clip import ClipCamera, ClipConfig
from glassd_drivers.contracts import DriverError, Frame, PermanentFault, TransientFault
from glassd_drivers.pictures import media_type_and_size
from virtual import START, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


async def played(count: int, path: Path, **options: Any) -> list[Frame]:
    """The first frames of a clip, on the clock of the loop that runs."""
    camera = ClipCamera(ClipConfig(path=path, **options), context("camera", asyncio.get_running_loop().time))
    try:
        await camera.open()
        stream = camera.frames()
        frames = [await anext(stream) for _ in range(count)]
        await stream.aclose()
    finally:
        await camera.close()
    return frames


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, seed, ending in (("b", 2, ".png"), ("a", 1, ".jpg"), ("c", 3, ".jpg")):
        (tmp_path / f"{name}{ending}").write_bytes(encoded(ending, seed, 40 + seed, 30 + seed))
    return tmp_path


def test_a_folder_is_played_by_name_byte_for_byte_and_again_from_the_start(folder: Path) -> None:
    frames = run(played(7, folder))
    originals = [file.read_bytes() for file in sorted(folder.iterdir())]
    assert [frame.data for frame in frames] == list(itertools.islice(itertools.cycle(originals), 7))
    assert [(frame.media_type, frame.width, frame.height) for frame in frames[:3]] == [
        ("image/jpeg", 41, 31),
        ("image/png", 42, 32),
        ("image/jpeg", 43, 33),
    ]
    assert {frame.source for frame in frames} == {"camera"}


@pytest.mark.parametrize(("options", "period"), [({}, 0.2), ({"fps": 25}, 0.04), ({"fps": 0.5}, 2.0)])
def test_a_folder_is_played_at_its_rate(folder: Path, options: dict[str, Any], period: float) -> None:
    instants = [frame.instant for frame in run(played(5, folder, **options))]
    assert instants == pytest.approx([START + number * period for number in range(5)])


@pytest.mark.parametrize(("hold", "frames"), [(0.6, 3), (0.25, 1), (0.01, 1)])
def test_each_picture_stays_in_view_as_long_as_it_is_held(folder: Path, hold: float, frames: int) -> None:
    played_back = [frame.data for frame in run(played(4 * frames, folder, hold=hold))]
    originals = [file.read_bytes() for file in sorted(folder.iterdir())]
    order = itertools.islice(itertools.cycle(originals), 4)
    assert played_back == [picture for picture in order for _ in range(frames)]


def test_a_video_cannot_be_held(tmp_path: Path) -> None:
    path = video(tmp_path / "clip.avi", "MJPG", 3)
    with pytest.raises(PermanentFault, match="hold"):
        asyncio.run(played(1, path, hold=1.0))


def test_a_late_reader_gets_no_burst_of_old_pictures(folder: Path) -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        camera = ClipCamera(ClipConfig(path=folder), context("camera", loop.time))
        await camera.open()
        stream = camera.frames()
        first = await anext(stream)
        busy = asyncio.Event()
        loop.call_later(10, busy.set)
        await busy.wait()
        return [first.instant, *[(await anext(stream)).instant for _ in range(3)]]

    assert run(main()) == pytest.approx([START, START + 10, START + 10.2, START + 10.4])


def test_without_loop_the_last_picture_stays_in_view_at_the_rate(folder: Path) -> None:
    frames = run(played(5, folder, loop=False))
    last = (folder / "c.jpg").read_bytes()
    assert [frame.data == last for frame in frames] == [False, False, True, True, True]
    assert frames[-1].instant == pytest.approx(START + 0.8)


def test_what_is_no_picture_is_skipped_with_one_warning_that_names_it(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "a2.txt").write_text("notes")
    (folder / "b2.jpg").write_bytes(b"")
    (folder / "b3.jpg").write_bytes(encoded(".jpg")[:-10])
    (folder / "inner").mkdir()
    assert len({frame.data for frame in run(played(6, folder))}) == 3
    (warning,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    for word in ("a2.txt (neither", "b2.jpg (empty", "b3.jpg (a JPEG that is cut off"):
        assert word in warning.message
    assert "inner" not in warning.message


def test_many_that_are_no_pictures_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(12):
        (tmp_path / f"{number:02}.txt").write_text("no")
    (tmp_path / "x.jpg").write_bytes(encoded(".jpg"))
    run(played(1, tmp_path))
    assert "09.txt" in caplog.text
    assert "10.txt" not in caplog.text
    assert "and 2 more" in caplog.text


def test_a_picture_file_that_is_too_big_is_skipped(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(clip, "PICTURE_LIMIT_BYTES", (folder / "b.png").stat().st_size - 1)
    assert {frame.media_type for frame in run(played(4, folder))} == {"image/jpeg"}
    assert "b.png (over" in caplog.text


def test_a_picture_takes_no_more_memory_to_read_than_it_is_big(folder: Path) -> None:
    tracemalloc.start()
    try:
        run(played(6, folder))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < clip.PICTURE_LIMIT_BYTES / 8


def nothing(path: Path) -> None:
    del path


def empty_folder(path: Path) -> None:
    path.mkdir()


def folder_of_notes(path: Path) -> None:
    path.mkdir()
    (path / "notes.txt").write_text("no picture")


def file_of_notes(path: Path) -> None:
    path.write_text("no video" * 100)


@pytest.mark.parametrize(
    ("make", "fault", "says"),
    [
        (nothing, TransientFault, "does not exist"),
        (empty_folder, PermanentFault, "holds no JPEG or PNG"),
        (folder_of_notes, PermanentFault, "holds no JPEG or PNG"),
        (file_of_notes, PermanentFault, "no video that OpenCV can read; convert it"),
        (os.mkfifo, PermanentFault, "neither a file nor a folder"),
    ],
)
def test_what_cannot_be_played_is_told_in_one_line_with_its_path(
    make: Callable[[Path], None], fault: type[DriverError], says: str, tmp_path: Path
) -> None:
    path = tmp_path / "clip"
    make(path)
    with pytest.raises(fault, match=says) as raised:
        asyncio.run(played(1, path))
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("make", [Path.touch, Path.mkdir], ids=["file", "folder"])
def test_what_may_not_be_read_says_so(make: Callable[..., None]) -> None:
    with tempfile.TemporaryDirectory() as parent:
        Path(parent).chmod(0o755)
        path = Path(parent) / "clip"
        make(path, mode=0)
        told = as_nobody(LIFE, path)
    assert told.startswith(f"PermanentFault {path} cannot be read: Permission denied; make it readable")


LIFE = """
import asyncio, sys, time, cv2
from glassd_drivers.cameras.clip import ClipCamera, ClipConfig
from glassd_drivers.contracts import DriverError
from glassd_drivers.host import Host
# drop rights
async def life():
    camera = ClipCamera(ClipConfig(path=sys.argv[1]), Host(time.monotonic).context("camera", print))
    try:
        await camera.open()
    except DriverError as error:
        print(type(error).__name__, error)
    await camera.close()
asyncio.run(life())
"""


def test_a_picture_that_is_replaced_while_played_is_played_as_it_is_now(folder: Path) -> None:
    async def main() -> None:
        async with a_clip(folder) as frames:
            await anext(frames)
            other = encoded(".jpg", 9, 99, 98)
            (folder / "b.png").write_bytes(other)
            frame = await anext(frames)
            assert (frame.data, frame.media_type, frame.width, frame.height) == (other, "image/jpeg", 99, 98)

    run(main())


@asynccontextmanager
async def a_clip(path: Path) -> AsyncIterator[AsyncIterator[Frame]]:
    camera = ClipCamera(ClipConfig(path=path), context("camera", asyncio.get_running_loop().time))
    try:
        await camera.open()
        async with aclosing(camera.frames()) as frames:
            yield frames
    finally:
        await camera.close()


@pytest.mark.parametrize("harm", [lambda file: file.unlink(), lambda file: file.write_bytes(file.read_bytes()[:-1])])
def test_a_picture_that_goes_or_is_cut_off_while_played_is_a_loss(folder: Path, harm: Callable[[Path], object]) -> None:
    async def main() -> None:
        async with a_clip(folder) as frames:
            await anext(frames)
            harm(folder / "b.png")
            with pytest.raises(TransientFault, match=r"b\.png cannot be read any more"):
                await anext(frames)

    run(main())


def test_a_picture_that_hangs_holds_neither_a_stop_nor_the_loop(folder: Path) -> None:
    async def main() -> None:
        camera = ClipCamera(ClipConfig(path=folder), context("camera"))
        await camera.open()
        frames = camera.frames()
        await anext(frames)
        (folder / "b.png").unlink()
        os.mkfifo(folder / "b.png")  # nobody ever writes to it: opening it blocks
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.4):
                await anext(frames)
        async with asyncio.timeout(1):
            await camera.close()

    asyncio.run(main())
    with (folder / "b.png").open("wb"):
        pass  # lets the thread that is stuck go


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf"), 90_000.0])
def test_a_video_that_tells_no_rate_to_be_played_at_still_plays(
    rate: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = video(tmp_path / "clip.avi", "MJPG", 2)
    told = cv2.VideoCapture

    class Odd:
        def __init__(self, *arguments: Any) -> None:
            self._capture = told(*arguments)

        def get(self, fact: int) -> float:
            return rate if fact == cv2.CAP_PROP_FPS else float(self._capture.get(fact))

        def __getattr__(self, name: str) -> Any:
            return getattr(self._capture, name)

    monkeypatch.setattr(cv2, "VideoCapture", Odd)
    assert len(asyncio.run(played(3, path))) == 3


def packets(path: Path) -> list[bytes]:
    """The JPEGs within an AVI, found by hand: its `00dc` chunks."""
    data = path.read_bytes()
    found = []
    at = data.index(b"movi") + 4
    while data[at : at + 4] == b"00dc":
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        found.append(data[at + 8 : at + 8 + size])
        at += 8 + size + size % 2
    return found


def test_a_video_of_jpegs_is_handed_on_byte_for_byte_and_again_from_the_start(tmp_path: Path) -> None:
    path = video(tmp_path / "clip.avi", "MJPG", frames=3)
    originals = packets(path)
    frames = asyncio.run(played(7, path, fps=120.0))
    assert len(originals) == 3
    assert [frame.data for frame in frames] == [*originals, *originals, originals[0]]
    assert {(frame.media_type, frame.width, frame.height) for frame in frames} == {("image/jpeg", 64, 48)}


def test_a_video_is_neither_decoded_nor_encoded_where_its_packets_are_the_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = video(tmp_path / "clip.avi", "MJPG", frames=3)

    def refuse(*_: object) -> None:
        raise AssertionError("encoded")

    monkeypatch.setattr(cv2, "imencode", refuse)
    monkeypatch.setattr(cv2, "imdecode", refuse)
    assert len(asyncio.run(played(4, path, fps=120.0))) == 4


def test_a_video_in_another_codec_is_encoded_once_a_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = video(tmp_path / "clip.mp4", "mp4v", frames=3)
    calls = []
    encode = cv2.imencode

    def counted(*arguments: Any) -> Any:
        calls.append(1)
        return encode(*arguments)

    monkeypatch.setattr(cv2, "imencode", counted)
    frames = asyncio.run(played(4, path, fps=120.0))
    assert len(calls) == 4
    assert all(media_type_and_size(frame.data) == ("image/jpeg", 64, 48) for frame in frames)
    shown = cv2.imdecode(np.frombuffer(frames[0].data, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert shown is not None
    assert np.corrcoef(shown.ravel(), cv2.cvtColor(image(0), cv2.COLOR_BGR2GRAY).ravel())[0, 1] > 0.5


def test_without_loop_the_last_frame_of_a_video_stays_in_view(tmp_path: Path) -> None:
    path = video(tmp_path / "clip.avi", "MJPG", frames=2)
    frames = asyncio.run(played(4, path, fps=120.0, loop=False))
    first, last = packets(path)
    assert [frame.data for frame in frames] == [first, last, last, last]


def test_a_video_has_its_own_rate_unless_the_config_names_one(tmp_path: Path) -> None:
    path = video(tmp_path / "clip.avi", "MJPG", frames=3, fps=50.0)

    def least_span(**options: Any) -> float:
        instants = [frame.instant for frame in asyncio.run(played(4, path, **options))]
        return instants[-1] - instants[0]

    # The first frame may be late, so a span is told from those of other rates only.
    assert least_span() >= 2 / 50
    assert least_span(fps=10) >= 2 / 10


def test_a_damaged_frame_of_a_video_is_left_out(tmp_path: Path) -> None:
    path = video(tmp_path / "clip.avi", "MJPG", frames=3)
    first, second, third = packets(path)
    path.write_bytes(path.read_bytes().replace(second, bytes(len(second))))
    assert [frame.data for frame in asyncio.run(played(3, path, fps=120.0))] == [first, third, first]


def test_a_file_whose_first_frame_is_damaged_says_what_to_do(tmp_path: Path) -> None:
    path = video(tmp_path / "clip.avi", "MJPG", frames=1)
    (only,) = packets(path)
    path.write_bytes(path.read_bytes().replace(only, only[:20] + bytes(len(only) - 20)))
    with pytest.raises(PermanentFault, match=r"no whole pictures .* convert it with: ffmpeg"):
        asyncio.run(played(1, path))


@pytest.mark.parametrize("fps", [0, -1, 121, "5", True, float("nan"), float("inf")])
def test_a_rate_that_cannot_be_is_a_mistake(fps: object) -> None:
    with pytest.raises(ValidationError):
        ClipConfig.model_validate({"path": "/clip", "fps": fps})
