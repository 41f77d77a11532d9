"""The wearer's file as types: what each section may hold, what it means, and its default.

The driver's own part of a device section is typed by the driver (`DriverConfig`); here it is kept beside the few
options that belong to the role.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from glassd.ask import Detail
from glassd_drivers.contracts import DriverConfig
from glassd_drivers.units import ByteCount, Duration

READER_URL = "reader"
"""The URL that names the on-board model."""


class Section(BaseModel):
    """Base of every section: frozen, unknown keys refused, the docstring under a field is its description."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def _credential_name(name: str) -> str:
    if name.startswith("sk-") or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]{0,63}", name):
        raise ValueError("the name of a credential, never the key itself (see docs/keys.md)")
    return name


def _endpoint_url(url: str) -> str:
    if url == READER_URL:
        return url
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("an http or https URL such as https://host/v1, or the word reader")
    return url


def _listen(address: str) -> str:
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise ValueError("an address and a port, such as 127.0.0.1:8733")
    return address


CredentialName = Annotated[str, AfterValidator(_credential_name)]


class Endpoint(Section):
    """One model server. They are tried in the order of the list."""

    url: Annotated[str, AfterValidator(_endpoint_url)]
    """A base URL, a full chat/completions URL, or `reader` for the model on the board."""
    key: CredentialName | None = None
    """The name of the credential that holds the key; without it the server is called without one."""
    vision: str | None = Field(None, min_length=1)
    """Model name for asks with pictures."""
    text: str | None = Field(None, min_length=1)
    """Model name for asks without pictures; where it is absent, the vision model takes them too."""
    vendor: str | None = None
    """Whose server it is, where the host does not tell: dashscope, openai, vllm …"""

    @model_validator(mode="after")
    def _names_a_model(self) -> Endpoint:
        if self.url != READER_URL and not (self.vision or self.text):
            raise ValueError("at least one of vision and text, the model's name at this endpoint")
        return self


class Deadlines(Section):
    """How long each wait may take. Comments and keep-alives of a server do not lengthen any of them."""

    connect: Duration = 3.0
    """Until the connection stands."""
    first: Duration = 8.0
    """From the whole request sent to the first delta."""
    gap: Duration = 5.0
    """Between two deltas."""
    whole: Duration = 60.0
    """For the whole answer, retries included."""


class Model(Section):
    """Who answers, how, and within what time."""

    endpoints: list[Endpoint] = Field(min_length=1, max_length=16)
    """Model servers, the first choice first."""
    instructions: str = ""
    """What the model is told before every ask."""
    deadlines: Deadlines = Deadlines()
    """How long each wait may take."""


class Camera(Section):
    """The camera: the role's options here, the driver's own in `options`."""

    driver: str
    options: DriverConfig
    capture: Literal["ring", "after_sign"] = "ring"
    """`ring` keeps looking, so that the frame of the press itself is there; `after_sign` looks only after the sign."""
    fresh: Duration = 0.5
    """How far from the press a frame may be."""
    keep: Duration = 3.0
    """How many seconds of frames the ring holds."""
    memory: ByteCount = 64 * 1024 * 1024
    """How many bytes of frames the ring holds at most."""


class ButtonDevice(Section):
    """A device with buttons: the driver's own options alone."""

    driver: str
    options: DriverConfig


class DisplayDevice(Section):
    """A display: the role's options here, the driver's own in `options`."""

    driver: str
    options: DriverConfig
    profile: str | None = None
    """The profile that screens are laid out for; the driver's own where absent."""


class GestureTimes(Section):
    """When a run of edges is which gesture."""

    debounce: Duration = 0.02
    """Edges closer than this to the last one of the same button are contact bounce."""
    double: Duration = 0.3
    """A second press within this time after a release makes a double."""
    long: Duration = 0.6
    """A button held this long is a long press."""


Command = Literal["cancel", "clear", "next page", "previous page"]
Gesture = Literal["press", "double", "triple", "long"]


class ButtonEvent(Section):
    """`when:` as the scheduler reads it: a button's name and a gesture."""

    button: str
    gesture: Gesture


def _button_event(text: Any) -> Any:
    if isinstance(text, str) and (match := re.fullmatch(r"(\S+) +(press|double|triple|long)", text.strip())):
        return {"button": match[1], "gesture": match[2]}
    raise ValueError("a button and a gesture (press, double, triple, long), such as main press")


class Trigger(Section):
    """Which event starts which ask or command."""

    when: Annotated[ButtonEvent, BeforeValidator(_button_event)]
    """A button and a gesture: main press, up double, main long."""
    ask: str | None = Field(None, min_length=1)
    """The prompt to send with the frame that was in view."""
    do: Command | None = None
    """A command instead of an ask."""
    detail: Detail = "auto"
    """What the picture is for: the scene, the text in it, or not said."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Trigger:
        if (self.ask is None) == (self.do is None):
            raise ValueError("exactly one of ask and do")
        return self


class Api(Section):
    """The local API beside its unix socket."""

    listen: Annotated[str, AfterValidator(_listen)] | None = None
    """An address and port to listen on as well; needs a token."""
    token: CredentialName | None = None
    """The name of the credential that holds the token."""


class Log(Section):
    """What the operator's log holds. Keys, frames, prompts and answers never reach it."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least serious record that is written."""


class Config(Section):
    """The whole file."""

    model: Model
    camera: Camera | None = None
    buttons: list[ButtonDevice] = Field(default_factory=list, max_length=16)
    displays: list[DisplayDevice] = Field(default_factory=list, max_length=16)
    triggers: list[Trigger] = Field(default_factory=list, max_length=1000)
    gestures: GestureTimes = GestureTimes()
    language: Literal["zh", "en"] = "zh"
    """The language of what glassd itself says to the wearer."""
    api: Api = Api()
    log: Log = Log()
