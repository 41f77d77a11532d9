"""What goes into a bug report: versions, recent log lines, the config without its secrets and words."""

from __future__ import annotations

import logging
import platform
import re
from collections import deque
from importlib import metadata
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from glassd import __version__

if TYPE_CHECKING:
    from glassd.config.schema import Config

LOG_LIMIT_LINES = 500
"""How many log lines are remembered for a report."""

_REDACTED = "(redacted)"


class LogMemory(logging.Handler):
    """Remembers the newest log lines."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: deque[str] = deque(maxlen=LOG_LIMIT_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        """Remember one record as its line."""
        self.lines.append(self.format(record))


def versions() -> dict[str, str]:
    """Return the versions of glassd, what it stands on, and the system."""
    found = {"glassd": __version__, "python": platform.python_version(), "system": platform.platform()}
    for requirement in metadata.requires("glassd") or ():
        package = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
        if "extra ==" in requirement:
            continue
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def redacted(config: Config) -> dict[str, Any]:
    """Return the config as plain data without prompts, instructions, names of credentials, or hosts' paths."""
    # What the file holds as words is written as words.
    data: dict[str, Any] = config.model_dump(mode="json", serialize_as_any=True, by_alias=True, fallback=str)
    data["model"]["instructions"] = _REDACTED if data["model"]["instructions"] else ""
    for endpoint in data["model"]["endpoints"]:
        endpoint["url"] = _host(endpoint["url"])
        for secret in ("key", "proxy", "proxy_login", "ca"):
            endpoint[secret] = _REDACTED if endpoint[secret] else None
        for added in ("headers", "fields", "picture_fields"):
            endpoint[added] = dict.fromkeys(endpoint[added], _REDACTED)
    if url := _camera_url(config):
        data["camera"]["options"]["url"] = _host(url)
    if data["camera"] and data["camera"]["options"].get("login"):
        data["camera"]["options"]["login"] = _REDACTED
    for trigger in data["triggers"]:
        trigger["ask"] = _REDACTED if trigger["ask"] else None
    if data["outbox"]:
        data["outbox"]["key"] = _REDACTED
    for guarded in (data["api"], data["gateway"] or {}):
        guarded.update({secret: _REDACTED for secret in ("token", "token_hash") if guarded.get(secret)})
    return data


def without_paths(told: dict[str, Any], config: Config) -> dict[str, Any]:
    """Return plain data with nothing but the host left of an endpoint's or a camera's URL, wherever it stands."""
    hosts = {endpoint.url: _host(endpoint.url) for endpoint in config.model.endpoints}
    if url := _camera_url(config):
        hosts[url.partition("?")[0]] = _host(url)  # as a camera's errors name it

    def shortened(value: Any) -> Any:
        match value:
            case str():
                for url in sorted(hosts, key=len, reverse=True):  # one may begin as another does
                    value = value.replace(url, hosts[url])
                return value
            case list():
                return [shortened(item) for item in value]
            case dict():
                return {key: shortened(item) for key, item in value.items()}
            case _:
                return value

    return {key: shortened(value) for key, value in told.items()}


def _camera_url(config: Config) -> str:
    """Return the URL of a camera in the network; empty where the camera is none."""
    url = getattr(config.camera.options, "url", "") if config.camera else ""
    return url if isinstance(url, str) else ""


def _host(url: str) -> str:
    return urlsplit(url).hostname or url
