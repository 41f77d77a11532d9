"""The wearer's file as types: what each section may hold, what it means, and its default.

The driver's own part of a device section is typed by the driver (`DriverConfig`); here it is kept beside the few
options that belong to the role.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from glassd.ask import Detail
from glassd.config import fields
from glassd.config.commands import Command
from glassd.config.fields import (
    Address,
    CredentialName,
    Crop,
    EndpointUrl,
    FieldName,
    FieldValue,
    FilePath,
    HeaderName,
    HeaderValue,
    HostPattern,
    ModelName,
    PictureFieldName,
    ProxyUrl,
    Wait,
)
from glassd.config.mistakes import nearest, readable
from glassd_drivers.contracts import DriverConfig
from glassd_drivers.units import ByteCount, Duration

READER_URL = fields.READER_URL
"""The URL that names the on-board model."""


class Section(BaseModel):
    """Base of every section: frozen, unknown keys refused, the docstring under a field is its description."""

    # The whole file is what is validated: that its sections are built along with it spares one build of each.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


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
ANY_MODEL = "glassd"
"""The name, beside the models' own, by which an app asks the gateway for whichever model the config takes."""
NEEDS_HTTPS = "https, for the key could be read on the way (plain http takes a key to this machine alone)"
ONE_OF_BOTH = "either ask or do, and one of them"
UNGUARDED = "a token beside it (token: NAME), for whoever reaches the address could ask and see pictures"


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
    size: Annotated[ByteCount, Field(ge=4096)] | None = None
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

    url: EndpointUrl
    """A base URL, a full chat/completions URL, or `reader` for the model on the board."""
    key: CredentialName | None = None
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
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict, max_length=FIELDS_LIMIT)
    """HTTP headers that are added to each request. A key has no place here."""
    proxy: ProxyUrl | None = None
    """The HTTP proxy on the way to the server: http://host:3128."""
    proxy_login: CredentialName | None = None
    """The name of the credential that holds the proxy's login, as user:password."""
    ca: FilePath | None = None
    """A PEM file with the certificates that vouch for this server, in place of the system's."""

    @model_validator(mode="after")
    def _can_be_asked(self) -> Endpoint:
        if self.url != READER_URL and not (self.vision or self.text):
            raise ValueError("at least one of vision and text, the model's name at this endpoint")
        if self.key is not None and fields.sends_key_in_clear(self.url):
            raise _at("url", NEEDS_HTTPS)
        if self.proxy_login is not None and self.proxy is None:
            raise _at("proxy_login", "the proxy that it is for beside it (proxy: http://host:3128)")
        return self

    @model_validator(mode="after")
    def _reader_needs_no_network(self) -> Endpoint:
        asked = [name for name in _OF_THE_NETWORK if name in self.model_fields_set]
        if self.url == READER_URL and asked:
            raise _at(asked[0], "no such key beside url: reader, which is on the board and needs no network")
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


class FrameChoice(Section):
    """Which frame around a press is the picture: a near one, unless it is blurred, black or burnt."""

    window: Duration = 0.15
    """How far from the press a frame may be that is preferred to the nearest one; 0ms takes the nearest, whatever it
    shows."""
    reach: Wait = 1.0
    """The distance in time that weighs as much as all of the sharpness."""
    enough: float = Field(0.8, gt=0, le=1)
    """The part of the sharpest frame's sharpness that is as good as it."""
    after: float = Field(2.0, ge=1, le=10)
    """How many times as far a frame after the press counts as one before it."""


class Camera(Section):
    """The camera. In the file, the driver's own options stand beside those of the role."""

    driver: str
    options: DriverConfig
    capture: Literal["ring", "after_sign"] = "ring"
    """`ring` keeps looking, so that the frame of the press itself is there; `after_sign` looks only after the sign."""
    keep_open: Literal["always", "never"] | Wait = "always"
    """With `ring`, how long the camera stays open after a picture. A press opens it again, and then gets its first
    frame, which may be `late`. `always` is for the frame of the press itself, all else spares a battery."""
    fresh: Wait = 0.5
    """How far from the press a frame may be."""
    latency: Duration = 0.0
    """How long after it was in view a frame is stamped: what exposure and encoding take in this camera. `glassd setup`
    measures it."""
    late: Wait = 2.0
    """How long a camera may take to its first frame that is opened for an ask."""
    choice: FrameChoice = FrameChoice.model_construct()
    """Which frame around a press is the picture."""
    keep: Wait = 1.5
    """How many seconds of frames the ring holds: those of the longest gesture."""
    memory: Annotated[ByteCount, Field(gt=0)] = 64 * 1024 * 1024
    """How many bytes of frames the ring holds at most."""
    crop: Crop | None = None
    """The middle that is kept of each frame: the part of each side, such as 0.5, or a size in pixels, such as 640x480,
    of the picture the right way up."""
    rotate: Literal[0, 90, 180, 270] = 0
    """By how many degrees each frame is turned clockwise before it is sent."""
    mirror: bool = False
    """Whether left and right are exchanged, after the rotation."""


class ButtonDevice(Section):
    """A device with buttons. In the file, the driver's own options stand beside its name."""

    driver: str
    options: DriverConfig


class DisplayDevice(Section):
    """A display. In the file, the driver's own options stand beside those of the role."""

    driver: str
    options: DriverConfig
    profile: str | None = None
    """The profile that screens are laid out for; the driver's own where absent."""


class GestureTimes(Section):
    """When a run of edges is which gesture."""

    debounce: Duration = 0.02
    """Edges closer than this to the last one of the same button are contact bounce."""
    double: Wait = 0.3
    """A second press within this time after a release makes a double."""
    long: Wait = 0.6
    """A button held this long is a long press."""


Gesture = Literal["press", "double", "triple", "long"]


class ButtonEvent(Section):
    """`when:` as the scheduler reads it: a button's name and a gesture."""

    button: str
    gesture: Gesture

    def __str__(self) -> str:
        return f"{self.button} {self.gesture}"


class SceneChange(Section):
    """`when: scene change`: the wearer has come to look at something else."""

    what: Literal["scene change"] = fields.SCENE_CHANGE

    def __str__(self) -> str:
        return self.what


def _event(event: Any) -> Any:
    if isinstance(event, ButtonEvent | SceneChange):
        return event
    if isinstance(event, str) and event.split() == fields.SCENE_CHANGE.split():
        return SceneChange()
    if isinstance(event, str) and (parts := fields.split_event(event)):
        return {"button": parts[0], "gesture": parts[1]}
    near = _nearest_event(event) if isinstance(event, str) else None
    hint = f"; did you mean {near}?" if near else ""
    known = f"such as main press, or {fields.SCENE_CHANGE}"
    raise ValueError(f"a button and a gesture (press, double, triple, long), {known}{hint}")


def _nearest_event(text: str) -> str | None:
    """Return what was likely meant by words in another order, joined by other signs, or with a slip."""
    if near := nearest(" ".join(re.split(r"[\s_-]+", text.strip())), [fields.SCENE_CHANGE]):
        return near
    words = text.split() if len(text.split()) > 1 else re.split(r"[-_+,，]", text)
    gestures = {word: nearest(word, get_args(Gesture)) for word in words[:8]}
    buttons = [word for word, gesture in gestures.items() if gesture is None]
    named = sorted(
        {gesture for gesture in gestures.values() if gesture}, key="press".__eq__
    )  # a "long press" is a long
    return f"{readable(buttons[0])} {named[0]}" if len(buttons) == 1 and named else None


class Trigger(Section):
    """Which event starts which ask or command."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["ask"]}, {"required": ["do"]}]})

    when: Annotated[
        ButtonEvent | SceneChange,
        BeforeValidator(_event),
        WithJsonSchema(
            {
                "type": "string",
                "pattern": f"^({fields.EVENT}|scene +change)$",
                "examples": ["main press", "up double", fields.SCENE_CHANGE],
            }
        ),
    ]
    """A button and a gesture (main press, up double, main long), or `scene change`."""
    ask: str | None = Field(None, min_length=1)
    """The prompt to send with the frame that was in view."""
    do: Command | None = None
    """A command instead of an ask."""
    detail: Detail = "auto"
    """What the picture is for: the scene, the text in it, or not said."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Trigger:
        if (self.ask is None) == (self.do is None):
            raise ValueError(ONE_OF_BOTH)
        return self


class Api(Section):
    """The local API beside its unix socket."""

    listen: Address | None = None
    """An address and port to listen on as well; needs a token."""
    token: CredentialName | None = None
    """The name of the credential that holds the token."""
    open: bool = False
    """Do without a token, on loopback alone: for the demo, where nobody else is on the machine."""

    @model_validator(mode="after")
    def _is_guarded(self) -> Api:
        host = (self.listen or "127.0.0.1:0").rpartition(":")[0]
        if self.open and not fields.is_loopback(host):
            raise _at("open", f"false, or a loopback address to listen on: {UNGUARDED}")
        if self.open and self.token is not None:
            raise _at("open", "either a token or open, not both")
        if self.listen is not None and self.token is None and not self.open:
            raise _at("listen", UNGUARDED)
        return self


class Gateway(Section):
    """The chat-completions server for apps on the glasses: they call the board in place of the cloud."""

    listen: Address
    """The address and port to listen on; beyond loopback it needs a token."""
    token: CredentialName | None = None
    """The name of the credential that holds the token which apps send as their API key; not that of the API."""
    models: dict[ModelName, ModelName] = Field(default_factory=dict, max_length=64)
    """What an app's name for a model means here: `gpt-4o-mini: qwen-vl-plus`. The endpoints' own names mean themselves,
    and `glassd` whichever the config takes."""
    at_once: int = Field(2, ge=1, le=16)
    """How many of the apps' asks may be under way at the same time; the wearer's own go first."""

    @model_validator(mode="after")
    def _is_guarded(self) -> Gateway:
        if self.token is None and not fields.is_loopback(self.listen.rpartition(":")[0]):
            raise _at("listen", UNGUARDED)
        return self


class Log(Section):
    """What the operator's log holds. Keys, frames, prompts and answers never reach it."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least serious record that is written."""


class Config(Section):
    """The whole file."""

    model: Model
    camera: Camera | None = None
    buttons: list[ButtonDevice] = Field([], max_length=16)
    """Devices with buttons."""
    displays: list[DisplayDevice] = Field([], max_length=16)
    """What shows the answers."""
    triggers: list[Trigger] = Field([], max_length=1000)
    """Which event starts which ask or command."""
    gestures: GestureTimes = GestureTimes.model_construct()
    language: Literal["zh", "en"] = "zh"
    """The language of what glassd itself says to the wearer."""
    api: Api = Api.model_construct()
    gateway: Gateway | None = None
    allow_hosts: list[HostPattern] | None = Field(None, max_length=64)
    """The only hosts that anything may be sent to: names, `*.example.com` for all below it, addresses, networks such as
    192.168.1.0/24. Without it, those of the endpoints."""
    log: Log = Log.model_construct()


def _at(key: str, expected: str) -> PydanticCustomError:
    """Return the error of a whole section whose place is one of its keys."""
    return PydanticCustomError("misplaced", "{expected}", {"expected": expected, "at": key})
