"""What all sections of the config have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo


class Section(BaseModel):
    """Base of every section: frozen, unknown keys refused, the docstring under a field is its description."""

    # The whole file is what is validated: that its sections are built along with it spares one build of each.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


def keys_of(section: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields of a section by the keys that stand for them in the file (`if`, which Python has taken)."""
    return {field.alias or name: field for name, field in section.model_fields.items()}


def at(key: str, expected: str) -> PydanticCustomError:
    """Return the error of a whole section whose place is one of its keys."""
    return PydanticCustomError("misplaced", "{expected}", {"expected": expected, "at": key})
