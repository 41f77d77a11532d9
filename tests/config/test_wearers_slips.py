"""Slips that people make in the README's config: each is one line at its place, and nothing follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from yaml_files import mistakes, places

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
model:
  endpoints:
    - url: https://dashscope.aliyuncs.com/compatible-mode/v1
      key: dashscope
      vision: qwen-vl-plus
      text: qwen-plus
    - url: reader
  instructions: "Answer in one sentence."
  deadlines: {connect: 3s, first: 8s, gap: 5s, whole: 60s}

camera:
  driver: uvc
  device: /dev/video0
  size: 1280x720
  fps: 15

buttons:
  - driver: evdev
    device: /dev/input/event3
    map: {KEY_ENTER: main, KEY_DOWN: down}

displays:
  - driver: terminal

triggers:
  - when: main press
    ask: "What is this?"
  - when: main double
    ask: "Read the text."
    detail: text
  - when: main long
    do: cancel
  - when: down press
    do: next page

language: en
"""

CAMERA = ["driver: uvc", "device: /dev/video0", "size: 1280x720", "fps: 15"]
DEADLINES = "{connect: 3s, first: 8s, gap: 5s, whole: 60s}"
MAP = "{KEY_ENTER: main, KEY_DOWN: down}"

# What stands in the good file, what somebody wrote instead; and the places that are told.
Slip = tuple[list[tuple[str, str]], list[str]]

INDENTATION: dict[str, Slip] = {
    "the first item one too little": ([("    - url: h", "   - url: h")], ["3:4: model.endpoints.0"]),
    "the first item a level too little": ([("    - url: h", "  - url: h")], ["3:3: model.endpoints.0"]),
    "the first item at the left edge": ([("  - when: main p", "- when: main p")], ["26:1: triggers.0"]),
    "the first item between": ([("  - when: main p", " - when: main p")], ["26:2: triggers.0"]),
    "the second item between": ([("  - when: main d", " - when: main d")], ["28:2: triggers.1"]),
    "the second item at the left edge": ([("  - when: main d", "- when: main d")], ["28:1: triggers.1"]),
    "an item too deep": ([("  - when: main d", "   - when: main d")], ["28:4: triggers.1"]),
    "an item's key below its dash": ([("    ask: ", "  ask: ")], ["27:3: triggers.0.ask"]),
    "an item's key one too little": ([("    ask: ", "   ask: ")], ["27:4: triggers.0.ask"]),
    "an item's key one too much": ([("    ask: ", "     ask: ")], ["27:6: triggers.0.ask"]),
    "an item's key a level too deep": ([("    ask: ", "      ask: ")], ["27:7: triggers.0.ask"]),
    "an item's key at the left edge": ([("    ask: ", "ask: ")], ["27:1: triggers.0.ask"]),
    "a key one too much": ([("  size", "   size")], ["14:4: camera.size"]),
    "a key one too little": ([("  size", " size")], ["14:2: camera.size"]),
    "a key a level too deep": ([("  size", "    size")], ["14:5: camera.size"]),
    "a key at the left edge": ([("  size", "size")], ["14:1: camera.size"]),
    "a key between others at the left edge": ([("  instr", "instr")], ["8:1: model.instructions"]),
    "a section one too much": ([("camera:", " camera:")], ["11:2: camera"]),
    "a section a level too deep": ([("camera:", "  camera:")], ["11:3: camera"]),
    "a tab": ([("    ask: ", "\task: ")], ["27:1: triggers.0.ask"]),
    "a section in tabs": (
        [("  " + key, "\t" + key) for key in CAMERA],
        ["12:1: camera.driver", "13:1: camera.device", "14:1: camera.size", "15:1: camera.fps"],
    ),
    "a full-width space": ([("  fps", "\u3000fps")], ["15:1: camera.fps"]),
    "no-break spaces": ([("  fps", "\xa0\xa0fps")], ["15:1: camera.fps"]),
}

DASHES: dict[str, Slip] = {
    "none before the first item": ([("  - when: main p", "    when: main p")], ["26:5: triggers.0.when"]),
    "none before the first item, moved left": ([("  - when: main p", "  when: main p")], ["26:3: triggers.0.when"]),
    "none before the second item": ([("  - when: main d", "    when: main d")], ["28:5: triggers.1.when"]),
    "none before the second item, moved left": ([("  - when: main d", "  when: main d")], ["28:3: triggers.1.when"]),
    "none before the last endpoint": ([("    - url: r", "      url: r")], ["7:7: model.endpoints.1.url"]),
    "none before the last endpoint, moved left": ([("    - url: r", "    url: r")], ["7:5: model.endpoints.1.url"]),
    "none before the only display": ([("  - driver: t", "  driver: t")], ["23:3: displays"]),
    "none before the only device": ([("  - driver: e", "    driver: e")], ["18:5: buttons"]),
    "no space after it": ([("  - when: main d", "  -when: main d")], ["28:3: triggers.1"]),
    "no space after the first": ([("  - when: main p", "  -when: main p")], ["26:3: triggers.0"]),
    "no space after the only one": ([("  - driver: t", "  -driver: t")], ["23:3: displays.0"]),
    "a full-width one": ([("  - when: main d", "  － when: main d")], ["28:3: triggers.1"]),
    "a full-width one without a space": ([("  - when: main d", "  －when: main d")], ["28:3: triggers.1"]),
    "a long one": ([("  - when: main d", "  – when: main d")], ["28:3: triggers.1"]),
    "a long one before the only item": ([("  - driver: t", "  — driver: t")], ["23:3: displays.0"]),
    "a bullet": ([("  - when: main d", "  • when: main d")], ["28:3: triggers.1"]),
    "an asterisk": ([("  - when: main d", "  * when: main d")], ["28:3: triggers.1"]),
    "a no-break space after it": ([("  - when: main d", "  -\xa0when: main d")], ["28:3: triggers.1"]),
    "a full-width space after it": ([("  - when: main d", "  -\u3000when: main d")], ["28:3: triggers.1"]),
    "a tab after it": ([("  - when: main d", "  -\twhen: main d")], ["28:3: triggers.1"]),
}

SIGNS: dict[str, Slip] = {
    "a colon twice": ([("fps: 15", "fps:: 15")], ["15:3: camera.fps:"]),
    "a colon in a key": ([("fps: 15", "f:ps: 15")], ["15:3: camera.f:ps"]),
    "a colon in a key of an item": ([("- when: main p", "- wh:en: main p")], ["26:5: triggers.0.wh:en"]),
    "a colon in a key between braces": ([("KEY_ENTER: m", "KEY:ENTER: m")], ["20:11: buttons.0.map.KEY:ENTER"]),
    "full-width colons": (
        [(key, key.replace(": ", "：")) for key in [*CAMERA, "language: en"]],
        ["12:9: camera.driver", "13:9: camera.device", "14:7: camera.size", "15:6: camera.fps", "36:9: language"],
    ),
    "no spaces after colons": (
        [(key, key.replace(": ", ":")) for key in [*CAMERA, "language: en"]],
        ["12:9: camera.driver", "13:9: camera.device", "14:7: camera.size", "15:6: camera.fps", "36:9: language"],
    ),
    "no space before a URL": ([("url: h", "url:h")], ["3:10: model.endpoints.0.url"]),
    "no space before a quote": ([("ask: ", "ask:")], ["27:8: triggers.0.ask"]),
    "no space before braces": ([("map: ", "map:")], ["20:8: buttons.0.map"]),
    "no space before a quote between braces": (
        [("KEY_ENTER: main", 'KEY_ENTER:"main"')],
        ["20:20: buttons.0.map.KEY_ENTER"],
    ),
    "equals signs": (
        [(key, key.replace(": ", " = ")) for key in CAMERA],
        ["12:10: camera.driver", "13:10: camera.device", "14:8: camera.size", "15:7: camera.fps"],
    ),
    "full-width commas": (
        [("3s, ", "3s，"), ("8s, ", "8s，"), ("5s, ", "5s，")],
        ["9:26: model.deadlines.connect", "9:36: model.deadlines.first", "9:44: model.deadlines.gap"],
    ),
    "an ideographic comma": ([("3s, ", "3s、")], ["9:26: model.deadlines.connect"]),
    "a semicolon": ([("3s, ", "3s; ")], ["9:26: model.deadlines.connect"]),
    "full-width digits": (
        [("1280x720", "１２８０x７２０"), ("fps: 15", "fps: １５")],
        ["14:9: camera.size", "15:8: camera.fps"],
    ),
    "full-width braces": ([(MAP, MAP.replace("{", "｛").replace("}", "｝"))], ["20:10: buttons.0.map"]),
    "a full-width brace at the end": ([("60s}", "60s｝")], ["9:58: model.deadlines.whole"]),
    "a full-width # ": ([("fps: 15", "fps: 15 ＃ frames")], ["15:8: camera.fps"]),
    "a full-width # at the beginning": ([("  fps", "  ＃ 注释\n  fps")], ["15:3: camera"]),
    "curly quotes": ([('"What is this?"', "“这是什么？”")], ["27:10: triggers.0.ask"]),
    "a curly quote at the beginning": ([('"What is this?"', '“What is this?"')], ["27:10: triggers.0.ask"]),
    "a curly quote at the end": ([('"What is this?"', '"What is this?”')], ["27:10: triggers.0.ask"]),
    "curly quotes between braces": ([("ENTER: main", "ENTER: “main”")], ["20:22: buttons.0.map.KEY_ENTER"]),
    "curly quotes around a choice": ([("language: en", "language: “en”")], ["36:11: language"]),
    "curly quotes around a URL": ([("url: reader", "url: “reader”")], ["7:12: model.endpoints.1.url"]),
    "corner brackets are the wearer's own": ([('"What is this?"', "「这是什么」")], []),
    "a comma at the end": ([("fps: 15", "fps: 15,")], ["15:8: camera.fps"]),
    "a comma at the end between braces is YAML": ([(MAP, '{"KEY_ENTER": "main", "KEY_DOWN": "down",}')], []),
    "a zero-width space": ([("fps: 15", "fps: 15\u200b")], ["15:8: camera.fps"]),
    "no comma": ([("3s, first", "3s first")], ["9:32: model.deadlines"]),
    "the wrong brace at the end": ([("60s}", "60s]")], ["9:58: model.deadlines"]),
    "one brace too many": ([("60s}", "60s}}")], ["9:59: model.deadlines"]),
    "no brace at the end": ([("60s}", "60s")], ["9:14: model.deadlines"]),
    "round brackets": ([(DEADLINES, f"({DEADLINES[1:-1]})")], ["9:14: model.deadlines"]),
    "square brackets": ([(DEADLINES, f"[{DEADLINES[1:-1]}]")], ["9:14: model.deadlines"]),
    "no brackets": ([(DEADLINES, DEADLINES[1:-1])], ["9:14: model.deadlines"]),
    "an equals sign between braces": ([("connect: ", "connect=")], ["9:15: model.deadlines"]),
    "a comment without its space": ([("fps: 15", "fps: 15# frames")], ["15:8: camera.fps"]),
    "a comment of another language": ([("  fps", "  // frames\n  fps")], ["15:3: camera"]),
    "a fence of Markdown": (
        [("model:", "```yaml\nmodel:"), ("language: en\n", "language: en\n```\n")],
        ["1:1: (file)", "38:1: (file)"],
    ),
}

COMPACT: dict[str, Slip] = {
    "a list as deep as its key, beside a slip": (
        [
            ("  - driver: e", "- driver: e"),
            ("    device: /dev/i", "  device: /dev/i"),
            ("    map", "  map"),
            ("  - driver: terminal", "- driver: terminal\n- driver: terminl"),
            ("size: ", "size: : "),
        ],
        ["14:9: camera.size", "24:11: displays.1.driver"],
    ),
    "a list below a section that begins with the same key": (
        [("language: en", "gestures:\n  when: : a\n  list:\n  - when: b")],
        ["37:9: gestures.when", "38:3: gestures.list"],
    ),
    "tabs, and more than one level": (
        [
            (f"{spaces}{key}", f"{tabs}{key}")
            for spaces, tabs, key in [
                ("  ", "\t", "endpoints"),
                ("    ", "\t\t", "- url: h"),
                ("      ", "\t\t\t", "key: "),
                ("      ", "\t\t\t", "vision: "),
                ("      ", "\t\t\t", "text: q"),
                ("    ", "\t\t", "- url: r"),
            ]
        ],
        [
            "2:1: model.endpoints",
            "3:1: model.endpoints.0",
            "4:1: model.endpoints.0.key",
            "5:1: model.endpoints.0.vision",
            "6:1: model.endpoints.0.text",
            "7:1: model.endpoints.1",
        ],
    ),
}

PROMPTS = {
    '"What is this?': "27:10",
    "\"What is this?'": "27:10",
    '"What is "this"?"': "27:20",
    "'What's this?'": "27:16",
    '"C:\\path"': "27:13",
    "`what`": "27:10",
    "%what": "27:10",
    "Say: what": "27:10",
    "*this* what": "27:10",
    "!what": "27:10",
    "&what is": "27:10",
    "[请]描述": "27:13",
    "{name} what": "27:17",
    "#what": "27:5",
    "? what": "27:10",
    "- what": "27:10",
    "> what": "27:10",
    "| what": "27:10",
    "what\n    is this?": "28:5",
    "": "27:5",
}

SECTIONS: dict[str, Slip] = {
    "no colon": ([("camera:", "camera")], ["11:1: camera"]),
    "a semicolon": ([("camera:", "camera;")], ["11:1: (file)"]),
    "another word": (
        [("buttons:", "button:"), ("displays:", "display:"), ("triggers:", "trigger:")],
        ["17:1: button", "22:1: display", "25:1: trigger"],
    ),
    "a capital": ([("camera:", "Camera:"), ("language:", "Language:")], ["11:1: Camera", "36:1: Language"]),
    "twice": ([("language: en", "language: en\ncamera:\n  driver: uvc")], ["37:1: camera"]),
    "a list": (
        [("  driver: uvc", "  - driver: uvc"), *((f"  {key}", f"    {key}") for key in CAMERA[1:])],
        ["12:3: camera"],
    ),
    "a list of its keys": ([(f"  {key}", f"  - {key}") for key in CAMERA], ["12:3: camera"]),
    "a text": ([("displays:\n  - driver: terminal", "displays: terminal")], ["22:11: displays"]),
    "a list of texts": ([("- driver: terminal", "- terminal")], ["23:5: displays.0"]),
    "endpoints as one": (
        [("    - url: h", "      url: h"), ("    - url: reader\n", "")],
        ["3:7: model.endpoints"],
    ),
    "an endpoint's keys in the model": (
        [
            ("  endpoints:\n    - url: h", "  url: h"),
            ("      key", "  key"),
            ("      vision", "  vision"),
            ("      text", "  text"),
            ("    - url: reader\n", ""),
        ],
        ["2:3: model.url", "3:3: model.key", "4:3: model.vision", "5:3: model.text"],
    ),
    "a key of another one": ([("  fps: 15", "  fps: 15\n  profile: glass3")], ["16:3: camera.profile"]),
    "a key of one in none": ([("language: en", "capture: ring\nlanguage: en")], ["36:1: capture"]),
    "the last key of one in none": ([("  deadlines", "deadlines")], ["9:1: deadlines"]),
    "an endpoint's key in the model": (
        [("      vision: qwen-vl-plus\n", ""), ("  instr", "  vision: a\n  instr")],
        ["7:3: model.vision"],
    ),
    "a map as a list": ([(f"map: {MAP}", "map:\n      - KEY_ENTER: main")], ["21:7: buttons.0.map"]),
    "a map as a list between brackets": ([(MAP, f"[{MAP[1:-1]}]")], ["20:10: buttons.0.map"]),
    "nothing in a map": ([(f"map: {MAP}", "map:")], ["20:5: buttons.0.map"]),
    "a map the wrong way round": (
        [(MAP, "{main: KEY_ENTER, down: KEY_DOWN}")],
        ["20:11: buttons.0.map.main", "20:28: buttons.0.map.down"],
    ),
}

VALUES: dict[str, Slip] = {
    "a wrong driver and its wrong value": (
        [("driver: uvc", "driver: uvcc"), ("fps: 15", "fps: fast")],
        ["12:11: camera.driver", "15:8: camera.fps"],
    ),
    "other units": (
        [("3s", "3sec"), ("8s", "8 seconds"), ("5s", "5S"), ("60s", "1m")],
        [
            "9:24: model.deadlines.connect",
            "9:37: model.deadlines.first",
            "9:53: model.deadlines.gap",
            "9:64: model.deadlines.whole",
        ],
    ),
    "the first delta later than the end": ([("first: 8s", "first: 80s")], ["9:35: model.deadlines.first"]),
    "every wait longer than the whole": (
        [("3s", "2min"), ("8s", "2min"), ("5s", "2min")],
        ["9:24: model.deadlines.connect", "9:37: model.deadlines.first", "9:48: model.deadlines.gap"],
    ),
    "a whole that its own default outlasts": (
        [(DEADLINES, "{whole: 4s}")],
        [],
    ),
    "a wait longer than the default of the whole": ([(DEADLINES, "{gap: 2min}")], ["9:20: model.deadlines.gap"]),
    "bounces longer than a press": (
        [("language: en", "gestures: {debounce: 700ms}")],
        ["36:22: gestures.debounce"],
    ),
    "a list for a size": ([("1280x720", "[1280, 720]")], ["14:9: camera.size"]),
    "a unit after a rate": ([("fps: 15", "fps: 15fps")], ["15:8: camera.fps"]),
    "a list for an event": ([("main press", "[main, press]")], ["26:11: triggers.0.when"]),
}


def written(edits: list[tuple[str, str]]) -> str:
    text = GOOD
    for good, bad in edits:
        assert good in text
        text = text.replace(good, bad, 1)
    return text


def cases(*tables: dict[str, Slip]) -> list[object]:
    return [pytest.param(*slip, id=name) for table in tables for name, slip in table.items()]


def test_without_slips_it_is_good(tmp_path: Path) -> None:
    assert mistakes(tmp_path, GOOD) == []


@pytest.mark.parametrize(("edits", "told"), cases(INDENTATION, DASHES, SIGNS, COMPACT, SECTIONS, VALUES))
def test_a_slip_is_one_line(edits: list[tuple[str, str]], told: list[str], tmp_path: Path) -> None:
    assert places(tmp_path, written(edits)) == told


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_prompt_without_quotes_is_one_line(prompt: str, tmp_path: Path) -> None:
    found = mistakes(tmp_path, written([('"What is this?"', prompt)]))
    assert [line.split(": ")[0] for line in found] == [f"glassd.yaml:{PROMPTS[prompt]}"]


NEAREST = {
    "when: press main": "main press",
    "when: long press main": "main long",
    "when: main long press": "main long",
    "when: main-press": "main press",
    "when: main_long": "main long",
    "when: double main": "main double",
    "when: Main Press": "Main press",
    "when: scene changed": "scene change",
    "when: scene-change": "scene change",
    "when: scenechange": "scene change",
    "ｗｈｅｎ: main press": "when",
}


@pytest.mark.parametrize("line", NEAREST)
def test_an_event_in_other_words_names_the_nearest(line: str, tmp_path: Path) -> None:
    found = mistakes(tmp_path, written([("when: down press", line)]))
    assert [text.rpartition("did you mean ")[2] for text in found] == [f"{NEAREST[line]}?"]


def test_other_nearest_names(tmp_path: Path) -> None:
    slips = [
        ("driver: uvc", "driver: ｕｖｃ"),
        ("do: next page", "do: page next"),
        ("language: en", "capture: ring\nlanguage: EN"),
        ("  fps: 15", "  profile: glass3"),
        ("      text: qwen-plus\n", ""),
        ("  instr", "  text: qwen-plus\n  instr"),
    ]
    assert [line.rpartition("; ")[2] for line in mistakes(tmp_path, written(slips))] == [
        "it belongs into model.endpoints",
        "did you mean uvc?",
        "it belongs into displays",
        "did you mean next page?",
        "it belongs into camera",
        "did you mean en?",
    ]


def test_ten_slips_are_ten_lines(tmp_path: Path) -> None:
    slips = [
        ("url: reader", "url: raeder"),
        ("first: 8s", "first: 8"),
        ("driver: uvc", "driver：uvc"),
        ("fps: 15", "fps: fast"),
        ("KEY_DOWN: d", "KEY_DOWN：d"),
        ("driver: terminal", "driver: terminl"),
        ("  - when: main d", "    when: main d"),
        ("detail: text", "detail: txt"),
        ("do: next page", "do: page next"),
        ("language: en", "langauge: en"),
    ]
    assert places(tmp_path, written(slips)) == [
        "7:12: model.endpoints.1.url",
        "9:35: model.deadlines.first",
        "12:9: camera.driver",
        "15:8: camera.fps",
        "20:36: buttons.0.map.KEY_DOWN",
        "23:13: displays.0.driver",
        "28:5: triggers.1.when",
        "30:13: triggers.1.detail",
        "34:9: triggers.3.do",
        "36:1: langauge",
    ]
