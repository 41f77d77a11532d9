"""Every YAML block of the documents, and every ready config, is what it says it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt
from yaml_trees import tree

from glassd.config.json_schema import json_schema
from glassd.config.load import ConfigError, load
from glassd.config.merge import merge
from glassd.config.mistakes import Mistakes
from glassd.config.tree import Mapping, plain
from glassd.config.validate import validate
from paths import TREE

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTS = [*TREE.glob("*.md"), *TREE.glob("docs/**/*.md")]
CONFIGS = sorted((TREE / "configs").glob("*.yaml"))


def blocks(kind: str) -> list[tuple[str, str]]:
    """Return the YAML blocks whose fence says `yaml` and a kind, each with where it stands."""
    found = []
    for document in sorted(DOCUMENTS):
        for token in MarkdownIt().parse(document.read_text(encoding="utf-8")):
            if token.type == "fence" and token.info.split() == f"yaml {kind}".split():
                line = (token.map or [0])[0] + 2
                found.append((f"{document.relative_to(TREE)}:{line}", token.content))
    return found


WITH_A_MODEL = "model: {endpoints: [{url: 'https://models.example.com/v1', vision: qwen-vl-plus}, {url: reader}]}\n"
"""What a fragment of the docs lies over, where it has no endpoints of its own."""


@pytest.mark.parametrize("block", blocks(""), ids=lambda block: block[0])
def test_a_block_is_a_whole_config(block: tuple[str, str], tmp_path: Path) -> None:
    file = tmp_path / "glassd.yaml"
    file.write_text(block[1], encoding="utf-8")
    assert load(file).config.model.endpoints
    Draft202012Validator(json_schema()).validate(plain(tree(block[1])))


@pytest.mark.parametrize("block", blocks("fragment"), ids=lambda block: block[0])
def test_a_fragment_fits_into_a_config(block: tuple[str, str]) -> None:
    base, over = tree(WITH_A_MODEL), tree(block[1])
    assert isinstance(base, Mapping)
    assert isinstance(over, Mapping)
    found = Mistakes()
    config, _ = validate(merge(base, over), found)
    assert found.in_order([]) == []
    assert config is not None


@pytest.mark.parametrize("block", blocks("wrong"), ids=lambda block: block[0])
def test_a_wrong_block_gives_the_lines_that_stand_beside_it(block: tuple[str, str], tmp_path: Path) -> None:
    file = tmp_path / "glassd.yaml"
    file.write_text(block[1], encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file)
    document = (TREE / block[0].partition(":")[0]).read_text(encoding="utf-8")
    for line in str(caught.value).replace(f"{tmp_path}/", "").splitlines():
        assert line in document


def test_no_block_has_a_kind_that_nobody_checks() -> None:
    kinds = {
        tuple(token.info.split()[1:])
        for document in DOCUMENTS
        for token in MarkdownIt().parse(document.read_text(encoding="utf-8"))
        if token.type == "fence" and token.info.split()[:1] in (["yaml"], ["yml"])
    }
    assert kinds <= {(), ("fragment",), ("wrong",), ("answers",)}  # the last are for `glassd setup`: tests/setup


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_a_ready_config_has_no_mistakes_and_names_its_schema(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=glassd.schema.json\n")
    assert load(path).config.model.endpoints
    Draft202012Validator(json_schema()).validate(plain(tree(text)))


def test_the_reference_names_every_key_of_the_schema() -> None:
    text = (TREE / "configs/reference.yaml").read_text(encoding="utf-8")
    schema = json_schema()
    stack: list[Any] = [schema]
    keys: set[str] = set()
    while stack:
        part = stack.pop()
        if isinstance(part, dict):
            keys.update(part.get("properties", {}))
            stack.extend(part.values())
        elif isinstance(part, list):
            stack.extend(part)
    missing = {key for key in keys if f"{key}:" not in text}
    assert missing == set()
    described = (TREE / "docs/config.md").read_text(encoding="utf-8")
    assert [key for key in sorted(keys) if not re.search(rf"(^|[`.{{ ]){key}[`:]", described, re.MULTILINE)] == []
