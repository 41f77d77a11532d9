"""The kinds of text in the wearer's file: names of credentials, URLs, addresses, events; and what they give away."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from glassd.limits import LEAST_SIDE_PX
from glassd_drivers.units import Duration, Size, read_bytes, read_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

READER_URL = "reader"
"""The URL that names the on-board model."""

OWN_FIELDS = frozenset({"model", "messages", "stream", "stream_options"})
"""The fields of a request's body that glassd writes itself."""
OWN_PICTURE_FIELDS = frozenset({"type", "image_url", "text"})
"""The fields of a picture, or of the text beside it, that glassd writes itself."""

FIELD_LIMIT_CHARS = 4096
"""The longest value of such a field, as JSON."""
FIELD_LIMIT_DEPTH = 8
"""How deep such a value may be nested."""

LEAST_SPEED, MOST_SPEED = 20, 2000
"""Words a minute that anybody may read at."""

_CREDENTIAL_NAME = r"[A-Za-z][A-Za-z0-9_.-]{0,63}"
_LISTEN = r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})"
_HEADER_NAME = "[A-Za-z0-9-]{1,64}"
_HEADER_VALUE = "[!-~](?:[ -~]{0,1022}[!-~])?"
_OWN_HEADERS = (
    "authorization|connection|content-.*|accept.*|cookie.*|expect|host|keep-alive|proxy-.*|te|trailer|transfer-encoding"
    "|upgrade|user-agent"
)
_KEY_HEADERS = r"(^|-|api)(key|token|secret|password)$"
_CROP_SIZE = r"([0-9]{1,5})\s*[x×]\s*([0-9]{1,5})"
_PROXY = r"http://(?:[^\s?#@/:\[\]]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}/?"
_HOST_NAME = r"(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_SPEED = r"([0-9]{1,4}) +(?:words|characters) +a +minute"
EVENT = r"(\S+) +(press|double|triple|long)"
"""What a trigger waits for: a button and a gesture."""
SCENE_CHANGE: Final = "scene change"
"""What else a trigger may wait for."""


def looks_like_key(text: str) -> bool:
    """Tell whether a text is more likely a key itself than the name of one: such a text is never repeated."""
    return _is_key(text) or any(sum(c.isdigit() for c in run) >= 4 for run in re.findall(r"[A-Za-z0-9]{16,}", text))


def _is_key(text: str) -> bool:
    """Tell whether a text begins as the vendors' keys do."""
    return re.match(r"(?i)(sk|pk|rk|gsk|hf|xai|ghp|nvapi|bearer)[-_ ]|AIza|eyJ", text) is not None


def is_loopback(host: str) -> bool:
    """Tell whether a host, as a URL or an address names it, is this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def host_of(url: str) -> str:
    """Return the host that a URL names, without brackets; empty where it names none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def host_allowed(host: str, patterns: Sequence[str]) -> bool:
    """Tell whether one of the patterns of `allow_hosts` names this host: a name as it is, never what it resolves to."""
    address = _address(host)
    if address is not None:
        networks = (_network(pattern) for pattern in patterns)
        return any(network is not None and address in network for network in networks)
    name = _plain_name(host)
    return any(
        name.endswith(wanted[1:]) and len(name) >= len(wanted) if wanted.startswith("*.") else name == wanted
        for wanted in map(_plain_name, patterns)
    )


def same_address(one: str, other: str) -> bool:
    """Tell whether two listeners at these addresses would be in each other's way."""
    (host, _, port), (other_host, _, other_port) = one.rpartition(":"), other.rpartition(":")
    hosts = {_plain_name(host), _plain_name(other_host)}
    return int(port) == int(other_port) != 0 and (len(hosts) == 1 or bool(hosts & {"0.0.0.0", "[::]"}))  # noqa: S104  looked for, not bound


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
    if good and (parts.query or parts.fragment):
        raise ValueError("a URL without a ? or a # and what follows it")
    if not good or parts.username or parts.password or re.search(r"\s", url):
        raise ValueError("an http or https URL such as https://host/v1, or the word reader")
    return url


def _listen(address: Any) -> Any:
    if not isinstance(address, str) or not (match := re.fullmatch(_LISTEN, address)) or int(match[1]) > 65535:
        port = re.fullmatch(r":?([0-9]{2,5})", str(address))
        raise ValueError(f"an address and a port, such as 127.0.0.1:{port[1] if port else 8733}")
    return address


def _body_field(name: str) -> str:
    if name in OWN_FIELDS:
        raise ValueError(f"a field of the vendor, not one that glassd writes itself ({', '.join(sorted(OWN_FIELDS))})")
    return name


def _picture_field(name: str) -> str:
    if name in OWN_PICTURE_FIELDS:
        own = ", ".join(sorted(OWN_PICTURE_FIELDS))
        raise ValueError(f"a field of the vendor, not one that glassd writes itself ({own})")
    return name


def _field_value(value: Any) -> Any:
    try:
        text = json.dumps(value, allow_nan=False)
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError("a value that JSON can hold") from error
    if len(text) > FIELD_LIMIT_CHARS or _depth(value) > FIELD_LIMIT_DEPTH:
        limits = f"{FIELD_LIMIT_CHARS} characters of JSON, nested {FIELD_LIMIT_DEPTH} deep"
        raise ValueError(f"a value of at most {limits}")
    if any(map(_is_key, _texts(value))):
        raise ValueError("a value that is no key (a key goes by key: NAME, docs/keys.md says how)")
    return value


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in a value."""
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(item)


def _depth(value: Any) -> int:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if items is None else 1 + max(map(_depth, items), default=0)


def _header_name(name: str) -> str:
    if not re.fullmatch(_HEADER_NAME, name):
        raise ValueError("the name of an HTTP header: letters, digits and hyphens, at most 64")
    if re.fullmatch(_OWN_HEADERS, name.lower()):
        raise ValueError("a header that HTTP or glassd itself does not set already")
    if re.search(_KEY_HEADERS, name.lower()):
        raise ValueError("a header that holds no key (a key goes by key: NAME, docs/keys.md says how)")
    return name


def _header_value(value: str) -> str:
    if looks_like_key(value):
        raise ValueError("a value that is no key (a key goes by key: NAME, docs/keys.md says how)")
    if not re.fullmatch(_HEADER_VALUE, value):
        raise ValueError("1 to 1024 characters of plain ASCII, with no space around them")
    return value


def _proxy(url: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme == "http" and parts.hostname and parts.port
    except ValueError:
        good = False
    if not good or not re.fullmatch(_PROXY, url):
        raise ValueError("http, a host and a port, such as http://10.0.0.1:3128; a login goes by proxy_login: NAME")
    return url


def _file_path(path: str) -> str:
    if not path.startswith("/") or "\x00" in path:
        raise ValueError("an absolute path, such as /etc/glassd/ca.pem")
    return path


def _host_pattern(pattern: str) -> str:
    name = _plain_name(pattern)
    if _network(pattern) is None and not (
        re.fullmatch(_HOST_NAME, name) and re.search("[a-z]", name.rpartition(".")[2])
    ):
        near = _nearest_host(pattern)
        hint = f"; did you mean {near}?" if near else ""
        raise ValueError(f"a host alone, such as api.example.com, *.example.com, 192.168.1.7 or 192.168.1.0/24{hint}")
    return pattern


def _nearest_host(pattern: str) -> str:
    """Return the host in a URL, beside a port, or of a network that was written as an address in it."""
    try:
        if "@" in pattern:
            return ""
        if re.fullmatch(r"[0-9.]+/[0-9]+", pattern):
            return str(ipaddress.ip_network(pattern, strict=False))
        host = host_of(pattern if "://" in pattern else f"//{pattern}") or pattern
        host = f"*{host}" if host.startswith(".") else host
        return _host_pattern(host) if host != pattern else ""
    except ValueError:
        return ""


def _plain_name(host: str) -> str:
    """Return a name as DNS compares it: in ASCII, small letters, without the last dot."""
    name = host.lower().removesuffix(".")
    try:
        return name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        return name


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _network(pattern: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(pattern.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


def _crop(value: Any) -> Any:
    if isinstance(value, Size):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1:
        return float(value)
    if isinstance(value, str) and (match := re.fullmatch(_CROP_SIZE, value.strip())):
        size = Size(int(match[1]), int(match[2]))
        if min(size) >= LEAST_SIDE_PX:
            return size
    raise ValueError(f"a part of each side such as 0.5, or a size of at least {LEAST_SIDE_PX} px such as 640x480")


def _speed(value: Any) -> Any:
    match = re.fullmatch(_SPEED, value.strip()) if isinstance(value, str) else None
    count = int(match[1]) if match else 0
    if LEAST_SPEED <= count <= MOST_SPEED:
        return count
    raise ValueError(f"a speed from {LEAST_SPEED} to {MOST_SPEED}, such as 200 words a minute")


def at_most(limit: str) -> AfterValidator:
    """Return the upper bound of a duration, written as a file would."""

    def check(seconds: float) -> float:
        if seconds > (read_duration(limit) or 0.0):
            raise ValueError(f"a duration of at most {limit}")
        return seconds

    return AfterValidator(check)


def at_least(limit: str) -> AfterValidator:
    """Return the lower bound of a number of bytes, written as a file would."""

    def check(count: int) -> int:
        if count < (read_bytes(limit) or 0):
            raise ValueError(f"at least {limit}")
        return count

    return AfterValidator(check)


def _name_but(own: frozenset[str]) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": 64, "not": {"enum": sorted(own)}}


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
Address = Annotated[str, BeforeValidator(_listen), WithJsonSchema({"type": "string", "pattern": f"^{_LISTEN}$"})]
Crop = Annotated[
    float | Size,
    BeforeValidator(_crop),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
                {"type": "string", "pattern": f"^{_CROP_SIZE}$", "examples": ["640x480"]},
            ]
        }
    ),
]
"""The middle of a picture: the part of each side, or a size in pixels."""
ReadingSpeed = Annotated[
    int,
    BeforeValidator(_speed),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^{_SPEED}$",
            "examples": ["200 words a minute", "250 characters a minute"],
        }
    ),
]
"""Words a minute, or characters of Chinese, Japanese and Korean: as many of the one as of the other."""
Wait = Annotated[Duration, Field(gt=0)]
"""A duration that is not nothing."""
ModelName = Annotated[str, Field(min_length=1, max_length=256)]
FieldName = Annotated[
    str, Field(min_length=1, max_length=64), AfterValidator(_body_field), WithJsonSchema(_name_but(OWN_FIELDS))
]
"""A field that is added to a request's body: none of those that glassd writes itself."""
PictureFieldName = Annotated[
    str,
    Field(min_length=1, max_length=64),
    AfterValidator(_picture_field),
    WithJsonSchema(_name_but(OWN_PICTURE_FIELDS)),
]
"""A field that is added to a picture: none of those that glassd writes itself."""
FieldValue = Annotated[Any, AfterValidator(_field_value)]
"""Any value of JSON, of bounded size and depth."""
HeaderName = Annotated[
    str,
    AfterValidator(_header_name),
    # Under allOf, for of a bare pattern pydantic makes patternProperties, which let all other names pass.
    WithJsonSchema({"type": "string", "allOf": [{"pattern": f"^{_HEADER_NAME}$"}]}),
]
HeaderValue = Annotated[
    str, AfterValidator(_header_value), WithJsonSchema({"type": "string", "pattern": f"^{_HEADER_VALUE}$"})
]
ProxyUrl = Annotated[str, AfterValidator(_proxy), WithJsonSchema({"type": "string", "pattern": f"^{_PROXY}$"})]
FilePath = Annotated[
    str,
    Field(max_length=4096),
    AfterValidator(_file_path),
    WithJsonSchema({"type": "string", "pattern": "^/", "maxLength": 4096}),
]
HostPattern = Annotated[
    str,
    Field(max_length=255),
    AfterValidator(_host_pattern),
    WithJsonSchema({"type": "string", "pattern": r"^[^\s/:@]+(/[0-9]+)?$|^\[?[0-9A-Fa-f:.]+\]?(/[0-9]+)?$"}),
]
