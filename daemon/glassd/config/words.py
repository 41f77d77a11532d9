"""What pydantic says of a value, in our own words: what was expected, what is there."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from glassd.config.fields import looks_like_key
from glassd.config.mistakes import did_you_mean, readable
from glassd.config.tree import Mapping, Node, Path, Scalar, Sequence

_NEVER_TOLD = r"(?i)key|token|secret|password|login"
_NEVER_TOLD_IN_QUERY = r"(?i)[?&](pwd|pass|passw(or)?d|secret|token|(api)?_?key|auth)="

_EXPECTED = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a number that is finite",
    "string_type": "text",
    "bytes_type": "text",
    "string_too_short": "text of at least {min_length} characters",
    "string_too_long": "text of at most {max_length} characters",
    "string_pattern_mismatch": "text of the form {pattern}",
    "list_type": "a list (lines that begin with -)",
    "tuple_type": "a list (lines that begin with -)",
    "set_type": "a list (lines that begin with -)",
    "frozen_set_type": "a list (lines that begin with -)",
    "dict_type": "lines of key: value",
    "model_type": "lines of key: value",
    "model_attributes_type": "lines of key: value",
    "greater_than": "a value above {gt}",
    "greater_than_equal": "a value of at least {ge}",
    "less_than": "a value below {lt}",
    "less_than_equal": "a value of at most {le}",
    "multiple_of": "a multiple of {multiple_of}",
    "too_short": "at least {min_length} of them",
    "too_long": "at most {max_length} of them",
    "path_type": "a path",
    "path_not_file": "the path of a file that is there",
    "path_not_directory": "the path of a folder that is there",
    "literal_error": "{expected}",
    "enum": "{expected}",
    "misplaced": "{expected}",
    "none_required": "nothing",
}


def expected(error: Any) -> str:
    """Return what a pydantic error says was expected, as the end of the sentence "expected …"."""
    kind, context = error["type"], error.get("ctx", {})
    if kind in ("value_error", "assertion_error"):
        return str(context.get("error", "")).strip() or "another value"
    if kind in _EXPECTED:
        words = _EXPECTED[kind].format(**context)
        return words.replace("'", "") if kind in ("literal_error", "enum") else words
    return "another value"


def choices(error: Any) -> list[str]:
    """Return the values that a closed list of them allows."""
    if error["type"] not in ("literal_error", "enum"):
        return []
    return re.findall(r"'([^']*)'", str(error.get("ctx", {}).get("expected", "")))


def got(node: Node | None, path: Path) -> str:
    """Return what stands there, as the end of a mistake; never what may be a secret."""
    match node:
        case Mapping():
            return ", got lines of key: value"
        case Sequence():
            return ", got a list"
        case Scalar():
            return f", got {_scalar(node, path)}{'' if _is_secret(node, path) else _hint(node)}"
        case _:
            return ""


def wrong_value(error: Any, node: Node | None, path: Path) -> str:
    """Return the whole mistake about a value."""
    words, near, hint = expected(error).partition("; did you mean ")
    text = f"expected {words}"
    # A driver's own words may repeat the value already.
    if not (isinstance(node, Scalar) and node.text and repr(node.text) in words):
        text += got(node, path)
    text += near + hint
    if isinstance(node, Scalar) and (names := choices(error)):
        near = did_you_mean(node.text, names)
        text += f"; {near}" if near.startswith("did") else ""
    return text


def _is_secret(node: Scalar, path: Path) -> bool:
    name = str(path[-1]) if path else ""
    in_value = looks_like_key(node.text) or "@" in node.text or re.search(_NEVER_TOLD_IN_QUERY, node.text)
    return bool(re.search(_NEVER_TOLD, name) or in_value)


def _scalar(node: Scalar, path: Path) -> str:
    if node.is_empty:
        return "nothing"
    if _is_secret(node, path):
        return "a text that is not repeated here, for it may be secret"
    if isinstance(node.value, bool):
        return f"{node.text}"
    if isinstance(node.value, int | float):
        return f"the number {readable(node.text)}"
    return "no text" if node.text == "" else f"text '{readable(node.text)}'"


def _hint(node: Scalar) -> str:
    if node.text[:1] in "“”‘’＂＇「」" and node.text:
        return " (quotes are the ordinary \" and ')"
    half = unicodedata.normalize("NFKC", node.text)
    if half != node.text and half.isascii():
        return f" (with ordinary signs: {readable(half)})"
    if not node.quoted and (match := re.match(r"[A-Za-z_][A-Za-z0-9_]*[:：](?!//)(?=\S)", node.text)):
        return f" (a space belongs after {match[0]})"
    return ""
