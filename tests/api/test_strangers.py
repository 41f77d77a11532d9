"""What strangers in the network and web pages elsewhere cannot do: a running daemon, and bytes over real sockets."""

from __future__ import annotations

import base64
import gzip
import os
import socket
import struct
import zlib
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import pytest
from running import Daemon, free_port
from strangers_calls import Address, head

from glassd.api.attempts import ADDRESS_LIMIT
from glassd.api.headers import NOTHING_POLICY, PAGE_POLICY
from glassd.api.listener import CONNECTIONS_LIMIT
from glassd.api.openapi import document
from glassd.api.places import PAGES, PICTURES
from glassd.api.server import MESSAGE_LIMIT_BYTES, NOBODY_WAITS
from glassd.api.signing_in import LOG_IN_LIMIT_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "k7qdm-2x9ab-fj0s5-ty8wn-c3vh6"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
CONFIG = """
model: {{endpoints: [{{url: reader}}]}}
camera: {{driver: push}}
triggers: [{{when: main press, ask: "?"}}]
api: {{listen: "127.0.0.1:{port}", token: page, hosts: [Glassd.local]}}
"""
SCRIPT = "<script>document.title='taken'</script>"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Daemon, Address]]:
    """Start one daemon for all these tests; nothing that they send may end up in its log, and nothing may break it."""
    folder = tmp_path_factory.mktemp("strangers")
    address = Address(free_port())
    config = folder / "glassd.yaml"
    config.write_text(CONFIG.format(port=address.port))
    with closing(Daemon(folder, config, environment={"GLASSD_KEY_PAGE": TOKEN})) as daemon:
        daemon.told("READY=1")
        yield daemon, address
        assert daemon.stop() == 0
        log = "\n".join(daemon.log.all)
        for secret in (TOKEN, "Traceback", "guess", "taken", "glassd-1"):
            assert secret not in log


@pytest.fixture
def address(daemon: tuple[Daemon, Address]) -> Address:
    return daemon[1]


def pair(daemon: Daemon, *arguments: str) -> str:
    return daemon.glassd("pair", "--url", *arguments).stdout.partition("#code=")[2].strip()


@pytest.fixture(scope="module")
def sessions(daemon: tuple[Daemon, Address]) -> dict[str, str]:
    """The cookie of a session of each scope."""
    board = daemon[1].call("POST", "/api/sessions", {"code": pair(daemon[0], "--board")})
    glasses = daemon[1].call("POST", "/api/sessions", {"code": pair(daemon[0])})
    return {board.json["scope"]: board.cookie, glasses.json["scope"]: glasses.cookie}


def routes() -> list[tuple[str, str]]:
    """Every route of the API, with something in the place of its parts."""
    found = []
    for path, item in document()["paths"].items():
        plain = path.replace("{ask}", "1").replace("{place}", "1").replace("{name}", "camera")
        found += [(method.upper(), plain) for method in item if method in ("get", "post", "put", "patch", "delete")]
    return sorted(found)


ROUTES = routes()


def frame(operation: int, data: bytes, *, final: bool = True, packed: bool = False) -> bytes:
    """A client's frame (RFC 6455, section 5.2), under a mask that changes nothing; `packed`: its first bit of three."""
    first = operation | (0x80 if final else 0) | (0x40 if packed else 0)
    return bytes([first, 0xFF]) + struct.pack("!Q", len(data)) + b"\0\0\0\0" + data


def close_code(connection: socket.socket, received: bytes = b"") -> int:
    """Wait for a frame, of which some was received; it must close the socket. Return why it does."""
    while len(received) < 4 and (more := connection.recv(4 - len(received))):
        received += more
    assert received[0] == 0x88
    assert received[1] < 126  # RFC 6455, section 5.5: a longer one breaks the connection
    return int.from_bytes(received[2:4], "big")


def upgrade(path: str, port: int, **headers: str) -> bytes:
    """A WebSocket's handshake (RFC 6455, section 4.1)."""
    named = {
        "Host": f"127.0.0.1:{port}",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = [f"GET {path} HTTP/1.1", *(f"{key}: {value}" for key, value in named.items()), "", ""]
    return "\r\n".join(lines).encode()


# -- who gets in -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_asks_a_stranger_for_the_token_and_glasses_reach_their_socket_alone(
    address: Address, sessions: dict[str, str], method: str, path: str
) -> None:
    body: Any = {} if method in ("POST", "PUT", "PATCH") else None
    kind = {"Content_Type": "image/jpeg"} if path == PICTURES else {}
    for_anybody = {("POST", "/api/sessions"): 400, ("GET", "/api/sessions/current"): 200}.get((method, path), 401)
    address = address.of(f"127.0.1.{ROUTES.index((method, path)) + 1}")  # each is wrong once
    for headers in ({}, {"Cookie": "glassd-1=x"}, {"Authorization": "Basic Z2xhc3M6ZA=="}):
        stranger = address.call(method, path, body, **headers, **kind)
        assert stranger.status == (401 if "Authorization" in headers else for_anybody)
    if path != "/api/sessions":  # that session is used by the other tests too
        glasses = address.call(method, path, body, Cookie=sessions["glasses"], **kind)
        assert glasses.status == {"/api/sockets/web": 426, "/api/sessions/current": 200}.get(path, 403)


@pytest.mark.parametrize(
    ("host", "let_in"),
    [
        ("127.0.0.1", True),
        ("localhost:80", True),
        ("[::1]:8733", True),
        ("glassd.local", True),
        ("GLASSD.LOCAL.:8733", True),
        ("attacker.example", False),
        ("glassd.local.attacker.example", False),
        ("127.0.0.1.attacker.example", False),
        ("127.0.0.1@attacker.example", False),
        ("attacker.example:127.0.0.1", False),
        ("localhost.attacker.example", False),
        ("0x7f.1", False),
        ("", False),
        ("[", False),
        ("[::1", False),
        ("localhost..", False),
        ("localhost%00", False),
        ("%6cocalhost", False),
        ("localhost, attacker.example", False),
        ("127.1", False),
        ("2130706433", False),
        ("\xb9\xb2\xb7.0.0.1", False),
        ("127.0.0.1\\attacker.example", False),
    ],
)
def test_only_a_name_of_the_board_is_answered_to(address: Address, host: str, let_in: bool) -> None:
    for path in ("/api/status", "/", "/static/icon.svg", "/nothing"):
        answer = address.call("GET", path, host=host, **BEARER)
        assert (answer.status != 403) == let_in


def test_a_page_whose_name_was_turned_to_the_board_gets_nothing_with_the_browsers_own_cookie(
    address: Address, sessions: dict[str, str]
) -> None:
    """DNS rebinding: to the browser it is all one origin, so it sends Origin and Sec-Fetch-Site as for its own page."""
    rebound = {"host": f"attacker.example:{address.port}", "Cookie": sessions["board"]}
    own = {"Origin": f"http://attacker.example:{address.port}", "Sec_Fetch_Site": "same-origin"}
    assert address.call("GET", "/api/status", **rebound).status == 403
    assert address.call("GET", "/api/snapshot", **rebound, **own).status == 403
    assert address.call("POST", "/api/press", {"button": "main"}, **rebound, **own).status == 403
    assert address.call("POST", "/api/sessions", {"token": TOKEN}, **rebound, **own).status == 403


FOREIGN = [
    {"Origin": "https://attacker.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},  # another port of the same board is another origin
    {"Origin": "http://127.0.0.1.attacker.example"},
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site"},
]


@pytest.mark.parametrize("foreign", FOREIGN)
def test_a_page_of_another_origin_can_neither_post_nor_read_nor_open_a_socket(
    address: Address, sessions: dict[str, str], foreign: dict[str, str]
) -> None:
    cookie = {"Cookie": sessions["board"]}
    assert address.call("POST", "/api/press", {"button": "main"}, **cookie, **foreign).status == 403
    assert address.call("POST", "/api/sessions", {"token": TOKEN}, **foreign).status == 403
    assert address.call("DELETE", "/api/sessions/all", **cookie, **foreign).status == 403
    assert address.call("GET", "/api/snapshot", **cookie, **foreign).status == 403
    asked = {**foreign, "Access_Control_Request_Method": "POST"}
    assert not any("access-control" in name.lower() for name in address.call("OPTIONS", "/api/ask", **asked).headers)
    for path in ("/api/sockets/web", "/api/sockets/camera", "/api/events"):
        assert address.say(upgrade(path, address.port, **cookie, **foreign)).split()[1] == b"403"


def test_a_page_of_the_board_itself_opens_its_sockets(address: Address, sessions: dict[str, str]) -> None:
    own = {"Origin": f"http://127.0.0.1:{address.port}", "Cookie": sessions["board"]}
    for path in ("/api/sockets/camera", "/api/events"):
        assert address.say(upgrade(path, address.port, **own)).split()[1] == b"101"


def test_a_link_elsewhere_opens_a_page_and_nothing_else(address: Address) -> None:
    link = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    assert address.call("GET", "/sign-in", **link).status == 200
    assert address.call("GET", "/api/status", **link, **BEARER).status == 403
    for framed in ({"Sec_Fetch_Dest": "iframe"}, {"Sec_Fetch_Mode": "no-cors", "Sec_Fetch_Dest": "script"}):
        assert address.call("GET", "/sign-in", **(link | framed)).status == 403


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"])
def test_what_a_form_elsewhere_can_send_is_no_log_in_and_no_press(
    address: Address, sessions: dict[str, str], kind: str
) -> None:
    for path in ("/api/sessions", "/api/press", "/api/ask", "/api/pair", "/api/history/forget"):
        answer = address.call("POST", path, b'{"token": "x"}', Content_Type=kind, Cookie=sessions["board"])
        assert answer.status == 415


# -- sessions ----------------------------------------------------------------------------------------------------------


def test_the_cookie_is_kept_from_scripts_from_other_sites_and_from_other_boards(
    daemon: tuple[Daemon, Address],
) -> None:
    server, address = daemon
    said = address.call("POST", "/api/sessions", {"code": pair(server)}).headers["Set-Cookie"]
    name, _, facts = said.partition("=")
    assert name == f"glassd-{address.port}"
    parts = {part.strip().lower() for part in facts.split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/"} <= parts
    assert not any(part.startswith(("domain", "secure")) for part in parts)  # plain http: a browser would drop it


def test_a_session_that_somebody_else_has_put_into_the_browser_is_not_taken_over(
    daemon: tuple[Daemon, Address],
) -> None:
    server, address = daemon
    planted = f"glassd-{address.port}={'A' * 43}"
    fresh = address.call("POST", "/api/sessions", {"code": pair(server)}, Cookie=planted).cookie
    assert fresh != planted
    nobody = {"scope": None, "session": False}
    assert address.call("GET", "/api/sessions/current", Cookie=planted).json == nobody
    board = address.call("POST", "/api/sessions", {"code": pair(server, "--board")}, Cookie=fresh).cookie
    assert address.call("GET", "/api/sessions/current", Cookie=fresh).json == nobody  # it ended with the log-in
    assert address.call("GET", "/api/sessions/current", Cookie=board).json == {"scope": "board", "session": True}


def test_who_signs_out_is_out_and_what_was_open_by_that_session_ends(daemon: tuple[Daemon, Address]) -> None:
    server, address = daemon
    cookie = address.call("POST", "/api/sessions", {"code": pair(server, "--board")}).cookie
    with address.connected() as watching:
        watching.sendall(f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n".encode())
        assert b" 200 " in head(watching)
        assert address.call("DELETE", "/api/sessions", Cookie=cookie).status == 200
        while watching.recv(65536):
            """What had been sent before; then the end."""
    assert address.call("GET", "/api/status", Cookie=cookie).status == 401


# -- guesses -----------------------------------------------------------------------------------------------------------


GUESSER = "127.9.9.9"


def test_a_thousand_wrong_log_ins_are_slowed_down_and_lock_nobody_else_out(
    daemon: tuple[Daemon, Address], sessions: dict[str, str]
) -> None:
    server, address = daemon
    guesser = address.of(GUESSER)
    guesses = [{"token": f"guess {count}"} if count % 2 else {"code": f"guess{count:03}"} for count in range(1000)]
    answers = [guesser.call("POST", "/api/sessions", guess) for guess in guesses]
    statuses = [answer.status for answer in answers]
    assert statuses[:ADDRESS_LIMIT] == [401] * ADDRESS_LIMIT
    assert set(statuses) == {401, 429}
    assert statuses.count(401) < 100  # one more each 6 s that it took; all others were not even looked at
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers if answer.status == 429)
    late = guesser.call("POST", "/api/sessions", {"token": TOKEN})
    assert (late.status, late.json["error"]["code"]) == (429, "rate_limited")  # by guesses nobody learns the right one
    assert guesser.call("GET", "/api/status", **BEARER).status == 200
    assert guesser.call("GET", "/api/status", Cookie=sessions["board"]).status == 200
    assert address.call("POST", "/api/sessions", {"token": TOKEN}).status == 200
    assert server.get("/api/status")[0] == 200
    server.log.until(f"log-ins fail too often, as those from {GUESSER}")


def test_a_thousand_wrong_tokens_do_not_keep_the_right_one_out(address: Address) -> None:
    guesser = address.of(GUESSER)
    wrong = [guesser.call("GET", "/api/status", Authorization=f"Bearer guess{count}").status for count in range(1000)]
    assert set(wrong) == {401, 429}
    assert wrong[-1] == 429
    assert guesser.call("GET", "/api/status", **BEARER).status == 200


# -- paths, sizes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/static/../server.py",
        "/static/../../config/keys.py",
        "/static/%2e%2e/server.py",
        "/static/%2e%2e%2fserver.py",
        "/static/..%2fserver.py",
        "/static/%252e%252e/server.py",
        "/static/..%5cserver.py",
        "/static/..\\server.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/js/../../../server.py",
        "/static/js/%00/../api.js",
        "/static/js/api.js%00.html",
        "/static/%c0%ae%c0%ae/server.py",
        "/static/",
        "/static",
        "/static/js",
        "/static/js/",
        "/static/index.html",
        "/../../../etc/passwd",
        "//etc/passwd",
        "/./index.html",
        "/index.html",
        "/glasses/../api/server.py",
        "http://127.0.0.1/static/../server.py",
        "/static/js/api.js/",
        "/STATIC/js/api.js",
    ],
)
@pytest.mark.parametrize("authorized", [True, False])
def test_no_path_leads_out_of_the_table_of_the_sites_files(address: Address, path: str, authorized: bool) -> None:
    bearer = f"Authorization: Bearer {TOKEN}\r\n" if authorized else ""
    answer = address.say(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{bearer}\r\n".encode())
    assert answer.split()[1] in ((b"404", b"400") if authorized else (b"404", b"400", b"401"))


def test_a_body_too_large_is_refused_before_it_has_been_read(address: Address) -> None:
    head_of = "POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{}\r\n"
    claimed = head_of.format("/api/ask", "Content-Length: 1000000000000\r\n").encode()
    assert address.say(claimed).split()[1] == b"401"  # nothing of it was sent, nothing was waited for
    assert (
        address.say(
            head_of.format("/api/sessions", f"Content-Length: {LOG_IN_LIMIT_BYTES + 1}\r\n").encode()
            + b" " * (LOG_IN_LIMIT_BYTES + 1)
        ).split()[1]
        == b"413"
    )
    chunk = b"1000\r\n" + b" " * 0x1000 + b"\r\n"
    chunked = head_of.format("/api/sessions", "Transfer-Encoding: chunked\r\n").encode()
    assert address.say(chunked + chunk * (LOG_IN_LIMIT_BYTES // 0x1000 + 1)).split()[1] == b"413"
    large = address.call("POST", "/api/press", b" " * (32 * 1024 * 1024 + 1), Content_Type="application/json", **BEARER)
    assert large.status == 413


AUTHORIZED_POST = (
    b"POST /api/press HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    + f"Authorization: Bearer {TOKEN}\r\n".encode()
)


@pytest.mark.parametrize(
    "ambiguous",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Transfer-Encoding: \x0bchunked\r\n",
        b"X: a\rTransfer-Encoding: chunked\r\n",
        b"X: a\nTransfer-Encoding: chunked\r\n",
        b"X: a\r\n Transfer-Encoding: chunked\r\n",
        b"X: a\0b\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: 5, 5\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: -5\r\n",
        b"Content-Length: 0x5\r\n",
        b"Content-Length: 5_0\r\n",
        b"Host: attacker.example\r\n",
    ],
)
def test_a_request_that_two_servers_could_read_differently_is_none(address: Address, ambiguous: bytes) -> None:
    """Request smuggling (RFC 9112, section 11.2): what is behind it is no second request either."""
    behind = b"0\r\n\r\nGET /api/report HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with address.connected() as connection:
        connection.sendall(AUTHORIZED_POST + ambiguous + b"\r\n" + behind)
        answer = b""
        with suppress(ConnectionError):
            while more := connection.recv(65536):
                answer += more
    assert answer.split()[1] == b"400"
    assert answer.count(b"HTTP/1.") == 1


@pytest.mark.parametrize("size", [b"0x5", b"-5", b"+5", b"f" * 40, b"5;" + b"x" * 100_000])
def test_a_chunk_of_no_size_is_no_body(address: Address, size: bytes) -> None:
    body = size + b"\r\nhello\r\n0\r\n\r\n"
    sent = AUTHORIZED_POST + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + body
    assert address.say(sent).split()[1] == b"400"


def test_a_packed_body_is_not_unpacked(address: Address) -> None:
    body = gzip.compress(b'{"button": "main"}')
    kind = {"Content_Type": "application/json", "Content_Encoding": "gzip"}
    assert address.call("POST", "/api/press", body, **kind, **BEARER).status == 400


def test_a_head_too_large_is_no_request(address: Address) -> None:
    many = b"".join(b"X%d: %b\r\n" % (number, b"x" * 8000) for number in range(9))  # each is within its limit
    assert address.say(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + many).split()[1] == b"400"
    assert address.say(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n").split()[1] == b"400"
    assert address.say(b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").split()[1] == b"400"


@pytest.mark.parametrize("claimed", [MESSAGE_LIMIT_BYTES + 1, 2**62])
def test_a_frame_too_large_ends_its_socket_and_nothing_is_stored_for_it(
    address: Address, sessions: dict[str, str], claimed: int
) -> None:
    with address.connected() as page:
        page.sendall(upgrade("/api/sockets/camera", address.port, Cookie=sessions["board"]))
        assert b" 101 " in head(page)
        page.sendall(b"\x82\xff" + struct.pack("!Q", claimed) + b"mask" + b"\0" * 1024)
        assert close_code(page) == 1009  # RFC 6455, section 7.4.1


@pytest.mark.parametrize("kind", ["packed", "in pieces"])
def test_a_message_that_grows_too_large_ends_its_socket_however_small_its_frames_are(
    address: Address, sessions: dict[str, str], kind: str
) -> None:
    packed = kind == "packed"
    extension = {"Sec_WebSocket_Extensions": "permessage-deflate"} if packed else {}
    if packed:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        bomb = packer.compress(bytes(4 * MESSAGE_LIMIT_BYTES)) + packer.flush(zlib.Z_SYNC_FLUSH)
        sent = frame(2, bomb[:-4], packed=True)  # RFC 7692, section 7.2.1
    else:
        piece = frame(0, bytes(MESSAGE_LIMIT_BYTES // 4), final=False)
        sent = frame(2, b"", final=False) + piece * 4 + frame(0, b"x")
    with address.connected() as page:
        page.sendall(upgrade("/api/sockets/camera", address.port, Cookie=sessions["board"], **extension))
        assert b" 101 " in head(page)
        page.sendall(sent)
        assert close_code(page) == 1009


@pytest.mark.parametrize(
    "name", ["nobody", "n" * 3000, "%E7%9C%BC" * 60, "%0a%1b%5b2J", "..%2f..%2fetc%2fpasswd", "camera%00"]
)
def test_a_socket_that_nobody_waits_for_is_closed_whatever_its_name_is(
    address: Address, sessions: dict[str, str], name: str
) -> None:
    with address.connected() as page:
        page.sendall(upgrade(f"/api/sockets/{name}", address.port, Cookie=sessions["board"]))
        handshake, _, rest = head(page).partition(b"\r\n\r\n")
        assert b" 101 " in handshake
        assert close_code(page, rest) == NOBODY_WAITS


@pytest.mark.parametrize("key", ["", "x", "A" * 5000, "\xff" * 24])
def test_a_handshake_that_is_broken_opens_no_socket(address: Address, sessions: dict[str, str], key: str) -> None:
    broken = {"Cookie": sessions["board"], "Sec_WebSocket_Key": key, "Connection": "Upgrade, close"}
    assert address.say(upgrade("/api/sockets/camera", address.port, **broken)).split()[1] == b"426"
    assert address.say(upgrade("/api/events", address.port, **broken)).split()[1] == b"200"  # it is told as lines


# -- what a browser is told --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*PAGES, "/static/icon.svg", "/static/js/api.js", "/api/status", "/api/nothing", "/x"])
@pytest.mark.parametrize("authorized", [True, False])
def test_every_answer_forbids_the_browser_what_it_must_not_do(address: Address, path: str, authorized: bool) -> None:
    answer = address.call("GET", path, **(BEARER if authorized else {}))
    page = answer.headers.get_content_type() == "text/html"
    assert answer.headers["Content-Security-Policy"] == (PAGE_POLICY if page else NOTHING_POLICY)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=(self)" in answer.headers["Permissions-Policy"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "aiohttp" not in answer.headers["Server"]
    assert page == (path in PAGES)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/ask", {"prompt": SCRIPT, "frames": "none"}),
        ("POST", "/api/ask", {"prompt": "?", "endpoint": SCRIPT}),
        ("POST", "/api/press", {"button": SCRIPT}),
        ("POST", "/api/do", {"command": SCRIPT}),
        ("POST", "/api/sessions", {"code": SCRIPT}),
        ("GET", f"/api/history?text={SCRIPT.replace(' ', '')}", None),
        ("GET", "/api/history/%3Cscript%3E", None),
        ("GET", "/static/%3Cscript%3E.html", None),
        ("GET", "/%3Cimg%20src=x%20onerror=alert(1)%3E", None),
        ("GET", "/api/sockets/%3Cscript%3E", None),
    ],
)
def test_what_somebody_wrote_comes_back_as_json_never_as_a_page(
    address: Address, method: str, path: str, body: Any
) -> None:
    answer = address.call(method, path, body, **BEARER)
    assert answer.headers.get_content_type() in ("application/json", "application/x-ndjson")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


# -- connections -------------------------------------------------------------------------------------------------------


def test_the_unix_socket_answers_while_the_address_has_all_the_connections_that_it_may(
    daemon: tuple[Daemon, Address],
) -> None:
    server, address = daemon
    opened: list[socket.socket] = []
    try:
        opened.extend(socket.create_connection(("127.0.0.1", address.port), 5) for _ in range(CONNECTIONS_LIMIT + 1))
        opened[-1].settimeout(5)
        assert opened[-1].recv(1) == b""  # one too many is closed as it comes
        assert server.get("/api/status")[0] == 200
    finally:
        for connection in opened:
            connection.close()
    assert address.call("GET", "/api/status", **BEARER).status == 200
