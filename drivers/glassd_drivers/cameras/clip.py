"""A recorded camera: plays a video file, or a folder of pictures, as if it were looking now.

The bytes are handed on as they were recorded: a picture file's own, and the JPEGs of an MJPEG video without decoding
them. A video in any other codec is decoded and encoded as JPEG, once a frame.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import math
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import Field

from glassd_drivers.contracts import CONTRACT, Context, DriverConfig, Frame, PermanentFault, TransientFault
from glassd_drivers.pictures import PictureError, PictureFacts, media_type_and_size
from glassd_drivers.settable import SETTABLE
from glassd_drivers.threads import DeviceThread
from glassd_drivers.units import Duration

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

DEFAULT_FPS = 5.0
"""The rate of a folder, and of a video that does not know its own, in pictures per second."""
FASTEST_FPS = 120.0
"""The highest rate, whoever names it."""
PICTURES_LIMIT = 10_000
"""How many files a folder may hold."""
PICTURE_LIMIT_BYTES = 32 * 1024 * 1024
"""How big one picture file may be."""
JPEG_QUALITY = 90
"""Of frames that have to be encoded: OpenCV's scale, 0 to 100."""

_log = logging.getLogger(__name__)


class ClipConfig(DriverConfig):
    """What is played, and how."""

    path: Path
    """A video file, or a folder of JPEG and PNG pictures, which are played in the order of their names."""
    fps: Annotated[float | None, SETTABLE] = Field(None, gt=0, le=FASTEST_FPS, strict=True)
    """Pictures per second; where absent, 5 for a folder and a video's own rate for a video."""
    hold: Annotated[Duration | None, SETTABLE] = Field(None, gt=0)
    """How long each picture of a folder stays in view, frame after frame; where absent, each is one frame."""
    loop: Annotated[bool, SETTABLE] = True
    """Begin again after the last picture; else the last one stays in view."""


class ClipCamera:
    """A recording: a video file or a folder of pictures, played as a live camera."""

    contract: ClassVar[int] = CONTRACT
    Config: ClassVar[type[DriverConfig]] = ClipConfig
    kind: ClassVar[Literal["stream"]] = "stream"

    def __init__(self, config: ClipConfig, context: Context) -> None:
        self._config = config
        self._context = context
        self._thread = DeviceThread(f"{context.name} clip")
        self._source: _Folder | _Video | None = None

    async def open(self) -> None:
        """Find the first picture; TransientFault where nothing is there, PermanentFault where it is no recording."""
        config = self._config
        if await self._thread.call(_is_folder, config.path):
            fps = config.fps or DEFAULT_FPS
            self._source = _Folder(config.path, loop=config.loop, repeat=max(1, round((config.hold or 0) * fps)))
        elif config.hold is not None:
            raise PermanentFault(f"{config.path} is no folder: `hold` is for pictures; leave it out for a video")
        else:
            self._source = _Video(config.path, loop=config.loop)
        await self._thread.call(self._source.open)

    async def frames(self) -> AsyncGenerator[Frame]:
        """Yield the pictures at their rate; a reader that is late misses no picture but gets no burst either."""
        source = self._source
        if source is None:
            raise TransientFault("not open")
        period = 1.0 / (self._config.fps or source.fps)
        due = self._context.clock()
        while True:
            picture = await self._thread.call(source.next)
            await asyncio.sleep(due - self._context.clock())
            now = self._context.clock()
            due = (due if now - due < period else now) + period  # in step, or from now on where the reader was late
            if picture is not None:
                yield Frame(
                    data=picture.data,
                    media_type=picture.facts.media_type,
                    width=picture.facts.width,
                    height=picture.facts.height,
                    instant=now,
                    source=self._context.name,
                )

    async def close(self) -> None:
        """Let go of the recording."""
        await self._thread.close(self._release)

    def _release(self) -> None:
        if self._source is not None:
            self._source.close()


# On the driver's thread from here on.


def _is_folder(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            path.open("rb").close()  # OpenCV would not say why it cannot
    except FileNotFoundError:
        raise TransientFault(f"{path} does not exist; correct `path`, or put a recording there") from None
    except OSError as error:
        raise _unreadable(path, error) from error
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise PermanentFault(f"{path} is neither a file nor a folder; correct `path`")
    return stat.S_ISDIR(mode)


def _unreadable(path: Path, error: OSError) -> PermanentFault:
    return PermanentFault(f"{path} cannot be read: {error.strerror}; make it readable to the user that glassd runs as")


class _Picture(NamedTuple):
    data: bytes
    facts: PictureFacts


class _Folder:
    """The pictures of a folder, as its files are when their turn comes."""

    fps = DEFAULT_FPS

    def __init__(self, path: Path, *, loop: bool, repeat: int) -> None:
        """`repeat` is how many frames each picture is played for."""
        self._path = path
        self._loop = loop
        self._repeat = repeat
        self._pictures: list[Path] = []
        self._at = 0
        self._played = 0

    def open(self) -> None:
        skipped = []
        for file in self._files():
            try:
                _read_picture(file)
                self._pictures.append(file)
            except PictureError as error:
                skipped.append(f"{file.name} ({error})")
            except OSError as error:
                skipped.append(f"{file.name} ({error.strerror})")
        if not self._pictures:
            raise PermanentFault(f"{self._path} holds no JPEG or PNG picture; put some there or correct `path`")
        if skipped:
            _log.warning("%s: skipped, for they are no pictures: %s", self._path, _some(skipped))

    def next(self) -> _Picture:
        file = self._pictures[self._at]
        self._played += 1
        if self._played >= self._repeat:
            self._played = 0
            self._step()
        try:
            return _read_picture(file)
        except (OSError, PictureError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise TransientFault(f"{file} cannot be read any more: {reason}") from error

    def close(self) -> None:
        """Nothing is held between two pictures."""

    def _step(self) -> None:
        if self._at + 1 < len(self._pictures):
            self._at += 1
        elif self._loop:
            self._at = 0

    def _files(self) -> list[Path]:
        try:
            files = list(itertools.islice(filter(Path.is_file, self._path.iterdir()), PICTURES_LIMIT + 1))
        except OSError as error:
            raise _unreadable(self._path, error) from error
        if len(files) > PICTURES_LIMIT:
            raise PermanentFault(f"{self._path} holds over {PICTURES_LIMIT} files; make a video of them")
        return sorted(files)


def _read_picture(path: Path) -> _Picture:
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size  # `read` makes room for all that it is asked for, frame after frame
        data = file.read(min(size, PICTURE_LIMIT_BYTES) + 1)
    if len(data) > PICTURE_LIMIT_BYTES:
        raise PictureError(f"over {PICTURE_LIMIT_BYTES // 1024**2} MiB")
    return _Picture(data, media_type_and_size(data))


def _some(names: list[str], most: int = 10) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


class _Video:
    """The frames of a video file."""

    fps = DEFAULT_FPS

    def __init__(self, path: Path, *, loop: bool) -> None:
        self._path = path
        self._loop = loop
        self._capture: Any = None  # cv2.VideoCapture, whose type is only there once cv2 is
        self._coded = False  # whether the packets are the pictures, to be handed on as they are
        self._ahead: _Picture | None = None
        self._last: _Picture | None = None

    def open(self) -> None:
        self._rewind()
        own = float(self._capture.get(_cv2().CAP_PROP_FPS))
        if math.isfinite(own) and own > 0:
            self.fps = min(own, FASTEST_FPS)
        packet = self._read()
        if packet is None:
            raise PermanentFault(f"{self._path} holds no frame; {_CONVERT}")
        try:
            self._ahead = _Picture(packet, media_type_and_size(packet))
        except PictureError as error:
            raise PermanentFault(f"{self._path}: its frames are no whole pictures ({error}); {_CONVERT}") from error

    def next(self) -> _Picture | None:
        """Return the next frame, or None for a damaged one; past the end, the first or the last again."""
        if self._ahead is not None:
            self._last, self._ahead = self._ahead, None
            return self._last
        packet = self._read()
        if packet is None:
            if not self._loop:
                return self._last
            self._rewind()
            packet = self._read()
            if packet is None:
                raise TransientFault(f"{self._path} cannot be read any more")
        try:
            self._last = _Picture(packet, media_type_and_size(packet))
        except PictureError as error:
            _log.debug("%s: a damaged frame is left out: %s", self._path, error)
            return None
        return self._last

    def _rewind(self) -> None:
        """Open the file anew at its first frame; a seek is not to be relied on in every container."""
        cv2 = _cv2()
        self.close()
        self._capture = cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            raise PermanentFault(f"{self._path} is no video that OpenCV can read; {_CONVERT}")
        # FORMAT -1 makes the FFMPEG backend hand out the packets as they are in the file.
        mjpeg = int(self._capture.get(cv2.CAP_PROP_FOURCC)) == cv2.VideoWriter.fourcc(*"MJPG")
        self._coded = mjpeg and bool(self._capture.set(cv2.CAP_PROP_FORMAT, -1))

    def _read(self) -> bytes | None:
        cv2 = _cv2()
        taken, image = self._capture.read()
        if not taken:
            return None
        if self._coded:
            return bytes(image)
        encoded, packet = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        return bytes(packet) if encoded else b""

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
            self._capture = None


_CONVERT = "convert it with: ffmpeg -i FILE -c:v mjpeg -q:v 3 FILE.avi"


def _cv2() -> Any:
    import cv2  # noqa: PLC0415 - late, so that the config can be read without the device library

    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)  # what it warns of is raised here
    return cv2
