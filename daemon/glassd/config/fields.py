"""The kinds of text in the wearer's file: names of credentials, URLs, addresses, events; and what they give away."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, WithJsonSchema

from glassd_drivers.units import Duration

READER_URL = "reader"
"""The URL that names the on-board model."""

_CREDENTIAL_NAME = r"[A-Za-z][A-Za-z0-9_.-]{0,63}"
_LISTEN = r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})"
EVENT = r"(\S+) +(press|double|triple|long)"
"""What a trigger waits for: a button and a gesture."""


def looks_like_key(text: str) -> bool:
    """Tell whether a text is more likely a key itself than the name of one: such a text is never repeated."""
    if re.match(r"(?i)(sk|pk|rk|gsk|hf|xai|ghp|nvapi|bearer)[-_ ]|AIza|eyJ", text):
        return True
    return any(sum(c.isdigit() for c in run) >= 4 for run in re.findall(r"[A-Za-z0-9]{16,}", text))


def is_loopback(host: str) -> bool:
    """Tell whether a host, as a URL or an address names it, is this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def sends_key_in_clear(url: str) -> bool:
    """Tell whether a key sent to this URL could be read on the way."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "http" and not is_loopback(parts.hostname or "")
    except ValueError:
        return False


def split_event(text: str) -> tuple[str, str] | None:
    """Return the button and the gesture of a `when:`, None where it is not of that form."""
    match = re.fullmatch(EVENT, text.strip())
    return (match[1], match[2]) if match else None


def _credential_name(name: str) -> str:
    if looks_like_key(name) or not re.fullmatch(_CREDENTIAL_NAME, name):
        raise ValueError("the name of a credential, never the key itself (docs/keys.md says where the key goes)")
    return name


def _endpoint_url(url: str) -> str:
    if url == READER_URL:
        return url
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good or parts.username or parts.password or parts.query or parts.fragment or re.search(r"\s", url):
        raise ValueError("an http or https URL such as https://host/v1, or the word reader")
    return url


def _listen(address: str) -> str:
    if not (match := re.fullmatch(_LISTEN, address)) or int(match[1]) > 65535:
        raise ValueError("an address and a port, such as 127.0.0.1:8733")
    return address


CredentialName = Annotated[
    str,
    AfterValidator(_credential_name),
    WithJsonSchema({"type": "string", "pattern": f"^{_CREDENTIAL_NAME}$", "not": {"pattern": "^sk-"}}),
]
EndpointUrl = Annotated[
    str,
    AfterValidator(_endpoint_url),
    WithJsonSchema({"type": "string", "pattern": r"^([Hh][Tt][Tt][Pp][Ss]?://[^\s?#@/][^\s?#@]*|reader)$"}),
]
Address = Annotated[str, AfterValidator(_listen), WithJsonSchema({"type": "string", "pattern": f"^{_LISTEN}$"})]
Wait = Annotated[Duration, Field(gt=0)]
"""A duration that is not nothing."""
ModelName = Annotated[str, Field(min_length=1, max_length=256)]
FieldName = Annotated[str, Field(min_length=1, max_length=64)]
"""A field that is added to a request's body: none of those that glassd writes itself."""
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]
HeaderValue = Annotated[str, Field(pattern=r"^[!-~]([ -~]{0,1022}[!-~])?$")]
ProxyUrl = Annotated[str, Field(pattern=r"^http://[^\s?#@/]+/?$")]
FilePath = Annotated[str, Field(min_length=1, max_length=4096)]
HostPattern = Annotated[str, Field(min_length=1, max_length=255)]
