"""A USB camera's node from finding it to its stream: what blocks, and is done on the driver's thread.

Each step that fails says what happened, where, and what to do.
"""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from glassd_drivers.cameras import v4l2, v4l2_controls
from glassd_drivers.cameras.raw import RAW_TYPES
from glassd_drivers.cameras.v4l2_capture import Capture, NoFormat, negotiate
from glassd_drivers.contracts import PermanentFault, TransientFault

if TYPE_CHECKING:
    from glassd_drivers.cameras.uvc import UvcConfig
    from glassd_drivers.cameras.v4l2_capture import Given
    from glassd_drivers.contracts import DriverError

JPEG: Final = ("MJPG", "JPEG")
"""A camera's JPEG, by the two names that there are for it."""
WANTED: Final = {"auto": (*JPEG, *RAW_TYPES), "mjpeg": JPEG, "raw": tuple(RAW_TYPES)}
"""The formats that each word of the config takes, the first choice first."""
HINT: Final = "`glassd devices` lists cameras"

_log = logging.getLogger(__name__)


class Node:
    """One life of a camera's node. `where` names it in errors; `given` and `capture` are there once it is open."""

    def __init__(self, config: UvcConfig) -> None:
        self._config = config
        self.where = _where(config)
        self.fd: int | None = None
        self.capture: Capture | None = None

    def open(self) -> Given:
        """Find the camera, have it send what the config asks for, and start; raise DriverError."""
        self.fd = fd = self._open(self._path())
        facts = self._facts(fd)
        config = self._config
        try:
            for other in v4l2_controls.put(fd, config.controls):
                _log.warning("%s: %s", self.where, other)
            given = negotiate(fd, facts, WANTED[config.format], config.size, config.fps)
            self.capture = Capture(fd)
            self.capture.start()
        except v4l2_controls.Refused as error:
            raise PermanentFault(f"{self.where}: {facts.name}: {error}; mend controls in the config") from error
        except NoFormat as error:
            raise PermanentFault(f"{self.where}: {facts.name} has no format for `{config.format}`: {error}") from error
        except OSError as error:
            raise self._start_fault(error) from error
        _log.info(
            "%s: %s opened: %s %s of the %s asked for", self.where, facts.name, given.fourcc, given.size, config.size
        )
        return given

    def close(self) -> None:
        """Let go of it, in whatever state it is."""
        capture, self.capture = self.capture, None
        fd, self.fd = self.fd, None
        if capture is not None:
            capture.stop()
        if fd is not None:
            os.close(fd)

    def _path(self) -> Path:
        if self._config.usb is None and self._config.name is None:
            return self._config.device
        for node in sorted(Path("/dev").glob("video[0-9]*"), key=lambda node: int(node.name.removeprefix("video"))):
            if self._is_meant(node):
                return node
        raise self._not_there()

    def _is_meant(self, node: Path) -> bool:
        config = self._config
        if config.usb is not None and v4l2.usb_id(node.name) != config.usb:
            return False
        try:
            fd = os.open(node, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            facts = v4l2.node_facts(fd)
        except OSError:
            return False
        finally:
            os.close(fd)
        return facts.captures and (config.name is None or config.name.casefold() in facts.name.casefold())

    def _open(self, path: Path) -> int:
        try:
            return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except PermissionError as error:
            raise PermanentFault(
                f"{self.where}: no permission; the user that runs glassd needs the group `video`"
            ) from error
        except OSError as error:
            if isinstance(error, FileNotFoundError) or error.errno in (errno.ENODEV, errno.ENXIO):
                raise self._not_there() from error
            raise TransientFault(f"{self.where} cannot be opened: {error.strerror}") from error

    def _not_there(self) -> TransientFault:
        return TransientFault(f"{self.where} is not there: plug the camera in; {HINT}")

    def _facts(self, fd: int) -> v4l2.NodeFacts:
        try:
            facts = v4l2.node_facts(fd)
        except OSError as error:
            if error.errno == errno.ENODEV:
                raise TransientFault(f"{self.where} is just gone: plug the camera in again") from error
            raise PermanentFault(f"{self.where} is no camera; {HINT}") from error
        if not facts.captures:
            raise PermanentFault(f"{self.where} is a node of {facts.name} that gives no pictures; {HINT}")
        if facts.multiplanar:
            raise PermanentFault(f"{self.where}: {facts.name} gives its pictures in planes (no USB camera); {HINT}")
        return facts

    def _start_fault(self, error: OSError) -> DriverError:
        if error.errno == errno.EBUSY:
            return TransientFault(f"{self.where} is busy: end the program that uses it")
        if error.errno == errno.ENOSPC:  # of a bus: uvcvideo reserves what the frames may take at most
            return PermanentFault(
                f"{self.where}: no room for its frames on the USB bus; choose a smaller size, fewer fps or another port"
            )
        return TransientFault(f"{self.where} was lost while it was opened ({error.strerror}): plug the camera in again")


def _where(config: UvcConfig) -> str:
    named = [config.usb and f"USB {config.usb}", config.name and f"“{config.name}”"]
    return f"camera {' '.join(filter(None, named))}" if any(named) else str(config.device)
