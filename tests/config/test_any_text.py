"""Whatever a file holds, reading it gives a config or its mistakes, soon."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassd.config.load import ConfigError, Loaded, load
from glassd.config.mistakes import MAX_MISTAKES
from paths import TREE

READY = (TREE / "configs/reference.yaml").read_text(encoding="utf-8")
PIECES = st.sampled_from(
    [
        *"\t\n -:#{}[],?&*!|>'\"%@`~：，　｛｝\0\x07\x85\u2028\ufeff\U0010fffd",
        "- ",
        ": ",
        "---\n",
        "...",
        "${X}",
        "null",
        "a: ",
        "\n  ",
        "é",
    ]
)


def attempt(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "glassd.yaml"
        path.write_bytes(data)
        loaded = read(path)
        if isinstance(loaded, ConfigError):
            assert 0 < len(loaded.mistakes) <= MAX_MISTAKES
            assert all("\n" not in str(mistake) for mistake in loaded.mistakes)
        else:
            path.write_text(loaded.merged(), encoding="utf-8")
            assert load(path).config == loaded.config


def read(path: Path) -> Loaded | ConfigError:
    try:
        return load(path)
    except ConfigError as error:
        return error


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    attempt(data)


@given(st.lists(PIECES | st.text(max_size=5), max_size=60).map("".join))
def test_any_text_of_yamls_signs(text: str) -> None:
    attempt(text.encode())


@given(st.data())
def test_a_good_file_with_some_slips(data: st.DataObject) -> None:
    text = READY
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 12))
        text = text[:at] + data.draw(PIECES) + text[at + cut :]
    attempt(text.encode())


@given(st.text(max_size=80), st.text(max_size=30).filter(str.strip))
def test_any_prompt_comes_back_from_the_merged_file(instructions: str, prompt: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "glassd.yaml"
        path.write_text("model: {endpoints: [{url: reader}]}\ntriggers: [{when: a press, ask: x}]\n")
        pairs = {"model.instructions": instructions, "triggers.0.ask": prompt}
        overrides = [f"{key}='{value.replace(chr(39), chr(39) * 2)}'" for key, value in pairs.items()]
        try:
            loaded = load(path, overrides=overrides)
        except ConfigError:
            return  # control characters, variables
        path.write_text(loaded.merged(), encoding="utf-8")
        again = load(path).config
        assert again == loaded.config


HOSTILE = {
    "brackets": "[" * 250_000,
    "braces": "a: " + "{" * 250_000,
    "open and close": "a: " + "[" * 100_000 + "]" * 100_000,
    "dashes": "- " * 100_000,
    "question marks": "? " * 100_000,
    "keys in a line": "a: " * 80_000,
    "stairs": "".join(" " * depth + "a:\n" for depth in range(700)),
    "broken stairs": "".join(" " * depth + "a:\n" for depth in range(30)) + " " * 30 + "b: c: d\n" * 3000,
    "laughs": "a: &a [x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(9000)),
    "keys": "".join(f"key{n}: {n}\n" for n in range(18_000)),
    "broken lines": "a: b: c\n" * 30_000,
    "quotes": "'" * 250_000,
    "open quotes": "a: 'x\n" * 40_000,
    "tabs": "\t" * 250_000 + "x",
    "colons": "：" * 80_000,
    "variables": "a: " + "${" * 120_000,
    "one long word": "a" * 250_000,
    "wide spaces": "\u3000a:\n" * 40_000,
    "numbers": "a: " + "9" * 250_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_costs_bounded_time(name: str) -> None:
    """Without our bounds, PyYAML spends minutes on some of these, past the limit that every test has."""
    attempt(HOSTILE[name].encode())
