"""The questions about who answers: the service, its models, its key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from glassd.config.fields import sends_key_in_clear
from glassd.config.keys import MAX_KEY_CHARS, KeyUnusableError, usable_key
from glassd.setup.answers import KEEP, SERVICES, ModelAnswers, Service

if TYPE_CHECKING:
    from glassd.setup.console import Console
    from glassd.setup.places import Places
    from glassd.setup.texts import Texts

CHOICES: tuple[Service, ...] = ("dashscope", "openai", "server", "reader")


def ask(
    console: Console, texts: Texts, now: ModelAnswers, places: Places, kept: str | None
) -> tuple[ModelAnswers, str | None]:
    """Return the answers, and the key where one was typed; `kept` says what the config that is there has."""
    options = [texts.as_it_is.format(kept)] if kept is not None else []
    services = [texts.services[name] for name in CHOICES]
    default = len(options) + CHOICES.index(now.service) if now.service != KEEP else 0
    at = console.choose(texts.service, [*options, *services], texts, default) - len(options)
    if at < 0:
        return ModelAnswers(service=KEEP), None
    service = CHOICES[at]
    if service == "reader":
        return ModelAnswers(service=service), None
    console.say(texts.reader_anyway)
    defaults = SERVICES[service]
    same = now.service == service
    url = None if service == "dashscope" else _url(console, texts, (now.url if same else None) or defaults.url)
    vision = console.ask(texts.vision, texts, (now.vision if same else None) or defaults.vision)
    text = None
    if service == "dashscope":
        text = console.ask(texts.text, texts, (now.text if same else None) or defaults.text)
    key, name = _key(console, texts, places, service, url or defaults.url)
    return ModelAnswers(service=service, url=url, vision=vision, text=text, key=name), key


def _url(console: Console, texts: Texts, default: str) -> str:
    while True:
        url = console.ask(texts.url, texts, default)
        try:
            ModelAnswers(service="server", url=url, vision="any")
        except ValidationError:
            console.say(texts.bad_url)
        else:
            return url


def _key(console: Console, texts: Texts, places: Places, service: Service, url: str) -> tuple[str | None, str | None]:
    """Return the key that was typed, and its name where it is not the service's own; a key that is there may stay."""
    name = SERVICES[service].key or service
    if sends_key_in_clear(url):
        console.say(texts.no_key_in_clear)
        return None, None
    is_there = (places.credentials / name).exists()
    question = texts.key_or_kept if is_there else texts.key if SERVICES[service].key else texts.key_optional
    while True:
        typed = console.secret(question.format(name))
        if not typed and is_there:
            return None, name
        if not typed and not SERVICES[service].key:
            return None, None
        try:
            key = usable_key(typed.encode(errors="replace"), name)
        except KeyUnusableError:
            console.say(texts.key_unusable.format(MAX_KEY_CHARS))
        else:
            console.say(texts.key_taken.format(len(key)))
            return key, name
