"""YAML to a tree of values that know their place: YAML 1.2's core scalars, and none of the rest of YAML.

Anchors, aliases and tags are refused, so a small file stays small; keys are texts, and stand once.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import yaml

from glassd.config.mistakes import readable
from glassd.config.prompts import VARIABLES
from glassd.config.source import BLOT
from glassd.config.tree import Entry, Lost, Mapping, Node, Scalar, Sequence, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glassd.config.mistakes import Place
    from glassd.config.source import Source

MAX_DEPTH = 32
"""How deep values may be nested."""
MAX_DIGITS = 18
"""How many digits a number may have."""

# Both give the same events and marks (tests/config compares them); the one in C is some twenty times faster.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_NULL = ("", "~", "null", "Null", "NULL")
_TRUE = ("true", "True", "TRUE")
_FALSE = ("false", "False", "FALSE")
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?(\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN")
_OTHER_QUOTED = re.compile("[“”＂‘’＇]([^“”＂‘’＇]*)[“”＂‘’＇\"']")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class UnreadableError(Exception):
    """These lines are no YAML. `line` and `column` count from 0 where the trouble shows."""

    def __init__(self, line: int, column: int) -> None:
        super().__init__()
        self.line = line
        self.column = column


class TooDeepError(UnreadableError):
    """Nested deeper than `MAX_DEPTH`."""


def scalar_value(text: str) -> Value:
    """Return what a plain scalar means: YAML 1.2.2, clause 10.3.2, the core schema. May be NaN or infinite."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if len(text) <= MAX_DIGITS and _INT.fullmatch(text):
        return int(text, 8 if text.startswith("0o") else 16 if text.startswith("0x") else 10)
    if _FLOAT.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


def compose(source: Source, start: int, end: int, depth: int = 0) -> Node | None:
    """Return the value that stands in lines `start` to `end`, None if there is none; raise UnreadableError.

    What is wrong with it and hides nothing else is noted as a flaw of the source.
    """
    noted = len(source.flaws)
    try:
        return _Composer(source, start, end, depth).document()
    except yaml.MarkedYAMLError as error:
        del source.flaws[noted:]
        mark = error.problem_mark or error.context_mark
        line, column = (start + mark.line, mark.column) if mark else (start, 0)
        raise UnreadableError(min(line, end - 1), column) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # PyYAML lets the last two through for an escape such as "\\UFFFFFFFF".
        del source.flaws[noted:]
        raise UnreadableError(start, 0) from error
    except UnreadableError:
        del source.flaws[noted:]
        raise


class _Composer:
    """Builds the tree from the events of PyYAML's parser."""

    def __init__(self, source: Source, start: int, end: int, depth: int) -> None:
        self._source = source
        self._start = start
        self._depth = depth
        self._events: Iterator[Any] = yaml.parse("\n".join(source.lines[start:end]), Loader=LOADER)

    def document(self) -> Node | None:
        node: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.NodeEvent):
                node = self._node(event)
        return node

    def _place(self, mark: Any) -> Place:
        return self._source.place(self._start + mark.line, mark.column)

    def _flaw(self, mark: Any, text: str, *, about: Place | None = None) -> None:
        self._source.flaw(self._start + mark.line, mark.column, text, about=about)

    def _node(self, event: Any) -> Node:
        place = self._place(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            self._flaw(event.start_mark, f"expected the value itself, got the alias *{readable(str(event.anchor))}")
            return Lost(place)
        if event.anchor is not None:
            self._flaw(event.start_mark, f"expected a value without an anchor, got &{readable(event.anchor)}")
        elif event.tag is not None:
            self._flaw(event.start_mark, f"expected a value without a tag, got {readable(event.tag)}")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, place)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise TooDeepError(self._start + event.start_mark.line, event.start_mark.column)
        node = self._sequence(place) if isinstance(event, yaml.SequenceStartEvent) else self._mapping(event, place)
        self._depth -= 1
        return node

    def _scalar(self, event: Any, place: Place) -> Node:
        text = event.value
        if BLOT in text:
            return Lost(place)
        if match := _CONTROL.search(text):
            self._flaw(event.start_mark, f"expected text without control characters, got U+{ord(match[0]):04X}")
            return Lost(place)
        if event.style:
            return Scalar(place, text, text, quoted=True)
        if match := _OTHER_QUOTED.fullmatch(text):
            self._flaw(event.start_mark, f"expected ordinary quotes (\" or '), got {text[0]} and {text[-1]}")
            return Scalar(place, match[1], match[1], quoted=True)
        value = scalar_value(text)
        if not isinstance(value, float) or (math.isfinite(value) and not _INT.fullmatch(text)):
            return Scalar(place, value, text)
        wanted = f"of at most {MAX_DIGITS} digits" if _INT.fullmatch(text) else "that is finite"
        self._flaw(event.start_mark, f"expected a number {wanted}, got {readable(text)}")
        return Lost(place)

    def _sequence(self, place: Place) -> Sequence:
        items = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event))
        return Sequence(place, tuple(items))

    def _mapping(self, start: Any, place: Place) -> Mapping | Lost:
        entries: dict[str, Entry] = {}
        torn = False
        told = False
        last: Entry | None = None
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            at = self._place(key.start_mark)
            name = self._key(key)
            value = next(self._events)
            node = self._node(value)
            if name is None:
                torn = True
            elif start.flow_style and isinstance(node, Scalar) and node.is_empty and not self._has_colon(key, value):
                if not told:  # the second comma of the same text is the same mistake
                    self._no_value(key, last)
                torn = told = True
            elif name in entries:
                first = entries[name].place
                text = f"expected this key once, it stands in line {first.line} already"
                self._flaw(key.start_mark, text, about=first)
            else:
                last = entries[name] = Entry(at, node)
                told = False
        return Lost(place) if torn and not entries and start.flow_style else Mapping(place, entries, torn=torn)

    def _key(self, event: Any) -> str | None:
        node = self._node(event)
        if isinstance(node, Scalar) and node.text:
            return node.text
        if not isinstance(node, Lost):
            self._flaw(event.start_mark, "expected the name of a key before the colon")
        return None

    def _has_colon(self, key: Any, value: Any) -> bool:
        end, begin = key.end_mark, value.end_mark
        line = self._source.lines[self._start + end.line]
        rest = line[end.column : begin.column + 1 if begin.line == end.line else None]
        return bool(rest.lstrip().startswith(":"))

    def _no_value(self, key: Any, last: Entry | None) -> None:
        """Tell of a text in { } that has no colon: mostly the rest of a text that had a comma in it."""
        if last is not None and isinstance(last.node, Scalar) and not last.node.quoted:
            text = (
                f'expected quotes around a text with a comma in it: "{readable(last.node.text)}, {readable(key.value)}"'
            )
            self._flaw(key.start_mark, text, about=last.place)
        elif last is None and key.value in VARIABLES:  # a prompt that is one of them alone
            self._flaw(key.start_mark, f'expected quotes around a text with braces: "{{{key.value}}}"')
        else:
            self._flaw(key.start_mark, f"expected key: value, got {readable(key.value)} alone")
