"""What a camera at a URL is configured by, and what its answers say, for the drivers `http` and `http_snapshot`."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, Field, WithJsonSchema

from glassd_drivers.contracts import DriverConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from glassd_drivers.cameras.http_client import HttpClient
    from glassd_drivers.contracts import Context
    from glassd_drivers.threads import DeviceThread

URL_LIMIT_CHARS: Final = 2000
"""The longest URL of a camera."""
PICTURE_LIMIT_BYTES: Final = 16 * 1024 * 1024
"""How big one picture may be: those of 48-megapixel phones are about 12 MB."""
AGE_LIMIT_S: Final = 10.0
"""An age over this is not believed."""

_URL = r"[Hh][Tt][Tt][Pp][Ss]?://[^\s#@/?]+(?:[/?][^\s#]*)?"
_SECRET = re.compile(r"(?i)pwd|pass|passw(or)?d|secret|token|(api)?_?key|auth")
_CREDENTIAL = r"[A-Za-z][A-Za-z0-9_.-]{0,63}"


def where(url: str) -> str:
    """Return the part of a URL that errors and logs may name: what is asked for behind the `?` may be private."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def stated_age(headers: Mapping[str, str]) -> float | None:
    """Return how old a picture was when it was sent, in seconds, where its server says so; else None.

    ustreamer does, asked with `?extra_headers=1`: from the kernel's stamp of the frame to its sending, both by one
    monotonic clock of its own.
    """
    age = _number(headers.get("x-ustreamer-latency", ""))
    return age if age is not None and 0 <= age <= AGE_LIMIT_S else None


def sent_at(headers: Mapping[str, str]) -> float | None:
    """Return when a picture was sent, in seconds of a clock that is not ours; None where its server does not say.

    ustreamer and mjpg-streamer do; with the latter it is the kernel's stamp of the frame.
    """
    return _number(headers.get("x-timestamp", ""))


def shows_no_signal(headers: Mapping[str, str]) -> bool:
    """Tell a picture that the server drew itself because its camera is away, where it says so (ustreamer)."""
    return headers.get("x-ustreamer-online", "").lower() == "false"


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _camera_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        names = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True, max_num_fields=100)]
        good = bool(re.fullmatch(_URL, url) and parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        names, good = [], False
    if "@" in url.partition("://")[2].partition("/")[0] or any(map(_SECRET.fullmatch, names)):
        raise ValueError("a URL without a name and a password in it: they go by login: NAME, a credential's name")
    if not good:
        raise ValueError("an http or https URL such as http://192.168.1.30:8080/video")
    return url


def _credential_name(name: str) -> str:
    if not re.fullmatch(_CREDENTIAL, name):
        raise ValueError("the name of a credential, which holds user:password (docs/keys.md says where it goes)")
    return name


class HttpSource(DriverConfig):
    """Where a camera's pictures are, and who may see them."""

    url: Annotated[
        str,
        Field(max_length=URL_LIMIT_CHARS),
        AfterValidator(_camera_url),
        WithJsonSchema({"type": "string", "pattern": f"^{_URL}$", "maxLength": URL_LIMIT_CHARS}),
    ]
    """The camera's URL, without a name and a password in it."""
    login: Annotated[
        str | None,
        AfterValidator(lambda name: name if name is None else _credential_name(name)),
        WithJsonSchema({"type": "string", "pattern": f"^{_CREDENTIAL}$"}),
    ] = None
    """The name of the credential that holds user:password, where the camera asks for them."""


async def connect(config: HttpSource, context: Context, thread: DeviceThread) -> HttpClient:
    """Return the client for a camera, which asks nothing yet; raise PermanentFault where its login is not to be had."""

    def prepare() -> tuple[type[HttpClient], str | None]:
        from glassd_drivers.cameras.http_client import HttpClient  # noqa: PLC0415 - late: aiohttp is slow to load

        return HttpClient, None if config.login is None else context.credential(config.login)

    client, login = await thread.call(prepare)
    return client(config.url, login, thread)
