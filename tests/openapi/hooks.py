"""What schemathesis is told of the API: how JSON lines are read, what opens and is in force; and which answers came."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import schemathesis  # type: ignore[import-not-found]  # it stands in build/openapi, which runs this


def json_lines(_context: Any, response: Any) -> Any:
    """Return the lines as one array."""
    return [json.loads(line) for line in response.content.splitlines() if line]


_settings: dict[str, str] = {}
"""The newest that were read: their `text` and `version`."""


def before_call(_context: Any, case: Any, **_: Any) -> None:
    """Give a log-in with a token the one that opens, and an edit of the settings the version that is in force."""
    label, body = case.operation.label, case.body
    if not isinstance(body, dict):
        return
    if label == "POST /api/sessions" and set(body) == {"token"} and isinstance(body["token"], str):
        body["token"] = os.environ["OPENAPI_TOKEN"]
    if label in ("POST /api/settings", "POST /api/settings/reset") and isinstance(body.get("version"), str):
        body["version"] = _settings.get("version", body["version"])
        if isinstance(body.get("text"), str) and ":" not in body["text"]:  # no YAML of ours
            body["text"] = _settings.get("text", body["text"])


def after_call(_context: Any, case: Any, response: Any) -> None:
    """Note which route answered what."""
    label = case.operation.label
    with Path(os.environ["OPENAPI_ANSWERS"]).open("a", encoding="utf-8") as answers:
        answers.write(f"{label} {response.status_code}\n")
    if label == "GET /api/settings" and response.status_code == 200:
        _settings.update({name: response.json()[name] for name in ("text", "version")})


schemathesis.deserializer("application/x-ndjson")(json_lines)
for each in (before_call, after_call):
    schemathesis.hook(each)
