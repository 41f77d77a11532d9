"""The wearer's file as types: what each section may hold, what it means, and its default.

The driver's own part of a device section is typed by the driver (`DriverConfig`); here it is kept beside the few
options that belong to the role.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from glassd.config import fields
from glassd.config.access import HostName, TokenHashText
from glassd.config.fields import (
    Address,
    CredentialName,
    Crop,
    FilePath,
    HostPattern,
    ModelName,
    ReadingSpeed,
    Wait,
)
from glassd.config.model import Model
from glassd.config.policy import Budgets, FollowUp, Journal, Outbox
from glassd.config.section import Fixed, Section, at
from glassd.config.triggers import Trigger
from glassd_drivers.contracts import DriverConfig
from glassd_drivers.units import ByteCount, Duration

ANY_MODEL = "glassd"
"""The name, beside the models' own, by which an app asks the gateway for whichever model the config takes."""
PadButton = Annotated[str, Field(pattern=r"^\S+$", max_length=64)]
"""The name of a button, whether a device gives it or not."""
UNGUARDED = "a token beside it (token: NAME), for whoever reaches the address could ask and see pictures"


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

    driver: Annotated[str, Fixed("driver")]
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

    driver: Annotated[str, Fixed("driver")]
    options: DriverConfig


class DisplayDevice(Section):
    """A display. In the file, the driver's own options stand beside those of the role."""

    driver: Annotated[str, Fixed("driver")]
    options: DriverConfig
    profile: str | None = None
    """The profile that screens are laid out for; the driver's own where absent."""


class Reading(Section):
    """How long what is to be read stays in view; without it pages and screens wait for the wearer."""

    auto_page: Literal["never"] | ReadingSpeed = "never"
    """The wearer's reading speed, such as `200 words a minute` or `250 characters a minute`: pages are turned by it. A
    page that the wearer turned to stays."""
    hold: Literal["always"] | Annotated[Wait, fields.at_most("24h")] = "always"
    """How long an answer stands once it is there, or once its last page is in view; then the display is cleared."""
    hold_errors: Literal["always"] | Annotated[Wait, fields.at_most("24h")] = "always"
    """The same for errors, and for what glassd itself has to say."""


class Echo(Section):
    """A press that a touch pad makes beside the one that was meant: one swipe that is seen as two, or a repeat."""

    of: PadButton
    """The button of the press that was meant."""
    seen_as: PadButton
    """The button of the press beside it, which means nothing; the same one for a repeat."""
    within: Annotated[Wait, fields.at_most("10s")] = 0.5
    """How long after the press that was meant the one beside it begins at most."""


class GestureTimes(Section):
    """When a run of edges is which gesture."""

    debounce: Duration = 0.02
    """Edges closer than this to the last one of the same button are contact bounce."""
    double: Wait = 0.3
    """A second press within this time after a release makes a double."""
    long: Wait = 0.6
    """A button held this long is a long press."""
    echoes: list[Echo] = Field([], max_length=32)
    """Presses that mean nothing beside others: those of a touch pad that sees one swipe as two."""


class TlsFiles(Section):
    """A certificate that somebody else has made, and its key; both PEM. New ones are taken within a minute."""

    certificate: FilePath
    """The file of the certificate, and of those between it and the one that browsers know."""
    key: FilePath
    """The file of its key, without a password, that the daemon's user can read and others cannot."""


class Api(Section):
    """The local API beside its unix socket."""

    listen: Address | None = None
    """An address and port to listen on as well; needs a token."""
    token: CredentialName | None = None
    """The name of the credential that holds the token."""
    token_hash: TokenHashText | None = None
    """In the credential's place: the hash of a token, as `glassd token` prints it."""
    open: bool = False
    """Do without a token, on loopback alone: for the demo, where nobody else is on the machine."""
    tls: Literal["own"] | TlsFiles | None = None
    """HTTPS at the address: with a certificate that glassd makes and keeps itself, or with one from files."""
    hosts: list[HostName] = Field([], max_length=16)
    """Names of the board, beside its addresses, that a browser may call it by: `glassd.local`."""

    @model_validator(mode="after")
    def _is_guarded(self) -> Api:
        host = (self.listen or "127.0.0.1:0").rpartition(":")[0]
        if self.open and not fields.is_loopback(host):
            raise at("open", f"false, or a loopback address to listen on: {UNGUARDED}")
        if self.token is not None and self.token_hash is not None:
            raise at("token_hash", "either a token or its hash, not both")
        guarded = self.token is not None or self.token_hash is not None
        if self.open and guarded:
            raise at("open", "either a token or open, not both")
        if self.listen is not None and not guarded and not self.open:
            raise at("listen", UNGUARDED)
        return self


class Gateway(Section):
    """The chat-completions server for apps on the glasses: they call the board in place of the cloud."""

    listen: Annotated[Address, Fixed("door")]
    """The address and port to listen on; beyond loopback it needs a token."""
    token: Annotated[CredentialName | None, Fixed("door")] = None
    """The name of the credential that holds the token which apps send as their API key; not that of the API."""
    models: dict[ModelName, ModelName] = Field(default_factory=dict, max_length=64)
    """What an app's name for a model means here: `gpt-4o-mini: qwen-vl-plus`. The endpoints' own names mean themselves,
    and `glassd` whichever the config takes."""
    at_once: int = Field(2, ge=1, le=16)
    """How many of the apps' asks may be under way at the same time; the wearer's own go first."""

    @model_validator(mode="after")
    def _is_guarded(self) -> Gateway:
        if self.token is None and not fields.is_loopback(self.listen.rpartition(":")[0]):
            raise at("listen", UNGUARDED)
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
    reading: Reading = Reading.model_construct()
    """When pages are turned and displays cleared by themselves."""
    triggers: list[Trigger] = Field([], max_length=1000)
    """Which event starts which ask or command."""
    gestures: GestureTimes = GestureTimes.model_construct()
    budgets: Budgets = Budgets.model_construct()
    follow_up: FollowUp | None = None
    """Whether a press goes on with the conversation; without it each press is a question of its own."""
    journal: Journal = Journal.model_construct()
    outbox: Outbox | None = None
    """Asks that wait on disk until the network is back; without it they fail."""
    language: Literal["zh", "en"] = "zh"
    """The language of what glassd itself says to the wearer."""
    api: Annotated[Api, Fixed("door")] = Api.model_construct()
    gateway: Gateway | None = None
    allow_hosts: Annotated[list[HostPattern] | None, Fixed("address")] = Field(None, max_length=64)
    """The only hosts that anything may be sent to: names, `*.example.com` for all below it, addresses, networks such as
    192.168.1.0/24. Without it, those of the endpoints."""
    log: Log = Log.model_construct()
