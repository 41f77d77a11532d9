"""Values as lines of YAML, as people write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glassd.config.merge import quoted_text, yaml_text

if TYPE_CHECKING:
    from collections.abc import Sequence

WORDS = ("ask", "instructions")
"""What is words stands in quotes, as people write it, even where YAML could do without."""
MAP_ON_ONE_LINE = 4
"""How many keys of a map stand between { }; more have a line each."""


def item_lines(items: Sequence[dict[str, Any]], comments: dict[str, str] | None = None) -> list[str]:
    """Return the lines of a list of mappings below its key."""
    lines = []
    for item in items:
        first, *rest = mapping_lines(item, 4, comments)
        lines += [f"  - {first[4:]}", *rest]
    return lines


def mapping_lines(values: dict[str, Any], indent: int, comments: dict[str, str] | None = None) -> list[str]:
    """Return the lines of a mapping; `comments` stand behind what they are about, where it is true."""
    lines = []
    for name, value in values.items():
        if name in WORDS and isinstance(value, str):
            lines.append(f"{' ' * indent}{name}: {quoted_text(value)}")
            continue
        comment = f"  # {comments[name]}" if comments and name in comments and value is True else ""
        lines += [f"{line}{comment}" for line in _entry(f"{' ' * indent}{yaml_text(str(name))}:", value, indent + 2)]
    return lines


def _entry(opening: str, value: Any, indent: int) -> list[str]:
    """Return the lines of a value: as people write it, a small map between { }, a larger one below its key."""
    match value:
        case dict() if len(value) > MAP_ON_ONE_LINE or any(isinstance(inner, dict | list) for inner in value.values()):
            return [opening, *mapping_lines(value, indent)]
        case list() if value and all(isinstance(one, dict) and one for one in value):
            first = [mapping_lines(one, indent + 2) for one in value]
            return [opening, *(line for own in first for line in (f"{' ' * indent}- {own[0].lstrip()}", *own[1:]))]
        case _:
            return [f"{opening} {_flow(value)}"]


def _flow(value: Any) -> str:
    """Return a value on one line."""
    match value:
        case dict():
            return "{" + ", ".join(f"{yaml_text(str(key))}: {_flow(one)}" for key, one in value.items()) + "}"
        case list():
            return f"[{', '.join(map(_flow, value))}]"
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            return yaml_text(str(value))
