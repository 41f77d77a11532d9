"""A USB camera that is a program: QEMU's `usb-redir` device takes it for one at the end of a cable.

Layers, of which only the last does I/O: `packets` and `usbredir` are the protocol; `formats`, `descriptors`, `controls`
and `negotiation` what a UVC camera is; `pictures` and `stream` what it shows, and when; `device` all of that behind the
protocol; and here are a socket, a clock, and a thread that serves both.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

from rig.camera.descriptors import Names
from rig.camera.device import CAPABILITIES, GREETING, UsbCamera
from rig.camera.formats import SIZES, Encoding, formats_of
from rig.camera.pictures import Album
from rig.camera.stream import Behaviour
from rig.camera.usbredir import Connection, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from glassd_drivers.units import Size
    from rig.camera.stream import Payload

EncodingName = Literal["mjpeg", "yuyv"]

LIMIT_S = 20.0
"""Seconds that a wait takes where it is not told otherwise: the guest's processor is an emulated one."""
COMMAND_LIMIT_S = 5.0
"""Seconds within which the camera's own thread does what it is told; it never blocks."""
END_LIMIT_S = 2.0
"""Seconds that QEMU gets to notice an unplugging, and a picture to end at a freeze: a paused guest does neither."""
SENT_LIMIT = 100_000
"""How many of the last pictures `sent` keeps: most of an hour's at 30 a second. They share their bytes."""
_READ_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class Sent:
    """A picture that went out whole: which of those shown, its bytes, and when, in this machine's monotonic seconds.

    It began when its first payload was about to be given to QEMU, and ended when QEMU had its last.
    """

    index: int
    data: bytes
    began: float
    ended: float


class CameraError(RuntimeError):
    """The camera cannot do that."""


class VirtualCamera:
    """One camera; several have different serials. It is made unplugged, and its methods may be called on any thread.

    An unplugging takes its power away: what it was told by `freeze` and `stall` is gone, not so pictures and rate.
    """

    def __init__(
        self,
        socket_path: Path,
        *,
        serial: str,
        formats: Sequence[EncodingName] = ("mjpeg", "yuyv"),
        sizes: Sequence[Size] = SIZES,
    ) -> None:
        self._path = socket_path
        self._names = Names("glassd", "Virtual camera", serial)
        self._sizes = tuple(sizes)
        self._formats = formats_of(map(Encoding, formats), sizes)
        self._album = Album()
        self._behaviour = Behaviour()
        self._sent: deque[Sent] = deque(maxlen=SENT_LIMIT)
        self._count = 0
        self._in_picture = False
        self._changed = threading.Condition()
        self._fault: Exception | None = None
        # The thread's own from here on; others look, and change things through `_do`.
        self._socket: socket.socket | None = None
        self._device: UsbCamera | None = None
        self._connection = Connection(CAPABILITIES)
        self._out = bytearray()
        self._on_its_way: Payload | None = None
        self._began = 0.0
        self._commands: deque[tuple[Callable[[], None], Future[None]]] = deque()
        self._closing = False
        self._bell, self._ear = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._ear, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._serve, name=f"camera {serial}", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- the cable -----------------------------------------------------------------------------------------------------

    def plug(self) -> None:
        """Plug the camera in, and return once QEMU knows of it; the guest takes some more time to."""
        if self.plugged:
            raise CameraError(f"{self} is plugged in already: unplug it first")
        self._do(self._drop)  # what is left of a QEMU that has ended
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(COMMAND_LIMIT_S)
        try:
            line.connect(str(self._path))
            line.setblocking(False)
            self._do(lambda: self._attach(line))
        except OSError as error:
            line.close()
            raise CameraError(f"{self} found nobody at {self._path}: {error}; QEMU has to run first") from error
        except BaseException:
            line.close()
            raise
        try:
            self._await(lambda: self._device is not None and self._device.announced, COMMAND_LIMIT_S, "QEMU's hello")
        except TimeoutError:
            self.unplug()  # somebody else is QEMU's one client there
            raise

    def unplug(self) -> None:
        """Pull the camera out, in the middle of whatever it does, and return once QEMU knows it. Unplugged: nothing."""
        self._do(self._detach)
        with self._changed:
            self._changed.wait_for(lambda: self._socket is None, END_LIMIT_S)
        self._do(self._drop)

    def close(self) -> None:
        """Unplug the camera and end its thread; nothing is left of it."""
        if self._thread.is_alive():
            self.unplug()
            self._do(self._stop)
        self._thread.join()

    # -- what it does --------------------------------------------------------------------------------------------------

    def freeze(self) -> None:
        """Begin no more pictures, and return once the one on its way is out: plugged in, but nothing comes."""
        self._do(lambda: setattr(self._behaviour, "frozen", True))
        with self._changed:
            self._changed.wait_for(lambda: not self._in_picture, END_LIMIT_S)

    def stall(self) -> None:
        """Stall the endpoint that pictures come from, whatever the host tries."""
        self._do(lambda: setattr(self._behaviour, "stalled", True))

    def thaw(self) -> None:
        """End a freeze or a stall."""
        self._do(self._recover)

    def fps(self, rate: float | None) -> None:
        """Send so many pictures a second, whatever was agreed on; None: what was agreed on."""
        if rate is not None and rate <= 0:
            raise CameraError(f"{self} cannot send {rate:g} pictures a second: freeze it where none shall come")
        self._do(lambda: setattr(self._behaviour, "rate", rate))

    def show(
        self,
        pictures: Sequence[bytes],
        format: EncodingName = "mjpeg",  # noqa: A002 - the word of glassd's own config
        size: Size | None = None,
    ) -> None:
        """Show these pictures in turn, over and over, from the next one that begins.

        They stand for the size that they have; with `size` for that one, whatever their bytes are, so that a camera
        can be given broken ones. In all other sizes the camera goes on with what it has. Raises ValueError for
        pictures that no camera could send.
        """
        self._do(lambda: self._album.show(pictures, Encoding(format), size, self._sizes))

    # -- what happened -------------------------------------------------------------------------------------------------

    @property
    def sent(self) -> list[Sent]:
        """The pictures that went out, oldest first, the last SENT_LIMIT of them."""
        with self._changed:
            return list(self._sent)

    @property
    def plugged(self) -> bool:
        """Whether QEMU has the camera; not so once QEMU has ended."""
        return self._device is not None

    @property
    def configured(self) -> bool:
        """Whether the guest's kernel has taken the camera up."""
        return (device := self._device) is not None and device.configured

    @property
    def streaming(self) -> bool:
        """Whether somebody in the guest wants pictures."""
        return (device := self._device) is not None and device.stream.running

    def await_configured(self, limit: float = LIMIT_S) -> None:
        """Wait until the guest's kernel has taken the camera up; raise TimeoutError after `limit` seconds."""
        self._await(lambda: self.configured, limit, "the guest's kernel")

    def await_streaming(self, limit: float = LIMIT_S) -> None:
        """Wait until somebody in the guest wants pictures; raise TimeoutError."""
        self._await(lambda: self.streaming, limit, "a reader in the guest")

    def await_idle(self, limit: float = LIMIT_S) -> None:
        """Wait until nobody in the guest wants pictures; raise TimeoutError."""
        self._await(lambda: not self.streaming, limit, "the end of the stream")

    def await_frames(self, count: int, limit: float = LIMIT_S) -> list[Sent]:
        """Wait until so many more pictures went out, and return them; raise TimeoutError."""
        before = self._count
        self._await(lambda: self._count >= before + count, limit, f"the guest's taking of {count} pictures")
        with self._changed:
            return list(self._sent)[len(self._sent) - (self._count - before) :][:count]

    def __str__(self) -> str:
        return f"camera {self._names.serial}"

    # -- between the threads -------------------------------------------------------------------------------------------

    def _do(self, command: Callable[[], None]) -> None:
        """Have the camera's thread do something, and return when it has; raises what that raised."""
        done: Future[None] = Future()
        with self._changed:  # the thread takes its leave under the same lock
            if self._closing:
                raise CameraError(f"{self} is closed") from self._fault
            self._commands.append((command, done))
            self._bell.send(b"!")
        done.result(COMMAND_LIMIT_S)

    def _await(self, holds: Callable[[], bool], limit: float, what: str) -> None:
        with self._changed:
            self._changed.wait_for(lambda: holds() or self._fault or self._closing, limit)
            if holds():
                return
        if self._fault is not None:
            raise CameraError(f"{self} was given up: {self._fault}") from self._fault
        facts = f"plugged in: {self.plugged}, taken up: {self.configured}, read: {self.streaming}, sent: {self._count}"
        raise TimeoutError(f"{self} waited {limit:g} s for {what} in vain; {facts}")

    # -- on the camera's thread from here on ---------------------------------------------------------------------------

    def _serve(self) -> None:
        try:
            while not self._closing:
                for key, events in self._selector.select(self._wait()):
                    if key.fileobj is self._ear:
                        self._obey()
                    elif events & selectors.EVENT_READ:
                        self._read()
                self._send()
                with self._changed:
                    self._in_picture = self._on_its_way is not None or (
                        self._device is not None and self._device.stream.in_picture
                    )
                    self._changed.notify_all()
        finally:
            self._leave()

    def _wait(self) -> float | None:
        if self._device is None or self._out:
            return None
        return self._device.wait(time.monotonic())

    def _obey(self) -> None:
        self._ear.recv(1)  # one for each command
        command, done = self._commands.popleft()
        try:
            command()
        except Exception as error:  # noqa: BLE001 - it is the caller's, who gets it
            done.set_exception(error)
        else:
            done.set_result(None)

    def _attach(self, line: socket.socket) -> None:
        self._fault = None
        self._socket = line
        self._selector.register(line, selectors.EVENT_READ)
        self._connection = Connection(CAPABILITIES)
        self._device = UsbCamera(self._names, self._formats, self._album, self._behaviour)
        self._out += self._connection.encode(GREETING)

    def _detach(self) -> None:
        """Say no more: QEMU closes its end, which shows that it has seen it, and `_read` drops ours."""
        self._device = self._on_its_way = None
        self._out.clear()
        self._recover()
        if self._socket is not None:
            with contextlib.suppress(OSError):  # QEMU is gone already
                self._socket.shutdown(socket.SHUT_WR)

    def _drop(self) -> None:
        self._detach()
        if self._socket is not None:
            self._selector.unregister(self._socket)
            self._socket.close()
            self._socket = None

    def _recover(self) -> None:
        self._behaviour.frozen = self._behaviour.stalled = False

    def _stop(self) -> None:
        self._closing = True

    def _read(self) -> None:
        assert self._socket is not None
        try:
            data = self._socket.recv(_READ_BYTES)
        except OSError:
            data = b""
        if not data:
            self._drop()
        elif self._device is not None:
            try:
                for message in self._connection.decode(data):
                    for answer in self._device.receive(message, time.monotonic()):
                        self._out += self._connection.encode(answer)
            except ProtocolError as error:
                self._fault = error
                self._drop()

    def _send(self) -> None:
        """Give QEMU what it takes: first what is left over, then a payload for each of its transfers."""
        while self._socket is not None and self._device is not None:
            self._flush(self._socket)
            if self._out or self._device is None:
                return
            self._book()
            now = time.monotonic()
            answer = self._device.answer(now)
            if answer is None:
                return
            if answer.payload is not None and answer.payload.first:
                self._began = now
            self._out += self._connection.encode(answer.message)
            self._on_its_way = answer.payload

    def _flush(self, line: socket.socket) -> None:
        try:
            while self._out:
                del self._out[: line.send(self._out)]
        except BlockingIOError:
            pass
        except OSError:  # QEMU is gone
            self._drop()
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._out else 0)
        if self._selector.get_key(line).events != wanted:
            self._selector.modify(line, wanted)

    def _book(self) -> None:
        """Note the picture whose last payload QEMU has by now."""
        payload, self._on_its_way = self._on_its_way, None
        if payload is not None and payload.last:
            picture = payload.picture
            with self._changed:
                self._sent.append(Sent(picture.index, picture.data, self._began, time.monotonic()))
                self._count += 1

    def _leave(self) -> None:
        self._drop()
        with self._changed:
            self._closing = True
            for _, done in self._commands:
                done.set_exception(CameraError(f"{self} is closed"))
            self._commands.clear()
            self._changed.notify_all()
        self._selector.close()
        self._bell.close()
        self._ear.close()
