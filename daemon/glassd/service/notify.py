"""What systemd is told: sd_notify(3), a datagram to `$NOTIFY_SOCKET`. Nothing happens where there is none."""

from __future__ import annotations

import logging
import os
import socket
import time

log = logging.getLogger(__name__)


def notify(*assignments: str) -> None:
    """Send assignments such as `READY=1` in one datagram; a failure is logged, for the service runs as well without."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]  # the abstract namespace, sd_notify(3)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as datagrams:
            datagrams.setblocking(False)  # a receiver that does not keep up cannot hold up the event loop
            datagrams.connect(address)
            datagrams.send("\n".join(assignments).encode())
    except OSError as error:
        log.warning("cannot notify systemd: %s", error)


def reloading() -> None:
    """Tell that a reload has begun; `notify("READY=1")` ends it. The stamp is what Type=notify-reload asks for."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
