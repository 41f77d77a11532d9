"""Every mistake of a config at once: one line each, at its place, with what was expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from yaml_files import MODEL, mistakes, places

if TYPE_CHECKING:
    from pathlib import Path

TWELVE = """\
model:
  endpoints:
    - url: http://192.168.1.5/v1
      key: dashscope
      visoin: qwen-vl-plus
  deadlines: {connect: 3s, first: 8}
camera：
  driver: uvc
\tsize: 0x0
  fps: fast
  fps: 15
buttons:
  - driver: pedals
triggers:
  - {when: main press, ask: what, exactly}
  - when: "up press
    do: next pgae
"""


TOLD = """\
3:12: model.endpoints.0.url: expected https, for the key could be read on the way (plain http takes a key to this
... machine alone)
5:7: model.endpoints.0.visoin: expected a key that is known here, not this one; did you mean vision?
6:35: model.deadlines.first: expected a duration with its unit, such as 250ms, 3s, 5min or 2h, got the number 8
7:7: camera: expected an ordinary colon and a space, got the full-width colon ：
9:1: camera.size: expected ordinary spaces for indentation, got a tab
9:8: camera.size: expected a size in pixels, such as 1920x1080, got the number 0x0
10:8: camera.fps: expected a whole number, got text 'fast'
11:3: camera.fps: expected this key once, it stands in line 10 already
13:13: buttons.0.driver: expected a driver that is installed, got pedals; there are: bridge, evdev, gpio, keyboard,
... web
15:35: triggers.0.ask: expected quotes around a text with a comma in it: "what, exactly"
16:11: triggers.1.when: expected a closing " on this line
17:9: triggers.1.do: expected cancel, clear, repeat, resume, pause, unpause, toggle pause, next page, previous page, new
... conversation, new wearer, ask anyway, send again or drop queued, got text 'next pgae'; did you mean next page?
"""


def test_twelve_mistakes_of_all_kinds_are_twelve_lines_in_order(tmp_path: Path) -> None:
    expected = TOLD.replace("\n...", "").splitlines()
    assert mistakes(tmp_path, TWELVE) == [f"glassd.yaml:{line}" for line in expected]


SYNTAX = {
    "tab in the indentation": ("log:\n\tlevel: info\n", ["2:1: log.level"]),
    "tabs all the way": ("gestures:\n\tlong: 1s\n\tdouble: 1s\n", ["2:1: gestures.long", "3:1: gestures.double"]),
    "full-width colon": ("log:\n  level：info\n", ["2:8: log.level"]),
    "full-width space as indentation": ("log:\n\u3000level: info\n", ["2:1: log.level"]),
    "full-width space after the colon": ("log:\n  level:\u3000info\n", ["2:9: log.level"]),
    "no space after the colon": ("log:\n  level:info\n", ["2:8: log.level"]),
    "no space in an item": ("displays:\n  - driver:terminal\n    color: auto\n", ["2:11: displays.0.driver"]),
    "full-width signs in braces": (
        "gestures: {long： 1s， double: 1s}\n",
        ["1:16: gestures.long", "1:20: gestures.long"],
    ),
    "full-width braces": ("log: ｛level: info｝\n", ["1:6: log"]),
    "a question mark in braces": ("triggers: [{when: a press, ask: 这是什么?}]\n", ["1:33: triggers.0.ask"]),
    "a comma in braces": ("triggers: [{when: a press, ask: b, c, d}]\n", ["1:36: triggers.0.ask"]),
    "a brace left open": ("log: {level: info\nlanguage: en\n", ["1:6: log"]),
    "a quote left open": ("language: 'en\nlog: {}\n", ["1:11: language"]),
    "more after a quoted text": ("triggers:\n  - when: a press\n    ask: 'it's'\n", ["3:14: triggers.0.ask"]),
    "a wrong escape": ('triggers:\n  - when: a press\n    ask: "\\q"\n', ["3:11: triggers.0.ask"]),
    "a colon in a text": ("triggers:\n  - when: a press\n    ask: a: b\n", ["3:10: triggers.0.ask"]),
    "a text that begins with @": ("triggers:\n  - when: a press\n    ask: @b\n", ["3:10: triggers.0.ask"]),
    "too deep": ("gestures:\n  double: 1s\n   long: 1s\n", ["3:4: gestures.long"]),
    "not deep enough": ("gestures:\n  double: 1s\n debounce: 1ms\n  long: 1s\n", ["3:2: gestures.debounce"]),
    "too deep at first": ("gestures:\n   double: 1s\n  debounce: 1ms\n  long: 1s\n", ["2:4: gestures.double"]),
    "a section too deep": ("log:\n  level: info\n gestures:\n  long: 1s\n", ["3:2: gestures"]),
    "an item too deep": (
        "triggers:\n  - when: a press\n    ask: b\n   - when: b press\n    ask: b\n",
        ["4:4: triggers.1"],
    ),
    "tabs after a list": (
        "triggers:\n  - when: a press\n\task: b\n\t- when: b press\n    ask: b\nlanguage: en\n",
        ["3:1: triggers.0.ask", "4:1: triggers.1"],
    ),
    "a line without a colon": ("log:\n  level: info\n  verbose\n", ["3:3: log.verbose"]),
    "a key twice": ("language: en\nlanguage: zh\n", ["2:1: language"]),
    "a key twice in braces": ("log: {level: info, level: debug}\n", ["1:20: log.level"]),
    "an anchor and its alias": ("log: &a {}\napi: *a\n", ["1:6: log", "2:6: api"]),
    "a tag": ("language: !!str en\n", ["1:11: language"]),
    "a variable": ("triggers:\n  - {when: a press, ask: '${HOME}'}\n", ["2:27: triggers.0.ask"]),
    "a variable between braces": ("log: {level: ${LEVEL}}\n", ["1:14: log.level"]),
    "a second document": ("language: en\n---\nlanguage: zh\n", ["2:1: (file)"]),
    "a directive": ("%YAML 1.1\n---\nlanguage: en\n", ["1:1: (file)"]),
    "a control character": ("language: en\x07\n", ["1:13: language"]),
    "a control character as an escape": ('triggers: [{when: a press, ask: "\\0"}]\n', ["1:33: triggers.0.ask"]),
    "a number without end": ("gestures: {long: 1" + "0" * 5000 + "}\n", ["1:18: gestures.long"]),
    "no number": ("gestures: {long: .nan}\n", ["1:18: gestures.long"]),
    "a key that is no name": ("[a]: b\n", ["1:1: (file)"]),
}


@pytest.mark.parametrize("name", SYNTAX)
def test_a_slip_of_writing_is_one_line_and_hides_no_other(name: str, tmp_path: Path) -> None:
    text, expected = SYNTAX[name]
    line = text.count("\n") + 1
    if name == "a second document":
        assert places(tmp_path, MODEL + text) == [f"{int(place[0]) + 1}{place[1:]}" for place in expected]
        return
    found = places(tmp_path, text + "model: {endpoints: [{url: ftp://x}]}\n")
    assert found == [*expected, f"{line}:27: model.endpoints.0.url"]


SEMANTIC = {
    "wrong type": ("camera: {driver: clip, path: x, fps: fast}", ["1:38: camera.fps"]),
    "a number in quotes": ("camera: {driver: clip, path: x, fps: '3'}", ["1:38: camera.fps"]),
    "yes is text": ("camera: {driver: clip, path: x, loop: yes}", ["1:39: camera.loop"]),
    "a section that is a text": ("log: debug", ["1:6: log"]),
    "a list that is a section": ("triggers: {when: a press}", ["1:11: triggers"]),
    "a text that is a list": ("language: [zh]", ["1:11: language"]),
    "nothing after the colon": ("language:", ["1:1: language"]),
    "nothing after the colon of a driver": ("camera: {driver: clip, path: }", ["1:24: camera.path"]),
    "a missing key": ("buttons:\n  - driver: evdev\n    device: /dev/x", ["2:5: buttons.0.map"]),
    "a missing driver": ("camera: {device: /dev/x}", ["1:1: camera.driver"]),
    "a misspelt driver key is told once": ("camera: {drvier: uvc}", ["1:10: camera.drvier"]),
    "no size": ("camera: {driver: uvc, size: 0x480}", ["1:29: camera.size"]),
    "a negative rate": ("camera: {driver: uvc, fps: -1}", ["1:28: camera.fps"]),
    "a duration of nothing": ("gestures: {long: 0s}", ["1:18: gestures.long"]),
    "a duration without its unit": ("gestures: {long: 3}", ["1:18: gestures.long"]),
    "seconds with a point and without a unit": ("gestures: {long: 0.5}", ["1:18: gestures.long"]),
    "a unit in full-width signs": ("gestures: {long: ３ｓ}", ["1:18: gestures.long"]),
    "an echo within no time": (
        "gestures:\n  echoes:\n    - {of: right, seen_as: down, within: 1min}\n    - {of: up, seen-as: up}",
        ["3:42: gestures.echoes.0.within", "4:16: gestures.echoes.1.seen-as"],
    ),
    "an unknown profile": ("displays: [{driver: terminal, profile: glas3}]", ["1:40: displays.0.profile"]),
    "an unknown key of a driver": ("displays: [{driver: terminal, colour: auto}]", ["1:31: displays.0.colour"]),
    "a device twice": (
        (
            "buttons:\n  - {driver: evdev, device: /dev/x, map: {KEY_A: a}}\n"
            "  - {driver: evdev, device: /dev/x, map: {KEY_B: b}}"
        ),
        ["3:29: buttons.1.device"],
    ),
    "a display twice": ("displays: [{driver: terminal}, {driver: terminal}]", ["1:41: displays.1.driver"]),
    "an unknown button": (
        "buttons: [{driver: keyboard}]\ntriggers: [{when: mian press, ask: x}]",
        ["2:19: triggers.0.when"],
    ),
    "an event twice": (
        "triggers:\n  - {when: a press, ask: x}\n  - {when: a press, do: clear}",
        ["3:12: triggers.1.when"],
    ),
    "an unknown gesture": ("triggers: [{when: a pres, ask: x}]", ["1:19: triggers.0.when"]),
    "both ask and do, and a wrong gesture": (
        "triggers: [{when: a pres, ask: x, do: clear}]",
        ["1:12: triggers.0", "1:19: triggers.0.when"],
    ),
    "neither ask nor do": ("triggers: [{when: a press}]", ["1:12: triggers.0"]),
    "an address without a token": ("api: {listen: 127.0.0.1:80}", ["1:15: api.listen"]),
    "open beyond loopback": ("api: {listen: 0.0.0.0:80, open: true}", ["1:33: api.open"]),
    "open and a token": ("api: {listen: 127.0.0.1:80, open: true, token: x}", ["1:35: api.open"]),
    "no port": ("api: {listen: '127.0.0.1:99999', token: x}", ["1:15: api.listen"]),
    "a name that nobody knows": ("foo: 1", ["1:1: foo"]),
}


@pytest.mark.parametrize("name", SEMANTIC)
def test_a_wrong_value_is_one_line(name: str, tmp_path: Path) -> None:
    text, expected = SEMANTIC[name]
    assert places(tmp_path, f"{text}\n{MODEL}") == expected


def test_names_come_with_the_nearest_valid_one(tmp_path: Path) -> None:
    text = f"""{MODEL}
camrea: {{}}
displays: [{{driver: terminl}}, {{driver: terminal, profile: glas3, colr: auto}}]
language: zhh
"""
    hints = [line.rpartition("did you mean ")[2] for line in mistakes(tmp_path, text)]
    assert hints == ["camera?", "terminal?", "glass3?", "color?", "zh?"]


SECRETS = ["sk-abcdefgh", "0123456789abcdef0123456789abcdef", "AIzaSyA1b2C3d4", "not a name", "Bearer xyz"]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_key_in_the_file_is_refused_and_never_repeated(secret: str, tmp_path: Path) -> None:
    endpoint = f"{{url: 'https://u:{secret}@h/v1', key: '{secret}', text: t}}"
    text = f"model: {{endpoints: [{endpoint}]}}\napi: {{listen: '{secret}', token: '{secret}'}}\napikey: {secret}\n"
    found = mistakes(tmp_path, text)
    assert [line.split(": ")[1] for line in found] == [
        "model.endpoints.0.url",
        "model.endpoints.0.key",
        "api.listen",
        "api.token",
        "apikey",
    ]
    assert "docs/keys.md" in found[1]
    for line in found:
        assert secret not in line or (secret == "not a name" and "api.listen" in line)


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:80", "127.9.9.9"])
def test_a_key_may_go_over_plain_http_to_the_board_itself(host: str, tmp_path: Path) -> None:
    assert mistakes(tmp_path, f"model: {{endpoints: [{{url: 'http://{host}/v1', key: k, text: t}}]}}\n") == []


BROKEN_FILES = {
    "UTF-16": (MODEL.encode("utf-16"), "1:1: (file): expected UTF-8 text, got UTF-16"),
    "GBK": (f"{MODEL}# 你好\n".encode("gbk"), "2:3: (file): expected UTF-8 text, got the byte 0xc4 (GBK?)"),
    "NUL": (f"{MODEL}language: e\0n\n".encode(), "2:12: language: expected plain text, got the character U+0000"),
    "empty": (b"", "1:1: model: expected this key"),
    "a list": (b"- a\n", "1:1: (file): expected sections such as model:, got a list"),
    "a text": (b"hello\n", "1:1: (file): expected sections such as model:, got text 'hello'"),
    "too big": (b"#" * (256 * 1024 + 1), "glassd.yaml: expected at most 256 KiB"),
    "too deep": (MODEL.encode() + b"a: " + b"[" * 500 + b"]" * 500, "expected values at most 32 levels deep"),
    "deeper than PyYAML reads": (MODEL.encode() + b"a: " + b"[" * 5000 + b"]" * 5000, "glassd.yaml:2:"),
}


@pytest.mark.parametrize("name", BROKEN_FILES)
def test_a_file_that_is_no_config_is_one_line(name: str, tmp_path: Path) -> None:
    data, start = BROKEN_FILES[name]
    found = mistakes(tmp_path, data)
    assert len(found) == 1, found
    assert start in found[0]


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    assert mistakes(tmp_path, b"\xef\xbb\xbf" + MODEL.encode()) == []


def test_windows_line_ends_are_line_ends(tmp_path: Path) -> None:
    assert places(tmp_path, f"{MODEL}log:\r\n  level: loud\r\n") == ["3:10: log.level"]


def test_mistakes_are_bounded(tmp_path: Path) -> None:
    text = "".join(f"key{number}: [\n" for number in range(5000))
    assert len(mistakes(tmp_path, text)) == 200


def test_a_mistake_is_one_line_of_what_prints(tmp_path: Path) -> None:
    found = mistakes(tmp_path, f'{MODEL}"a\\nb\\e[31m\u200b": 1\nlanguage: "{"x" * 1000}"\n')
    assert len(found) == 2
    assert all(line.isprintable() and len(line) < 300 for line in found)


def test_columns_are_those_of_the_file_also_behind_what_was_mended(tmp_path: Path) -> None:
    text = f"{MODEL}log:\n\u3000level:loud\ngestures: {{long：3, double:4}}\n"
    found = places(tmp_path, text)
    assert found[:3] == ["3:1: log.level", "3:7: log.level", "3:8: log.level"]
    assert found[3:] == [
        "4:16: gestures.long",
        "4:17: gestures.long",
        "4:26: gestures.double",
        "4:27: gestures.double",
    ]
