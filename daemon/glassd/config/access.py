"""The kinds of text that say who may reach the board: its names, and the hash of a token."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from glassd.token_hash import FORM, read_hash

_HOST_NAME = r"([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"


def _host_name(name: str) -> str:
    if not re.fullmatch(_HOST_NAME, name):
        raise ValueError("a name alone, such as glassd.local; addresses of the board need none, and a port is no part")
    return name.lower()


def _token_hash(text: str) -> str:
    read_hash(text)
    return text


HostName = Annotated[
    str,
    Field(max_length=253),
    AfterValidator(_host_name),
    WithJsonSchema({"type": "string", "pattern": f"^{_HOST_NAME}$", "maxLength": 253}),
]
"""A name that a browser calls the board by."""
TokenHashText = Annotated[str, AfterValidator(_token_hash), WithJsonSchema({"type": "string", "pattern": f"^{FORM}$"})]
"""The hash of a token, as `glassd token` prints it."""
