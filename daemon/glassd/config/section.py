"""What all sections of the config have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


class Section(BaseModel):
    """Base of every section: frozen, unknown keys refused, the docstring under a field is its description."""

    # The whole file is what is validated: that its sections are built along with it spares one build of each.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


def at(key: str, expected: str) -> PydanticCustomError:
    """Return the error of a whole section whose place is one of its keys."""
    return PydanticCustomError("misplaced", "{expected}", {"expected": expected, "at": key})
