"""The answers to setup's questions: what an interactive run makes, and what `--answers FILE` reads.

A file of answers is checked as a config is, every mistake at once with its line and column. Where its sections of
devices and triggers are written out, they are those of the config, and are checked as such.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from glassd.config import fields
from glassd.config.load import ConfigError, read_other
from glassd.config.mistakes import Mistakes, TooManyMistakesError
from glassd.config.model import NEEDS_HTTPS
from glassd.config.report import Validated, note_empty, report
from glassd.config.section import Section
from glassd.config.tree import Entry, Mapping, Scalar, Sequence, plain
from glassd.config.validate import validate
from glassd_drivers.units import Duration

if TYPE_CHECKING:
    from pathlib import Path

KEEP = "keep"
"""The answer that leaves a section as the config on the board has it."""
WRITTEN_OUT = ("camera", "buttons", "displays", "triggers")
"""The sections that may be written out as the config has them."""
THE_KEYS_WAY = "the key comes from key_file: PATH, or from standard input with --key-stdin"


def _key_name(name: object) -> object:
    if isinstance(name, str) and fields.looks_like_key(name):
        raise ValueError(f"a name for the key, never the key itself: {THE_KEYS_WAY}")
    return name


def _terminal(path: str) -> str:
    if not path.startswith("/dev/") or any(char.isspace() or not char.isprintable() for char in path):
        raise ValueError("a terminal, such as /dev/tty1")
    return path


Service = Literal["dashscope", "openai", "server", "reader", "keep"]


class ServiceDefaults(Section):
    """What a service's answers are where nothing else is said."""

    url: str = ""
    vision: str = ""
    text: str = ""
    key: str = ""


SERVICES: dict[Service, ServiceDefaults] = {
    "dashscope": ServiceDefaults(
        url="https://dashscope.aliyuncs.com/compatible-mode/v1",
        vision="qwen-vl-plus",
        text="qwen-plus",
        key="dashscope",
    ),
    "openai": ServiceDefaults(url="https://api.openai.com/v1", vision="gpt-4o-mini", key="openai"),
    "server": ServiceDefaults(url="http://127.0.0.1:8080/v1", vision="qwen2.5-vl-3b"),
    "reader": ServiceDefaults(url=fields.READER_URL),
    "keep": ServiceDefaults(),
}


class ModelAnswers(Section):
    """Which model answers. The reader on the board is always there as the last one."""

    service: Service
    """`dashscope`, `openai` (or a service like it), `server` (in your network or on the board), `reader` (no other), or
    `keep`."""
    url: fields.EndpointUrl | None = None
    """Where it is; needed for `server`, else the service's own."""
    vision: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    """Its model for pictures: qwen-vl-plus, gpt-4o-mini; needed for `server`."""
    text: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    """Its model for asks without a picture: qwen-plus; for others than dashscope the one for pictures."""
    key: Annotated[fields.CredentialName, BeforeValidator(_key_name)] | None = None
    """The name that the key goes by; the service's name. A `server` has no key unless one is named."""
    key_file: fields.FilePath | None = None
    """The file that holds the key; it is copied into the credentials folder."""
    instructions: str | None = None
    """What the model is told before every ask."""

    @model_validator(mode="after")
    def _fits_the_service(self) -> ModelAnswers:
        own = [name for name in ("url", "vision", "text", "key", "key_file") if getattr(self, name) is not None]
        if self.service == "reader" and own:
            raise _at(own[0], "no such key beside service: reader, which is on the board and needs no network")
        if self.service == KEEP and (own or self.instructions is not None):
            raise _at((*own, "instructions")[0], "no such key beside service: keep, which leaves all as it is")
        if self.service == "server" and (self.url is None or self.vision is None):
            raise _at("service", "url: and vision: beside service: server, for only you know them")
        if self.url == fields.READER_URL:
            raise _at("url", "the address of a service; the reader alone is service: reader")
        if self.key_name and fields.sends_key_in_clear(self.endpoint["url"]):
            raise _at("url", NEEDS_HTTPS)
        return self

    @property
    def key_name(self) -> str:
        """The name of the credential with the key; empty where the server is called without one."""
        if self.service == "server" and self.key_file is not None and self.key is None:
            return self.service
        return self.key or SERVICES[self.service].key

    @property
    def endpoint(self) -> dict[str, str]:
        """The endpoint as the config has it, its defaults filled in."""
        defaults = SERVICES[self.service]
        text = self.text or (defaults.text if self.vision is None or self.service == "dashscope" else "")
        filled = {
            "url": self.url or defaults.url,
            "key": self.key_name,
            "vision": self.vision or defaults.vision,
            "text": text,
        }
        return {name: value for name, value in filled.items() if value}


class Answers(Section):
    """All answers."""

    language: Literal["zh", "en"] = "zh"
    """The language of what glassd says, and of the comments in its config."""
    model: ModelAnswers
    """Which model answers."""
    camera: Literal["auto", "none", "keep"] | dict[str, Any] = "auto"
    """`auto` takes the first that is found, and where none is, the first that will be plugged in."""
    buttons: Literal["auto", "none", "keep"] | list[dict[str, Any]] = "auto"
    """`auto` takes the likeliest device that is found with its likeliest keys, as the camera's does."""
    displays: Literal["none", "terminal", "keep"] | list[dict[str, Any]] = "none"
    """`terminal` writes to a screen or a serial line of the board."""
    terminal: Annotated[str, Field(max_length=256), AfterValidator(_terminal)] = "/dev/tty1"
    """Which one: the terminal that the service gets where `displays` has a terminal."""
    triggers: Literal["standard", "keep"] | list[dict[str, Any]] = "standard"
    """`standard`: main press asks what it is, double reads the text, long cancels; up, down and back turn pages and
    clear."""
    outbox: Literal["keep"] | bool = "keep"
    """Whether questions wait for a network where there is none: `true` makes the section and its key, and has the
    questions of `standard` wait."""
    latency: Literal["measure", "skip"] | Duration = "skip"
    """How late the camera stamps its frames. `measure` flashes the first display before the camera, which must see it;
    `skip` keeps what was measured before with the same camera."""
    start: bool = True
    """Whether to enable and start the service."""
    test: bool = True
    """Whether to take a test picture and make a test ask, which starting it is needed for."""
    replace: bool = False
    """Whether a config that is there and says something else is written over; the old one is kept beside it."""


def read_answers(path: Path) -> Answers:
    """Return the answers of a file; raise ConfigError with every mistake."""
    mistakes = Mistakes()
    answers = None
    with contextlib.suppress(TooManyMistakesError):
        answers = _checked(read_other(path, Answers, mistakes), mistakes)
    found = mistakes.in_order([str(path)])
    if found or answers is None:
        raise ConfigError(found)
    return answers


def _checked(root: Mapping, mistakes: Mistakes) -> Answers | None:
    answers = None
    try:
        answers = Answers.model_validate_json(json.dumps(plain(root)), strict=True)
    except ValidationError as error:
        report(error, Validated(Answers, root, (), root.place, whole=Answers), mistakes)
    note_empty(root, (), mistakes)
    written_out = {
        name: entry
        for name in WRITTEN_OUT
        if (entry := root.entries.get(name)) and isinstance(entry.node, Mapping | Sequence)
    }
    _, config = validate(Mapping(root.place, {**_elsewhere(root), **written_out}), mistakes)
    return answers and answers.model_copy(update={name: plain(config.entries[name].node) for name in written_out})


def _elsewhere(root: Mapping) -> dict[str, Entry]:
    """Return sections without mistakes, as the whole config may have them beside those that are written out.

    Whether it does is told once it is composed.
    """
    here = root.place

    def section(**keys: Entry) -> Entry:
        return Entry(here, Mapping(here, keys))

    def value(given: int | str) -> Entry:
        return Entry(here, Scalar(here, given, str(given)))

    reader = Mapping(here, {"url": value(fields.READER_URL)})
    return {
        "model": section(endpoints=Entry(here, Sequence(here, (reader,)))),
        "budgets": section(day=section(asks=value(1))),
        "outbox": section(),
    }


def _at(key: str, expected: str) -> PydanticCustomError:
    """Return the error of a whole section whose place is one of its keys."""
    return PydanticCustomError("misplaced", "{expected}", {"expected": expected, "at": key})
