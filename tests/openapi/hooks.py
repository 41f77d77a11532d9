"""What schemathesis is told of the API: how JSON lines are read, the right token; and what it noted of the answers."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import schemathesis  # type: ignore[import-not-found]  # it stands in build/openapi, which runs this


def json_lines(_context: Any, response: Any) -> Any:
    """Return the lines as one array."""
    return [json.loads(line) for line in response.content.splitlines() if line]


def before_call(_context: Any, case: Any, **_: Any) -> None:
    """Give a log-in with a token the one that opens."""
    log_in = (
        case.operation.label == "POST /api/sessions" and isinstance(case.body, dict) and set(case.body) == {"token"}
    )
    if log_in and isinstance(case.body["token"], str):
        case.body["token"] = os.environ["OPENAPI_TOKEN"]


def after_call(_context: Any, case: Any, response: Any) -> None:
    """Note which route answered what."""
    with Path(os.environ["OPENAPI_ANSWERS"]).open("a", encoding="utf-8") as answers:
        answers.write(f"{case.operation.label} {response.status_code}\n")


schemathesis.deserializer("application/x-ndjson")(json_lines)
for each in (before_call, after_call):
    schemathesis.hook(each)
