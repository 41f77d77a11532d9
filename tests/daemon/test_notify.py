from __future__ import annotations

import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from glassd.service.notify import notify, reloading

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_gets_the_assignments_in_one_datagram(
    abstract: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as systemd:
        systemd.bind("" if abstract else str(tmp_path / "notify"))  # an empty name: one of the kernel's, abstract
        address = systemd.getsockname()
        name = address if isinstance(address, str) else address.decode().replace("\0", "@", 1)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        notify("READY=1", "STATUS=ready")
        reloading()
        assert systemd.recv(4096) == b"READY=1\nSTATUS=ready"
        assert systemd.recv(4096).startswith(b"RELOADING=1\nMONOTONIC_USEC=")


def test_a_receiver_that_does_not_keep_up_holds_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        while "cannot notify" not in caplog.text:  # with a send that waits, this would never end
            notify("STATUS=" + "x" * 1000)


def test_without_systemd_nothing_happens(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")
    assert caplog.text == ""
