"""The section `model:` as types: model servers, what each takes, and how long an answer may take."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, model_validator

from glassd.config import fields
from glassd.config.fields import (
    READER_URL,
    CredentialName,
    EndpointUrl,
    FieldName,
    FieldValue,
    FilePath,
    HeaderName,
    HeaderValue,
    PictureFieldName,
    ProxyUrl,
    Wait,
)
from glassd.config.policy import Price
from glassd.config.section import Fixed, Section, at
from glassd_drivers.units import ByteCount

FIELDS_LIMIT = 32
"""The most fields, or headers, that an endpoint adds to its requests."""
_OF_THE_NETWORK = (
    "stream",
    "partial",
    "fields",
    "picture_fields",
    "image_tokens",
    "image_limits",
    "headers",
    "proxy",
    "proxy_login",
    "ca",
)
NEEDS_HTTPS = "https, for the key could be read on the way (plain http takes a key to this machine alone)"

TOKENS_LEAST = 16
"""The fewest tokens of a picture: fewer show nothing."""
TOKENS_LIMIT = 65_536
"""The most: past any model's window it is a slip."""
ImageTokens = Annotated[int, Field(ge=TOKENS_LEAST, le=TOKENS_LIMIT)]


class ImageLimits(Section):
    """What the endpoint takes of a picture, where that is not what glassd knows of its model and vendor."""

    patch: int | None = Field(None, ge=8, le=64)
    """The side in pixels of the square that costs one token; by the model's name, else 28."""
    tokens: ImageTokens | None = None
    """The most tokens that the model gives a picture: what `detail: text` uses."""
    pixels: int | None = Field(None, ge=10_000, le=1_000_000_000)
    """The most pixels of a picture; no cap."""
    side: int | None = Field(None, ge=64, le=65_535)
    """The most pixels of its longer side; no cap."""
    size: Annotated[ByteCount, fields.at_least("4KiB")] | None = None
    """The most bytes of all encoded pictures of a request; 4MB."""
    ratio: float | None = Field(None, ge=1, le=1000)
    """How many times longer than the other a side may be; 200."""


class Endpoint(Section):
    """One model server. They are tried in the order of the list."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"required": ["vision"]}, {"required": ["text"]}, {"properties": {"url": {"const": READER_URL}}}]
        }
    )

    name: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,31}$")] | None = None
    """By this a trigger chooses the endpoint."""
    url: Annotated[EndpointUrl, Fixed("address", beside=("key", "proxy", "proxy_login", "ca"))]
    """A base URL, a full chat/completions URL, or `reader` for the model on the board."""
    key: Annotated[CredentialName | None, Fixed("key")] = None
    """The name of the credential that holds the key; without it the server is called without one."""
    vision: str | None = Field(None, min_length=1)
    """Model name for asks with pictures."""
    text: str | None = Field(None, min_length=1)
    """Model name for asks without pictures; where it is absent, the vision model takes them too."""
    vendor: str | None = None
    """Whose server it is, where the host does not tell: dashscope, openai, vllm …"""
    stream: bool = True
    """Whether its answers are asked for word by word; `false` for a server that can only give them whole."""
    partial: bool = False
    """Whether the server goes on with an answer that is marked `partial: true`, as some of DashScope's models do; a
    broken answer is else resumed by an instruction."""
    fields: dict[FieldName, FieldValue] = Field(default_factory=dict, max_length=FIELDS_LIMIT)
    """Fields of this vendor that are added to the body of each request, as they are: `enable_thinking: false`."""
    picture_fields: dict[PictureFieldName, FieldValue] = Field(default_factory=dict, max_length=FIELDS_LIMIT)
    """Fields of this vendor that are added to each picture, beside its `image_url`: `max_pixels: 1003520`."""
    image_tokens: ImageTokens | None = None
    """The most tokens that a picture costs with `detail: auto`: a larger one is made smaller before it is sent. By
    default what the model looks at unless it is told otherwise."""
    image_limits: ImageLimits = ImageLimits.model_construct()
    """What the endpoint takes of a picture."""
    price: Price | None = None
    """What a million tokens cost here, for `budgets`; free where it is not said."""
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict, max_length=FIELDS_LIMIT)
    """HTTP headers that are added to each request. A key has no place here."""
    proxy: Annotated[ProxyUrl | None, Fixed("address")] = None
    """The HTTP proxy on the way to the server: http://host:3128."""
    proxy_login: Annotated[CredentialName | None, Fixed("key")] = None
    """The name of the credential that holds the proxy's login, as user:password."""
    ca: Annotated[FilePath | None, Fixed("file")] = None
    """A PEM file with the certificates that vouch for this server, in place of the system's."""

    @property
    def sees(self) -> bool:
        """Whether it takes pictures."""
        return self.vision is not None or self.url == READER_URL

    @model_validator(mode="after")
    def _can_be_asked(self) -> Endpoint:
        if self.url != READER_URL and not (self.vision or self.text):
            raise ValueError("at least one of vision and text, the model's name at this endpoint")
        if self.key is not None and fields.sends_key_in_clear(self.url):
            raise at("url", NEEDS_HTTPS)
        if self.proxy_login is not None and self.proxy is None:
            raise at("proxy_login", "the proxy that it is for beside it (proxy: http://host:3128)")
        return self

    @model_validator(mode="after")
    def _reader_needs_no_network(self) -> Endpoint:
        asked = [name for name in _OF_THE_NETWORK if name in self.model_fields_set]
        if self.url == READER_URL and asked:
            raise at(asked[0], "no such key beside url: reader, which is on the board and needs no network")
        return self


class Deadlines(Section):
    """How long each wait may take. Comments and keep-alives of a server do not lengthen any of them."""

    connect: Wait = 3.0
    """Until the connection stands."""
    first: Wait = 8.0
    """From the whole request sent to the first delta."""
    gap: Wait = 5.0
    """Between two deltas."""
    whole: Wait = 60.0
    """For the whole answer, retries included."""


class Model(Section):
    """Who answers, how, and within what time."""

    endpoints: list[Endpoint] = Field(min_length=1, max_length=16)
    """Model servers, the first choice first."""
    instructions: str = ""
    """What the model is told before every ask."""
    deadlines: Deadlines = Deadlines.model_construct()
    """How long each wait may take."""
