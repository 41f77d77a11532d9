"""The other end of the camera's cable, scripted: QEMU's `usb-redir` and a driver, for tests without a guest.

It listens as QEMU's chardev does, for one client at a time, and reads on a thread of its own, so that it notices an
unplugging whatever the test does meanwhile.
"""

from __future__ import annotations

import contextlib
import itertools
import queue
import socket
import struct
import threading
from typing import TYPE_CHECKING, NamedTuple, Self

from rig.camera.controls import Request
from rig.camera.descriptors import STREAM_ENDPOINT, VIDEO_STREAMING
from rig.camera.device import CAPABILITIES
from rig.camera.negotiation import COMMIT_CONTROL, PAYLOAD_BYTES, PROBE_CONTROL
from rig.camera.packets import (
    BulkPacket,
    CancelDataPacket,
    ConfigurationStatus,
    ControlPacket,
    DeviceConnect,
    Hello,
    Packet,
    SetConfiguration,
    Status,
)
from rig.camera.usbredir import Connection, Message

if TYPE_CHECKING:
    from pathlib import Path

ANSWER_LIMIT_S = 10.0
"""Seconds that the camera may take to answer."""
TRANSFERS = 5
"""Transfers that wait at the camera while pictures are read, as many as uvcvideo keeps."""


class Reply(NamedTuple):
    """What a transfer came to."""

    status: int
    data: bytes


class UsbGuest:
    """A machine that a camera can be plugged into."""

    def __init__(self, path: Path) -> None:
        self.gone = threading.Event()
        """Set while no camera is plugged in."""
        self.gone.set()
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(path))
        self._door.listen(1)
        self._line: socket.socket | None = None
        self._connection = Connection(CAPABILITIES)
        self._came: queue.Queue[Message] = queue.Queue()
        self._early: list[Message] = []
        self._ids = itertools.count(1)
        self._waiting: list[int] = []
        self._thread = threading.Thread(target=self._serve, name="usb guest")
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self.crash()
        self._thread.join()
        self._door.close()

    def crash(self) -> None:
        """Hang up on the camera, as a QEMU that ends does."""
        if (line := self._line) is not None:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    # -- as QEMU and the guest's kernel --------------------------------------------------------------------------------

    def take_up(self) -> list[Packet]:
        """Take up a camera that was plugged in; return what it said of itself, hello first."""
        said: list[Packet] = []
        while not said or not isinstance(said[-1], DeviceConnect):
            said.append(self._next(0))
        status = self.ask(SetConfiguration(1))
        assert status == ConfigurationStatus(Status.SUCCESS, 1)
        return said

    def say(self, packet: Packet) -> int:
        """Send a packet and return its id."""
        message = Message(next(self._ids), packet)
        self._send(message)
        return message.id

    def ask(self, packet: Packet) -> Packet:
        """Send a packet and return its answer."""
        return self._next(self.say(packet))

    def control(self, requesttype: int, request: int, value: int, index: int, data: bytes | int) -> Reply:
        """Make a control transfer that sends data, or reads so many bytes."""
        length, sent = (data, b"") if isinstance(data, int) else (len(data), data)
        answer = self.ask(ControlPacket(requesttype & 0x80, request, requesttype, 0, value, index, length, sent))
        assert isinstance(answer, ControlPacket)
        return Reply(answer.status, answer.data)

    # -- as uvcvideo ---------------------------------------------------------------------------------------------------

    def start(self, format_index: int = 1, mode_index: int = 1, transfers: int = TRANSFERS) -> None:
        """Agree on a mode at 30 pictures a second, and ask for payloads."""
        wanted = struct.pack("<HBBI", 1, format_index, mode_index, 333_333).ljust(34, b"\0")
        assert self.control(0x21, Request.SET_CUR, PROBE_CONTROL << 8, VIDEO_STREAMING, wanted).status == Status.SUCCESS
        agreed = self.control(0xA1, Request.GET_CUR, PROBE_CONTROL << 8, VIDEO_STREAMING, 34).data
        assert self.control(0x21, Request.SET_CUR, COMMIT_CONTROL << 8, VIDEO_STREAMING, agreed).status == 0
        self.ask_for_payloads(transfers)

    def ask_for_payloads(self, count: int) -> None:
        """Submit so many bulk transfers."""
        for _ in range(count):
            self._waiting.append(self.say(BulkPacket(STREAM_ENDPOINT, 0, PAYLOAD_BYTES)))

    def payload(self) -> Reply:
        """Return what the oldest bulk transfer came to."""
        answer = self._next(self._waiting.pop(0))
        assert isinstance(answer, BulkPacket)
        assert answer.length == len(answer.data)
        return Reply(answer.status, answer.data)

    def picture(self) -> bytes:
        """Read one picture, checking each payload's header, and ask for as many payloads again."""
        parts, frame_ids, last = [], set(), False
        while not last:
            status, data = self.payload()
            assert status == Status.SUCCESS
            self.ask_for_payloads(1)
            length, info = data[0], data[1]
            assert length == 2
            parts.append(data[length:])
            frame_ids.add(info & 0x01)
            last = bool(info & 0x02)
        assert len(frame_ids) == 1
        return b"".join(parts)

    def stop(self) -> None:
        """Ask for no more pictures: cancel what waits, then clear the endpoint's halt."""
        waiting, self._waiting = self._waiting, []
        for transfer in waiting:
            self._send(Message(transfer, CancelDataPacket()))
        assert {self._next(transfer).type for transfer in waiting} <= {BulkPacket.type}
        assert self.control(0x02, 1, 0, STREAM_ENDPOINT, b"").status == Status.SUCCESS

    def forget(self) -> None:
        """Know nothing of the transfers that wait any more, as after a reset."""
        self._waiting = []

    @property
    def quiet(self) -> bool:
        """Whether nothing came that nobody asked for by now."""
        return self._came.empty() and not self._early

    # -- the line ------------------------------------------------------------------------------------------------------

    def _send(self, message: Message) -> None:
        assert self._line is not None
        self._line.sendall(self._connection.encode(message))

    def _next(self, message_id: int) -> Packet:
        """Return the next packet with this id; others are kept for whoever asks for theirs."""
        for message in self._early:
            if message.id == message_id:
                self._early.remove(message)
                return message.packet
        while (message := self._came.get(timeout=ANSWER_LIMIT_S)).id != message_id:
            self._early.append(message)
        return message.packet

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._door.accept()
            except OSError:  # it is over
                return
            with line:
                self._connection, self._line = Connection(CAPABILITIES), line
                self._came, self._early, self._waiting = queue.Queue(), [], []
                self.gone.clear()
                with contextlib.suppress(OSError):  # the camera is gone
                    line.sendall(self._connection.encode(Message(0, Hello("usb guest", CAPABILITIES))))
                    while data := line.recv(1 << 18):
                        for message in self._connection.decode(data):
                            self._came.put(message)
                self._line = None
            self.gone.set()
