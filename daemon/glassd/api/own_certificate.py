"""The board's own certificate, kept in the state folder with its key.

It is made where there is none, or where the board has a name or an address that it does not bear; and anew before it
ends, once the date is known. Until then one is dated from when this code was built, which lies in every browser's past.
Nobody vouches for it: a browser asks, and a person compares the fingerprint that `glassd pair` shows.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import logging
import re
import socket
import ssl
from typing import TYPE_CHECKING, Final

from glassd.api.addresses import addresses_of_board
from glassd.api.tls import TlsError, new_context
from glassd.callers import host_and_port
from glassd.files import write_whole
from glassd.wall import BUILT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cryptography import x509

    from glassd.config.schema import Api

_log = logging.getLogger(__name__)

NAME: Final = "certificate.pem"
LIFE_S: Final = 824 * 86_400.0
"""How long one is good for: less than the 825 days past which Apple's systems take none (HT210176)."""
RENEWED_BEFORE_S: Final = 30 * 86_400.0
"""How long before its end it is made anew."""
NAMES_LIMIT: Final = 64
"""How many names and addresses it bears at most."""
_BACKDATED_S: Final = 86_400.0  # for browsers whose clock is late


class OwnCertificate:
    """The certificate for a section `api`."""

    def __init__(self, folder: Path, api: Api) -> None:
        self._path = folder / NAME
        self._api = api
        self._used: bytes = b""
        self.fingerprint = ""

    def renew(self, utc: float | None) -> ssl.SSLContext | None:
        """Make the certificate if it has to be made; return what uses it if it is another one than before."""
        names = _names(self._api)
        try:
            if (pem := self._kept(names, utc)) is None:
                pem = make(names, BUILT if utc is None else utc)
                self._path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
                write_whole(self._path, pem, 0o600)
            if pem == self._used:
                return None
            context = new_context()
            context.load_cert_chain(self._path)
        except OSError as error:
            raise TlsError(f"{self._path}: {error.strerror or error}: the state folder has to be writable") from error
        self._used, self.fingerprint = pem, _fingerprint(pem)
        _log.info("the board's own certificate is known by %s", self.fingerprint)
        return context

    def _kept(self, names: Sequence[str], utc: float | None) -> bytes | None:
        """Return the one that is kept; None where there is none to be used any more."""
        from cryptography import x509  # noqa: PLC0415  only where there is TLS

        try:
            pem = self._path.read_bytes()
            new_context().load_cert_chain(self._path)
            certificate = x509.load_pem_x509_certificate(pem)
            alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (FileNotFoundError, ssl.SSLError, ValueError, x509.ExtensionNotFound):
            return None
        if not set(names) <= {str(name.value) for name in alternatives}:
            return None
        start, end = certificate.not_valid_before_utc.timestamp(), certificate.not_valid_after_utc.timestamp()
        return pem if utc is None or start <= utc < end - RENEWED_BEFORE_S else None


def make(names: Sequence[str], utc: float) -> bytes:
    """Return a new key and a certificate for names and addresses, good from a day before `utc` on, as PEM."""
    from cryptography import x509  # noqa: PLC0415  only where there is TLS
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415  likewise
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415  likewise
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID  # noqa: PLC0415  likewise

    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"glassd on {socket.gethostname()}"[:64])])
    start = dt.datetime.fromtimestamp(utc - _BACKDATED_S, dt.UTC)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(seconds=LIFE_S))
        .add_extension(x509.SubjectAlternativeName(list(map(_general_name, names))), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)


def _general_name(name: str) -> x509.GeneralName:
    from cryptography import x509  # noqa: PLC0415  only where there is TLS

    with contextlib.suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(name))
    return x509.DNSName(name)


def _fingerprint(pem: bytes) -> str:
    """Return the SHA-256 of a certificate, as browsers show it."""
    from cryptography import x509  # noqa: PLC0415  only where there is TLS
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415  likewise

    return x509.load_pem_x509_certificate(pem).fingerprint(hashes.SHA256()).hex(":").upper()


def _names(api: Api) -> list[str]:
    """Return what browsers may call the board by: names under `hosts`, its own, and its addresses where it listens."""
    host, _ = host_and_port(api.listen or "127.0.0.1:0")
    own = socket.gethostname().partition(".")[0].lower()
    names = ["localhost", *api.hosts, *([own, f"{own}.local"] if re.fullmatch("[a-z0-9-]{1,63}", own) else [])]
    try:
        listening = ipaddress.ip_address(host)
        addresses = list(addresses_of_board()) if listening.is_unspecified else [str(listening)]
    except ValueError:
        names.append(host.lower())
        addresses = []
    return list(dict.fromkeys([*names, "127.0.0.1", "::1", *addresses]))[:NAMES_LIMIT]
