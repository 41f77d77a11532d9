"""What schemathesis is told of the API: how JSON lines are read."""

from __future__ import annotations

import json
from typing import Any

import schemathesis  # type: ignore[import-not-found]  # it stands in build/openapi, which runs this


def json_lines(_context: Any, response: Any) -> Any:
    """Return the lines as one array."""
    return [json.loads(line) for line in response.content.splitlines() if line]


schemathesis.deserializer("application/x-ndjson")(json_lines)
