"""What all sections of the config have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo


class Section(BaseModel):
    """Base of every section: frozen, unknown keys refused, the docstring under a field is its description."""

    # The whole file is what is validated: that its sections are built along with it spares one build of each.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


Why = Literal["driver", "device", "key", "address", "file", "door"]
"""What it is that the page may not change: what a driver is, where its device is, the name of a key, an address that
something is sent to or awaited at, a file, the way in."""


class Fixed(Struct, frozen=True):
    """Marks a field that is set at the board alone, never over the page (docs/decisions/0038).

    `beside` are the keys one of which must stand beside it for that; without them it always is.
    """

    why: Why
    beside: tuple[str, ...] = ()


def keys_of(section: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields of a section by the keys that stand for them in the file (`if`, which Python has taken)."""
    return {field.alias or name: field for name, field in section.model_fields.items()}


def at(key: str, expected: str) -> PydanticCustomError:
    """Return the error of a whole section whose place is one of its keys."""
    return PydanticCustomError("misplaced", "{expected}", {"expected": expected, "at": key})
