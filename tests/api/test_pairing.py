"""`glassd pair` and `glassd token`: a browser is let in from the board, and stays so over a restart."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pty
import re
import socket
import ssl
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from running import LIMIT_S, Lines, free_port
from strangers_calls import Address

from glassd.api.own_certificate import NAME
from glassd.cli.pair import qr_modules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from running import Daemon

TOKEN = "k7qdm-2x9ab-fj0s5-ty8wn-c3vh6"
CONFIG = """
model: {{endpoints: [{{url: reader}}]}}
triggers: [{{when: main press, ask: "?"}}]
api: {{listen: "127.0.0.1:{port}", {more}}}
"""


def read_qr(modules: Sequence[Sequence[bool]]) -> str:
    picture = np.kron(np.array(modules, dtype=np.uint8) * 255, np.ones((8, 8), dtype=np.uint8))
    return str(cv2.QRCodeDetector().detectAndDecode(picture)[0])


def modules_of(lines: Sequence[str]) -> list[list[bool]]:
    """Return what a phone's camera sees of half blocks, light on dark."""
    rows: list[list[bool]] = []
    for line in lines:
        rows.append([sign in "▀█" for sign in line])
        rows.append([sign in "▄█" for sign in line])
    return rows


class Terminal:
    """A command of glassd at a terminal."""

    def __init__(self, daemon: Daemon, *arguments: str) -> None:
        self._screen, end = pty.openpty()
        command = [sys.executable, "-m", "glassd", *arguments]
        environment = daemon.environment | {"COLUMNS": "80", "TERM": "xterm"}
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=end, stderr=end, env=environment)
        os.close(end)
        self.lines = Lines(self._written())

    def _written(self) -> Iterator[str]:
        with os.fdopen(self._screen, encoding="utf-8", errors="replace") as screen, contextlib.suppress(OSError):
            yield from screen  # until it is hung up

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.lines.rest()


# -- the command -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "link", ["http://localhost:8733/glasses#code=k7qd-m2x9", "https://glassd.local:8733/sign-in#code=0000-zzzz"]
)
def test_a_reader_reads_the_code_that_is_drawn(link: str) -> None:
    assert read_qr(qr_modules(link)) == link


@given(
    st.from_regex(
        r"https?://[a-z0-9.-]{1,60}:[0-9]{2,5}/(glasses|sign-in)#code=[0-9a-z]{4}-[0-9a-z]{4}", fullmatch=True
    )
)
def test_every_code_is_square_and_has_its_quiet_zone(link: str) -> None:
    modules = qr_modules(link)
    assert {len(row) for row in modules} == {len(modules)}
    assert all(all(row) for row in [*modules[:4], *modules[-4:]])
    assert all(all(row[:4]) and all(row[-4:]) for row in modules)
    assert not all(modules[4])


def test_at_a_terminal_a_phone_scans_it_and_the_command_says_when_it_is_used(start: Callable[..., Daemon]) -> None:
    address = Address(free_port())
    daemon = start(CONFIG.format(port=address.port, more="token: page"), GLASSD_KEY_PAGE=TOKEN)
    with contextlib.closing(Terminal(daemon, "pair")) as terminal:
        terminal.lines.until("reverse")
        shown = [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip("\r") for line in terminal.lines.all]
        link = read_qr(modules_of([line for line in shown if line and set(line) <= set(" ▀▄█")]))
        assert link.startswith(f"http://localhost:{address.port}/glasses#code=")
        code = link.partition("#code=")[2]
        text = "\n".join(shown)
        assert f"http://localhost:{address.port}/glasses and type {code}" in text
        assert f"adb reverse tcp:{address.port} tcp:{address.port}" in text
        assert terminal.process.poll() is None
        assert address.call("POST", "/api/sessions", {"code": code}).json == {"scope": "glasses"}
        terminal.lines.until("Paired.")
        assert terminal.process.wait(LIMIT_S) == 0


def test_elsewhere_it_prints_and_ends_and_a_link_alone_where_it_is_asked_for(start: Callable[..., Daemon]) -> None:
    port = free_port()
    daemon = start(CONFIG.format(port=port, more="token: page"), GLASSD_KEY_PAGE=TOKEN)
    printed = daemon.glassd("pair", "--board").stdout
    assert "\x1b" not in printed
    lines = [line for line in printed.splitlines() if line and set(line) <= set(" ▀▄█")]
    assert read_qr(modules_of(lines)).startswith(f"http://localhost:{port}/sign-in#code=")
    link = daemon.glassd("pair", "--url").stdout
    assert re.fullmatch(rf"http://localhost:{port}/glasses#code=[0-9a-z]{{4}}-[0-9a-z]{{4}}\n", link)
    daemon.environment["PYTHONIOENCODING"] = "ascii"
    assert "▀" not in (plain := daemon.glassd("pair").stdout)
    assert plain.startswith("Open http://localhost:")


def test_without_an_address_it_says_which_lines_to_add(start: Callable[..., Daemon]) -> None:
    daemon = start('model: {endpoints: [{url: reader}]}\ntriggers: [{when: main press, ask: "?"}]\n')
    told = daemon.glassd("pair", status=5).stderr
    assert "a page needs an address" in told
    for line in ("api:", "listen: 0.0.0.0:8733", "tls: own", "token_hash: …"):
        assert line in told


def test_an_address_that_could_not_be_had_is_told_of(start: Callable[..., Daemon]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        more = "token: page"
        daemon = start(CONFIG.format(port=taken.getsockname()[1], more=more), GLASSD_KEY_PAGE=TOKEN)
        assert "the log says why" in daemon.glassd("pair", status=5).stderr


def test_a_new_token_opens_by_the_hash_that_is_printed_with_it(start: Callable[..., Daemon]) -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "glassd", "token"], capture_output=True, text=True, check=True
    ).stdout
    [token] = re.findall(r"^    ([0-9a-z]{5}(?:-[0-9a-z]{5}){4})$", printed, re.MULTILINE)
    [line] = re.findall(r"token_hash: \S+", printed)
    address = Address(free_port())
    daemon = start(CONFIG.format(port=address.port, more=line))
    assert address.call("GET", "/api/status", Authorization=f"Bearer {token}").status == 200
    assert address.call("GET", "/api/status", Authorization=f"Bearer {token[:-1]}").status == 401
    assert address.call("POST", "/api/sessions", {"token": token}).status == 200
    assert line.partition(" ")[2] not in daemon.glassd("report").stdout


# -- over a restart ----------------------------------------------------------------------------------------------------


def whole(start: Callable[..., Daemon], port: int, token: str, **more: Any) -> Daemon:
    return start(CONFIG.format(port=port, more="token: page"), GLASSD_KEY_PAGE=token, **more)


def test_a_restart_leaves_all_signed_in_and_another_token_the_glasses_alone(start: Callable[..., Daemon]) -> None:
    address = Address(free_port())
    daemon = whole(start, address.port, TOKEN)
    board = address.call("POST", "/api/sessions", {"token": TOKEN}).cookie
    code = daemon.glassd("pair", "--url").stdout.partition("#code=")[2].strip()
    glasses = address.call("POST", "/api/sessions", {"code": code}).cookie
    unused = daemon.glassd("pair", "--url").stdout.partition("#code=")[2].strip()
    assert daemon.stop() == 0
    daemon = whole(start, address.port, TOKEN)
    assert address.call("GET", "/api/status", Cookie=board).status == 200
    assert address.call("GET", "/api/sessions/current", Cookie=glasses).json["scope"] == "glasses"
    assert address.call("POST", "/api/sessions", {"code": unused}).status == 401
    assert daemon.stop() == 0
    daemon = whole(start, address.port, "another-token-of-the-board")
    assert address.call("GET", "/api/status", Cookie=board).status == 401
    assert address.call("GET", "/api/sessions/current", Cookie=glasses).json["scope"] == "glasses"
    assert daemon.glassd("pair", "--forget").stdout.startswith("sessions ended: ")
    assert address.call("GET", "/api/sessions/current", Cookie=glasses).json["scope"] is None


def test_over_https_the_cookie_goes_no_other_way_and_the_certificate_can_be_told(start: Callable[..., Daemon]) -> None:
    port = free_port()
    daemon = start(CONFIG.format(port=port, more="token: page, tls: own, hosts: [glassd.local]"), GLASSD_KEY_PAGE=TOKEN)
    pem = (daemon.folder / "state" / NAME).read_text("ascii").partition("-----END PRIVATE KEY-----")[2]
    address = Address(port, ssl.create_default_context(cadata=pem))
    session = address.call("POST", "/api/sessions", {"token": TOKEN})
    assert "; Secure" in session.headers["Set-Cookie"]
    own, plain = f"https://127.0.0.1:{port}", f"http://127.0.0.1:{port}"
    assert address.call("GET", "/api/status", Cookie=session.cookie, Origin=own).status == 200
    assert address.call("GET", "/api/status", Cookie=session.cookie, Origin=plain).status == 403
    told = address.call("POST", "/api/pair", {}, Cookie=session.cookie).json
    assert told["url"].startswith(f"https://127.0.0.1:{port}/glasses#code=")
    digest = ssl.PEM_cert_to_DER_cert(pem.strip())
    assert told["fingerprint"].replace(":", "").lower() == hashlib.sha256(digest).hexdigest()
    assert told["fingerprint"] in daemon.glassd("pair").stdout
    assert not Address(port).say(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
