"""HTTPS at the address: the board's own certificate, and one from files."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import pytest
import trustme
from cryptography import x509

from glassd.api import own_certificate
from glassd.api.listener import serving
from glassd.api.own_certificate import LIFE_S, RENEWED_BEFORE_S, OwnCertificate, make
from glassd.api.tls import LOOK_EACH_S, GivenCertificate, Tls, TlsError, new_context, validity
from glassd.config.schema import Api, TlsFiles
from glassd.wall import BUILT, Wall
from virtual import passes, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

TOKEN = "k7qdm-2x9ab-fj0s5-ty8wn-c3vh6"
TODAY = time.time()


@dataclass
class Board:
    """A house with a date."""

    known: bool = True
    utc: float = TODAY
    told: list[str] = field(default_factory=list)

    def wall(self) -> Wall:
        return Wall(self.utc - asyncio.get_running_loop().time(), 0.0, known=self.known)

    def status(self) -> dict[str, Any]:
        return {"state": "idle"}


@asynccontextmanager
async def served(api: Api, house: Board, folder: Path) -> AsyncIterator[None]:
    """The API on its unix socket and at the section's address."""
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(folder / "glassd.sock"))
        listener.listen()
        async with serving(cast("Any", house), listener, api, TOKEN):
            yield
    (folder / "glassd.sock").unlink()


def section(port: int, **more: Any) -> Api:
    return Api.model_validate({"listen": f"127.0.0.1:{port}", "token": "page", **more})


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def shown(context: ssl.SSLContext | None) -> bytes | None:
    """Return the certificate that a browser is shown."""
    assert context is not None
    browser = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    browser.check_hostname, browser.verify_mode = False, ssl.CERT_NONE
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = browser.wrap_bio(back, there), context.wrap_bio(there, back, server_side=True)
    for _ in range(3):
        for end in ends:
            with contextlib.suppress(ssl.SSLWantReadError):
                end.do_handshake()
    return ends[0].getpeercert(binary_form=True)


async def answer(port: int, trusted: ssl.SSLContext, host: str = "127.0.0.1") -> int:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"https://{host}:{port}/api/status", headers=headers, ssl=trusted) as response,
    ):
        return response.status


def own(folder: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / own_certificate.NAME).read_bytes())


def trusting(folder: Path) -> ssl.SSLContext:
    """A browser whose owner has told it to trust the board's certificate."""
    pem = (folder / own_certificate.NAME).read_text("ascii")
    return ssl.create_default_context(cadata=pem.partition("-----END PRIVATE KEY-----")[2])


def test_the_boards_own_certificate_bears_its_names_and_is_kept_over_a_restart(
    tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    api = section(port, tls="own", hosts=["glassd.local"])

    async def main() -> None:
        async with served(api, Board(), tmp_path):
            assert await answer(port, trusting(tmp_path)) == 200
            assert await answer(port, trusting(tmp_path), "localhost") == 200
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await answer(port, ssl.create_default_context())
        first = own(tmp_path)
        async with served(api, Board(), tmp_path):
            assert await answer(port, trusting(tmp_path)) == 200
        assert own(tmp_path) == first
        names = first.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert {"localhost", "glassd.local"} <= set(names.get_values_for_type(x509.DNSName))

    asyncio.run(main())
    assert (tmp_path / own_certificate.NAME).stat().st_mode & 0o777 == 0o600


# -- when it is made anew ----------------------------------------------------------------------------------------------


DAY_S = 86_400.0


@pytest.mark.parametrize(
    ("after", "anew"),
    [
        (0.0, False),
        (None, False),  # nobody knows
        (LIFE_S - RENEWED_BEFORE_S - 2 * DAY_S, False),
        (LIFE_S - RENEWED_BEFORE_S, True),
        (-2 * DAY_S, True),  # dated by a clock that was ahead
    ],
)
def test_it_is_made_anew_before_it_ends_once_the_date_is_known(tmp_path: Path, after: float | None, anew: bool) -> None:
    certificate = OwnCertificate(tmp_path, section(1))
    certificate.renew(TODAY)
    before = own(tmp_path)
    certificate.renew(None if after is None else TODAY + after)
    assert (own(tmp_path) != before) == anew


def test_before_the_date_is_known_it_is_good_from_when_the_code_was_built(tmp_path: Path) -> None:
    OwnCertificate(tmp_path, section(1)).renew(None)
    made = own(tmp_path)
    assert made.not_valid_before_utc.timestamp() <= BUILT
    assert made.not_valid_after_utc.timestamp() > BUILT + 700 * 86_400


def test_a_name_that_it_does_not_bear_has_it_made_anew_and_one_less_does_not(tmp_path: Path) -> None:
    OwnCertificate(tmp_path, section(1)).renew(TODAY)
    first = own(tmp_path)
    OwnCertificate(tmp_path, section(1, hosts=["glassd.local"])).renew(TODAY)
    second = own(tmp_path)
    OwnCertificate(tmp_path, section(1)).renew(TODAY)
    assert first != second
    assert own(tmp_path) == second


@pytest.mark.parametrize("left", [b"", b"no PEM", b"half"])
def test_one_that_was_broken_on_the_disk_is_made_anew(tmp_path: Path, left: bytes) -> None:
    file = tmp_path / own_certificate.NAME
    OwnCertificate(tmp_path, section(1)).renew(TODAY)
    file.write_bytes(file.read_bytes()[:200] if left == b"half" else left)
    OwnCertificate(tmp_path, section(1)).renew(TODAY)
    new_context().load_cert_chain(file)


# -- from files --------------------------------------------------------------------------------------------------------


def files(folder: Path, name: str) -> TlsFiles:
    made = trustme.CA().issue_cert("127.0.0.1", "localhost")
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    made.private_key_pem.write_to_path(key)
    certificate.unlink(missing_ok=True)
    for blob in made.cert_chain_pems:
        blob.write_to_path(certificate, append=True)
    return TlsFiles(certificate=str(certificate), key=str(key))


def test_a_certificate_from_files_is_shown_and_its_successor_too(tmp_path: Path) -> None:
    source = GivenCertificate(files(tmp_path, "board"))
    assert source.fingerprint == ""
    first = source.renew(TODAY)
    assert source.renew(TODAY) is None
    files(tmp_path, "board")
    second = source.renew(TODAY)
    assert shown(first) != shown(second)


def mistake(tmp_path: Path, what: str) -> TlsFiles:
    """A pair with one thing wrong."""
    good = files(tmp_path, "good")
    certificate, key = tmp_path / "good.pem", tmp_path / "good.key"
    match what:
        case "missing":
            key.unlink()
        case "folder":
            return TlsFiles(certificate=str(tmp_path), key=good.key)
        case "swapped":
            return TlsFiles(certificate=good.key, key=good.certificate)
        case "another's key":
            return TlsFiles(certificate=good.certificate, key=files(tmp_path, "other").key)
        case "password":
            key.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n")
        case "torn":
            certificate.write_bytes(certificate.read_bytes()[:300])
        case "large":
            certificate.write_bytes(certificate.read_bytes() * 1000)
    return good


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("missing", "good.key: No such file or directory"),
        ("folder", "Is a directory"),
        ("swapped", "good.key holds no certificate: PEM begins with -----BEGIN CERTIFICATE-----"),
        ("another's key", "other.key is not the key of "),
        ("password", "good.key has a password, which nobody is there to type"),
        ("torn", "are no PEM that OpenSSL reads"),
        ("large", "good.pem is larger than 256 KiB"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_one_line_that_names_it(tmp_path: Path, what: str, words: str) -> None:
    pair = mistake(tmp_path, what)
    with pytest.raises(TlsError) as caught:
        GivenCertificate(pair).renew(TODAY)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_running_board_takes_new_ones_as_they_come(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    pair = files(tmp_path, "board")

    async def main() -> None:
        tls = Tls(GivenCertificate(pair), Board().wall)
        await tls.open()
        before = shown(tls.context())
        keeping = asyncio.create_task(tls.keep_fresh())
        (tmp_path / "board.key").write_text("nonsense")
        while "stays in use" not in caplog.text:
            await passes(LOOK_EACH_S)
        assert shown(tls.context()) == before
        files(tmp_path, "board")
        while shown(tls.context()) == before:
            await passes(LOOK_EACH_S)
        keeping.cancel()

    run(main())
    assert caplog.text.count("stays in use") == 1


@pytest.mark.parametrize(("days", "words"), [(-1, "is good from"), (1, ""), (4000, "has ended on 20")])
def test_dates_that_browsers_refuse_are_told(tmp_path: Path, days: float, words: str) -> None:
    (tmp_path / "own.pem").write_bytes(make(["localhost"], TODAY))
    told = validity(tmp_path / "own.pem", TODAY + days * 86_400 - 3600)
    assert (words in told) if words else told == ""


# -- the address -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["missing", "another's key"])
def test_without_a_certificate_the_address_stays_closed_and_the_socket_open(
    tmp_path: Path, port: int, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    pair = mistake(tmp_path, what)

    async def main() -> int:
        async with served(section(port, tls=pair.model_dump()), Board(), tmp_path):
            with pytest.raises(ConnectionError):
                await asyncio.open_connection("127.0.0.1", port)
            path = str(tmp_path / "glassd.sock")
            async with (
                aiohttp.ClientSession(connector=aiohttp.UnixConnector(path)) as session,
                session.get("http://localhost/api/status") as response,
            ):
                return response.status

    assert asyncio.run(main()) == 200
    assert "api.tls: " in caplog.text


def test_who_speaks_no_tls_or_says_nothing_is_turned_away_without_a_word(
    tmp_path: Path, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    pair = files(tmp_path, "board")

    async def main() -> None:
        async with served(section(port, tls=pair.model_dump()), Board(), tmp_path):
            for said in (b"GET /api/status HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"\x16\x03\x01", b""):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(said)
                with contextlib.suppress(ConnectionError):
                    assert b"HTTP" not in await reader.read()
                writer.close()

    run(main())
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
