"""Scalars are read as YAML 1.2's core schema has them, by either of PyYAML's parsers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from yaml_trees import read, tree

from glassd.config import compose
from glassd.config.tree import Mapping, plain

if TYPE_CHECKING:
    from glassd.config.tree import Value

SCALARS: dict[str, Value] = {
    "yes": "yes",
    "No": "No",
    "on": "on",
    "off": "off",
    "y": "y",
    "12:30": "12:30",
    "1:30:00": "1:30:00",
    "2026-01-02": "2026-01-02",
    "2026-01-02T03:04:05Z": "2026-01-02T03:04:05Z",
    "=": "=",
    "<<": "<<",
    "1_000": "1_000",
    "0b1": "0b1",
    "true": True,
    "False": False,
    "null": None,
    "~": None,
    "017": 17,
    "0o17": 15,
    "0x1F": 31,
    "-3": -3,
    "1.5": 1.5,
    "1e3": 1000.0,
    ".5": 0.5,
    "'1'": "1",
    '"true"': "true",
}


@pytest.mark.parametrize("text", SCALARS)
def test_a_scalar_is_what_yaml_1_2_says(text: str) -> None:
    node = tree(f"a: {text}\n")
    assert isinstance(node, Mapping)
    value = getattr(node.entries["a"].node, "value", "nothing")
    assert value == SCALARS[text]
    assert type(value) is type(SCALARS[text])


def test_keys_are_text_whatever_they_look_like() -> None:
    assert plain(tree("1: a\nyes: b\nnull: c\n2026-01-02: d\n")) == {
        "1": "a",
        "yes": "b",
        "null": "c",
        "2026-01-02": "d",
    }


def test_tabs_may_part_a_value_from_its_key_and_its_comment() -> None:
    assert plain(tree("a:\tb\t# c\nd:\n  - e\t\n")) == {"a": "b", "d": ["e"]}


def test_a_text_over_several_lines_is_left_alone() -> None:
    text = 'a: |\n  key：value\n  b:c ${D\n\n  \te?\nf: "g\n  h: i"\nj: k\n  l：m\n'
    node, source = read(text.replace(" ${D", ""))
    assert source.flaws == []
    assert node is not None
    assert plain(node) == {"a": "key：value\nb:c\n\n\te?\n", "f": "g h: i", "j": "k l：m"}


WORDS = st.text(alphabet="ab1:, -#'\"{}[]?!&*|>\n\t~.é世", max_size=60)


@given(WORDS)
def test_both_parsers_of_pyyaml_give_the_same_config(text: str) -> None:
    loaders = {compose.LOADER, yaml.SafeLoader}
    before, results = compose.LOADER, []
    try:
        for loader in sorted(loaders, key=str):
            compose.LOADER = loader
            node, source = read(text)
            # What one of them takes and the other does not is told as a flaw by the one; both never differ in values.
            results.append(None if source.flaws or node is None else plain(node))
    finally:
        compose.LOADER = before
    values = [value for value in results if value is not None]
    assert all(value == values[0] for value in values)
