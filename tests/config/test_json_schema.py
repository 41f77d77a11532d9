"""The JSON Schema of the file as it is written, the drivers' options included."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from yaml_files import MODEL, mistakes

from glassd.config.json_schema import json_schema, json_schema_text
from paths import TREE

if TYPE_CHECKING:
    from pathlib import Path

VALID = [
    MODEL,
    f"{MODEL}camera: {{driver: uvc, size: 1920x1080, fps: 15, fresh: 250ms, memory: 32MiB}}",
    f"{MODEL}camera: {{driver: clip, path: x, fps: 2.5, loop: false, capture: after_sign}}",
    f"{MODEL}camera: null",
    f"{MODEL}camera: {{driver: uvc, size: null, format: null, fresh: null}}\nlanguage: null\nlog: null",
    f"{MODEL}buttons: [{{driver: keyboard, map: {{enter: main, b: null}}}}]",
    "model: {endpoints: [{url: 'HTTPS://x/v1', text: a, key: null}], deadlines: null}",
    f"{MODEL}buttons: [{{driver: keyboard}}, {{driver: evdev, device: /dev/x, map: {{KEY_A: a}}}}]",
    f"{MODEL}buttons: [{{driver: gpio, chip: x, map: {{17: a, GPIO27: b, 4: null}}, active: high, debounce: 5ms}}]",
    f"{MODEL}triggers: [{{when: main press, ask: x, detail: text}}, {{when: main long, do: next page}}]",
    f"{MODEL}camera: {{driver: clip, path: x}}\ntriggers: [{{when: scene change, ask: x}}]",
    f"{MODEL}api: {{listen: '[::1]:80', token: a}}\nlog: {{level: debug}}\ngestures: {{long: 1s}}",
    f"{MODEL}gestures: {{echoes: [{{of: right, seen_as: down, within: 500ms}}, {{of: right, seen_as: right}}]}}",
]
VALID += [
    "model: {endpoints: [{url: 'https://x', text: a, fields: {a: [1, {b: null}]}, picture_fields: {model: x}}]}",
    "model: {endpoints: [{url: 'https://x', text: a, stream: false, headers: {X-A: b c}, ca: /x, proxy: 'http://p:1'}]}",
    f"{MODEL}gateway: {{listen: '127.0.0.1:80', models: {{a: glassd}}, at_once: 16}}",
    f"{MODEL}allow_hosts: [a.example, '*.b.example', 10.0.0.1, 10.0.0.0/8, '::1', '[::1]', 'fe80::/10']",
]
VALID += [
    f"{MODEL}triggers: [{{when: every 1.5 min, if: not  cut off, ask: x, frames: 3 over 500ms, busy: queue 3}}]",
    f"{MODEL}triggers: [{{when: at 08:00, if: [between 20:00 and 08:00, online], ask: '{{time}}', cooldown: 1s}}]",
    f"{MODEL}triggers: [{{when: start, ask: x, frames: none, model: text, outbox: true}}]\noutbox: {{}}",
    f"{MODEL}triggers: [{{when: a press, if: [], do: ask anyway}}, {{when: b press, if: null, do: drop queued}}]",
    f"{MODEL}budgets: {{hour: {{asks: 1}}, day: {{asks: 1, frames: 2, tokens: 3}}}}\nfollow_up: {{}}",
    f"{MODEL}follow_up: {{within: 24h, turns: 8, pictures: 8, ends_with_clear: false}}",
    f"{MODEL}journal: {{keep: 'off'}}\noutbox: {{key: box, asks: 1000, size: 64KiB, age: 30d}}",
    f"{MODEL}journal: {{keep: text, pictures: 7d, age: 30d, size: 1MiB}}",
    (
        "model: {endpoints: [{url: 'https://x', text: a, name: a, price: {input: 0.8, output: 0}}]}\n"
        "budgets: {day: {money: 0.5}}\ntriggers: [{when: a press, ask: x, endpoint: a, frames: none}]"
    ),
]
INVALID = [
    f"{MODEL}triggers: [{{when: every 30, ask: x}}]",
    f"{MODEL}triggers: [{{when: at 8:00, ask: x}}]",
    f"{MODEL}triggers: [{{when: a press, if: cutoff, ask: x}}]",
    f"{MODEL}triggers: [{{when: a press, if: [cut off, 3], ask: x}}]",
    f"{MODEL}triggers: [{{when: a press, if: [{', '.join(['online'] * 9)}], ask: x}}]",
    f"{MODEL}triggers: [{{when: a press, condition: cut off, ask: x}}]",
    f"{MODEL}triggers: [{{when: a press, ask: x, frames: 9 over 1s}}]",
    f"{MODEL}triggers: [{{when: a press, ask: x, frames: 2}}]",
    f"{MODEL}triggers: [{{when: a press, ask: x, busy: queue 9}}]",
    f"{MODEL}triggers: [{{when: a press, ask: x, model: audio}}]",
    f"{MODEL}triggers: [{{when: a press, do: ask any way}}]",
    f"{MODEL}budgets: {{week: {{asks: 1}}}}",
    f"{MODEL}budgets: {{day: {{asks: 0}}}}",
    f"{MODEL}follow_up: {{turns: 0}}",
    f"{MODEL}journal: {{keep: on}}",
    f"{MODEL}journal: {{pictures: always}}",
    f"{MODEL}outbox: {{asks: 0}}",
    "model: {endpoints: [{url: 'https://x', text: a, name: 1a}]}",
    "model: {endpoints: [{url: 'https://x', text: a, price: {input: -1, output: 0}}]}",
    "model: {endpoints: [{url: 'https://x', text: a, price: 3}]}",
    "model: {endpoints: [{url: 'https://x', text: a, fields: {stream: true}}]}",
    "model: {endpoints: [{url: 'https://x', text: a, picture_fields: {text: b}}]}",
    "model: {endpoints: [{url: 'https://x', text: a, headers: {X A: b}}]}",
    "model: {endpoints: [{url: 'https://x', text: a, headers: {X-A: é}}]}",
    "model: {endpoints: [{url: 'https://x', text: a, proxy: 'http://u:w@p:1'}]}",
    "model: {endpoints: [{url: 'https://x', text: a, ca: x.pem}]}",
    f"{MODEL}gateway: {{}}",
    f"{MODEL}gateway: {{listen: '127.0.0.1:80', at_once: 17}}",
    f"{MODEL}allow_hosts: ['https://a.example']",
    f"{MODEL}allow_hosts: a.example",
    "language: zh",
    f"{MODEL}foo: 1",
    "model: {endpoints: []}",
    "model: {endpoints: [{url: 'https://x/v1'}]}",
    "model: {endpoints: [{url: 'ftp://x', text: a}]}",
    "model: {endpoints: [{url: 'https:///v1', text: a}]}",
    "model: {endpoints: [{url: null, text: a}]}",
    "model: {endpoints: null}",
    "model: {endpoints: [{url: 'https://x', text: a, key: sk-123}]}",
    f"{MODEL}camera: {{size: 1x1}}",
    f"{MODEL}camera: {{driver: pedals}}",
    f"{MODEL}camera: {{driver: uvc, path: x}}",
    f"{MODEL}camera: {{driver: clip}}",
    f"{MODEL}camera: {{driver: uvc, fresh: 3}}",
    f"{MODEL}camera: {{driver: uvc, options: {{}}}}",
    f"{MODEL}buttons: {{driver: keyboard}}",
    f"{MODEL}buttons: [{{driver: gpio, chip: x, map: {{17: a}}, pull: strong}}]",
    f"{MODEL}displays: [{{driver: terminal, profile: glas3}}]",
    f"{MODEL}triggers: [{{when: main, ask: x}}]",
    f"{MODEL}triggers: [{{when: main press}}]",
    f"{MODEL}triggers: [{{when: main press, ask: x, do: clear}}]",
    f"{MODEL}gestures: {{echoes: {{of: right, seen_as: down}}}}",
    f"{MODEL}gestures: {{echoes: [{{of: right}}]}}",
    f"{MODEL}gestures: {{echoes: [{{of: right, seen_as: down, within: 500}}]}}",
    f"{MODEL}gestures: {{echoes: [{{of: right press, seen_as: down}}]}}",
    f"{MODEL}language: yes",
]


@functools.cache
def editor() -> Draft202012Validator:
    """Return what checks as an editor does; made once, for that takes longer than all that it checks."""
    return Draft202012Validator(json_schema())


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("text", VALID)
def test_a_good_file_is_valid(text: str, tmp_path: Path) -> None:
    assert mistakes(tmp_path, text) == []
    editor().validate(as_an_editor_reads(text))


@pytest.mark.parametrize("text", INVALID)
def test_a_bad_file_is_not(text: str, tmp_path: Path) -> None:
    assert mistakes(tmp_path, text)
    assert not editor().is_valid(as_an_editor_reads(text))


def as_an_editor_reads(text: str) -> object:
    """Return the values with their nulls, which our own reading takes for absent keys."""
    return yaml.safe_load(text)


def described(value: dict[str, Any], schema: dict[str, Any]) -> bool:
    """Tell whether a key's own schema, or one that it refers to, has a description."""
    parts = [value, *value.get("anyOf", ()), value.get("items", {})]
    named = [schema["$defs"][part["$ref"].rpartition("/")[2]] for part in parts if "$ref" in part]
    return any(part.get("description") for part in [value, *named])


def test_every_key_is_described() -> None:
    schema = json_schema()
    parts = [schema, *schema["$defs"].values()]
    parts += [variant["then"] for part in parts for variant in part.get("allOf", ())]
    undescribed = [
        key
        for part in parts
        for key, value in part.get("properties", {}).items()
        if key != "driver" and not described(value, schema)
    ]
    assert undescribed == []


def test_the_schema_beside_the_ready_configs_is_that_of_the_drivers_in_the_tree() -> None:
    """`glassd schema > configs/glassd.schema.json` makes it anew."""
    kept = (TREE / "configs/glassd.schema.json").read_text(encoding="utf-8")
    assert json.loads(kept) == json.loads(json_schema_text())
