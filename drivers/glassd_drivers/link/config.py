"""Where a bridge is and how fast its line may be: what the sections of all its roles have in common."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from glassd_drivers.contracts import DriverConfig
from glassd_drivers.settable import SETTABLE

_ADDRESS: Final = r"/\S+|socket://[^\s/@?#]+:[0-9]{1,5}"
_ADDRESS_CHARS: Final = 255


def _address(text: str) -> str:
    port = text.rpartition(":")[2] if not text.startswith("/") else "1"
    if not re.fullmatch(_ADDRESS, text) or not 0 < int(port) < 65536:
        raise ValueError("the path of a serial line such as /dev/glassd/bridge, or socket://HOST:PORT")
    return text


Address = Annotated[
    str,
    Field(max_length=_ADDRESS_CHARS),
    AfterValidator(_address),
    WithJsonSchema({"type": "string", "pattern": f"^({_ADDRESS})$", "maxLength": _ADDRESS_CHARS}),
]
"""The path of a serial line, or the address of a TCP connection that carries the link."""


class BridgeConfig(DriverConfig):
    """Where the bridge is; the sections of all its roles say the same."""

    device: Address = "/dev/glassd/bridge"
    """The serial line, best under a name that stays: /dev/glassd/bridge or one of /dev/serial/by-id/; or
    socket://HOST:PORT for a link over TCP."""
    rate: Annotated[Literal["auto"] | Annotated[int, Field(ge=115_200, le=12_000_000)], SETTABLE] = "auto"
    """The highest baud that the line may be set to; auto is as high as the bridge has and the line carries."""
