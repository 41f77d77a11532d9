"""HTTPS at the API's address, with a certificate that is renewed while connections come in."""

from __future__ import annotations

import asyncio
import logging
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Final, Never, Protocol

from glassd.late import loaded

if TYPE_CHECKING:
    from collections.abc import Callable

    from glassd.config.schema import TlsFiles
    from glassd.wall import Wall

_log = logging.getLogger(__name__)

LOOK_EACH_S: Final = 60.0
"""How often it is looked whether a certificate has to be renewed, or has been by somebody else."""
FILE_LIMIT_BYTES: Final = 256 * 1024
"""How large a file of certificates, or of a key, may be."""


class TlsError(Exception):
    """There is no certificate that can be used; the text says what is wrong with which file, and what to do."""


class Certificate(Protocol):
    """Where a certificate comes from, one of its own or one from files."""

    def renew(self, utc: float | None) -> ssl.SSLContext | None:
        """Return what uses the certificate as it is now, None where that is as it was. May block; raise TlsError.

        `utc` is the date, seconds since the Unix epoch; None while it is a guess.
        """

    @property
    def fingerprint(self) -> str:
        """What a person can know it by, where nobody vouches for it; else empty."""


class Tls:
    """What connections are encrypted with."""

    def __init__(self, certificate: Certificate, wall: Callable[[], Wall]) -> None:
        self._context: ssl.SSLContext | None = None
        self.certificate = certificate
        self._wall = wall
        self._trouble = ""

    def context(self) -> ssl.SSLContext:
        """Return what the next connection is encrypted with.

        A renewed certificate comes with a context of its own: one that a handshake may be using is not changed.
        """
        assert self._context is not None, "it has been opened"
        return self._context

    async def open(self) -> None:
        """Have a certificate; raise TlsError."""
        await loaded("cryptography.x509")
        wall = self._wall()
        utc = wall.utc(asyncio.get_running_loop().time()) if wall.known else None
        self._context = await asyncio.to_thread(self.certificate.renew, utc) or self._context

    async def keep_fresh(self) -> None:
        """Take new certificates as they come, for ever; what is wrong with one is logged once, the old one stays."""
        while True:
            await asyncio.sleep(LOOK_EACH_S)
            try:
                await self.open()
                self._trouble = ""
            except TlsError as error:
                if self._trouble != str(error):
                    _log.warning("the certificate that is there stays in use: %s", error)
                self._trouble = str(error)


def new_context() -> ssl.SSLContext:
    """Return a context for a server, without a certificate yet."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


class GivenCertificate:
    """One from files, which somebody else renews."""

    fingerprint = ""

    def __init__(self, files: TlsFiles) -> None:
        self._certificate, self._key = Path(files.certificate), Path(files.key)
        self._seen: object = None

    def renew(self, utc: float | None) -> ssl.SSLContext | None:
        """Take the files if they are others than before; tell of a certificate that has ended."""
        seen = _state(self._certificate), _state(self._key)
        if seen == self._seen:
            return None
        context = context_of(self._certificate, self._key)
        self._seen = seen
        if utc is not None and (text := validity(self._certificate, utc)):
            _log.warning("%s", text)
        return context


def validity(certificate: Path, utc: float) -> str:
    """Return what is wrong with the dates of a certificate, empty where nothing is."""
    from cryptography import x509  # noqa: PLC0415  only where there is TLS

    try:
        first = x509.load_pem_x509_certificate(_read(certificate))
    except ValueError as error:
        raise TlsError(f"{certificate} holds no certificate that can be read: {error}") from error
    if utc < first.not_valid_before_utc.timestamp():
        return f"{certificate} is good from {first.not_valid_before_utc:%Y-%m-%d} on, and browsers refuse it until then"
    if utc > first.not_valid_after_utc.timestamp():
        return f"{certificate} has ended on {first.not_valid_after_utc:%Y-%m-%d}, and browsers refuse it: renew it"
    return ""


def context_of(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return what uses a certificate; raise TlsError, which says what is wrong with which of the two files."""
    if b"-----BEGIN CERTIFICATE-----" not in _read(certificate):
        raise TlsError(f"{certificate} holds no certificate: PEM begins with -----BEGIN CERTIFICATE-----")
    secret = _read(key)
    if b"PRIVATE KEY-----" not in secret:
        raise TlsError(f"{key} holds no key: PEM begins with -----BEGIN PRIVATE KEY-----")
    if b"ENCRYPTED" in secret:
        raise TlsError(f"{key} has a password, which nobody is there to type: give a key without one, mode 600")
    context = new_context()
    try:
        context.load_cert_chain(certificate, key, _no_password)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise TlsError(f"{key} is not the key of {certificate}: give the two that were made together") from error
        why = (error.reason or str(error)).lower().replace("_", " ")
        raise TlsError(f"{certificate} and {key} are no PEM that OpenSSL reads: {why}") from error
    return context


def _no_password() -> Never:
    raise ssl.SSLError("the key has a password")


def _state(file: Path) -> tuple[int, int, int]:
    try:
        found = file.stat()
    except OSError as error:
        raise TlsError(f"{file}: {error.strerror}") from error
    return found.st_mtime_ns, found.st_size, found.st_ino


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            data = opened.read(FILE_LIMIT_BYTES + 1)
    except OSError as error:
        raise TlsError(f"{file}: {error.strerror}") from error
    if len(data) > FILE_LIMIT_BYTES:
        raise TlsError(f"{file} is larger than {FILE_LIMIT_BYTES // 1024} KiB, which no certificate and no key is")
    return data
