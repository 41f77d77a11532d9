"""Edits of the page: what is typed is what is in force; and what is set at the board stays as it is."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glassd.config import editor
from glassd.config.load import Layers, load
from glassd.config.settings import Settings
from glassd.config.tree import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glassd.config.schema import Config

BASE = """
model:
  endpoints:
    - {name: cloud, url: "https://cloud.example/v1", key: cloud, vision: a, text: b, headers: {X-Team: lab}}
    - {name: lan, url: "http://10.0.0.7:8080/v1", vision: c}
    - {name: office, url: "https://office.example/v1", vision: d, proxy: "http://10.0.0.1:3128", proxy_login: office}
    - {name: mine, url: "https://mine.example/v1", vision: e, ca: /etc/glassd/ca.pem}
    - {url: reader}
  instructions: "In one line:\\nwhat is it?"
camera: {driver: uvc, device: /dev/video7, size: 1280x720, fps: 15, controls: {gain: 3}, keep_open: 30s}
buttons:
  - {driver: evdev, device: /dev/input/event3, map: {KEY_ENTER: main, KEY_UP: up}}
  - {driver: keyboard, map: {enter: main}}
displays:
  - {driver: json, path: out.jsonl}
  - {driver: command, run: [espeak-ng, --stdin], into: [aplay]}
  - {driver: terminal, profile: glass3}
triggers:
  - {when: main press, ask: "What is this?", endpoint: lan}
  - {when: up double, do: cancel, if: [answer shown]}
gestures: {double: 400ms, long: 700ms}
budgets: {day: {asks: 100}}
follow_up: {turns: 3}
journal: {keep: text}
outbox: {key: waiting}
api: {listen: "127.0.0.1:8733", token: door, hosts: [glassd.local]}
gateway: {listen: "127.0.0.1:8734", token: apps, models: {gpt-4o-mini: c}}
allow_hosts: ["*.example", example.com, cloud.example, office.example, mine.example, 10.0.0.0/8]
"""
STRANGE: list[Any] = [
    *("evil", "reader", "https://evil.example/v1", "cloud", "door", "/etc/shadow", "command", "terminal", "uvc", "a b"),
    *(0, 1, True, None, 2.5, "2.5s", [], {}, ["sh", "-c", "true"], {"a": "b"}, "main press", "100x100"),
]
KEYS = ["key", "url", "driver", "run", "into", "path", "device", "proxy", "ca", "token", "listen", "open", "usb", "tls"]
EXAMPLES = max(100, settings.default.max_examples // 10)  # type: ignore[union-attr]  # there is one
"""Each reads and writes whole configs, 40 ms of it: a tenth of what others try in `make fuzz`."""
SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("board")
    (folder / "glassd.yaml").write_text(BASE, encoding="utf-8")
    (folder / "conf.d").mkdir()
    (folder / "conf.d/10.yaml").write_text("log: {level: warning}\ncamera: {rotate: 90}\n")
    return Settings(folder / "glassd.yaml", [], folder / "settings.yaml")


@pytest.fixture(autouse=True)
def no_edits(files: Settings) -> Iterator[None]:
    files.write(None)
    files.load()
    yield
    files.write(None)


def guarded(config: Config) -> Any:
    """Return all that the page must never change, read off the config itself."""
    sent = [(one.url, one.key, one.proxy, one.proxy_login, one.ca) for one in config.model.endpoints]
    camera, gateway = config.camera, config.gateway
    assert camera is not None
    devices = [
        (camera.driver, camera.options),
        *((one.driver, one.options) for one in config.buttons + config.displays),
    ]
    names = ("device", "usb", "name", "path", "run", "into", "login", "url", "chip", "font")
    return (
        sorted(facts for facts in map(str, sent) if facts.count("None") < 4),
        sorted(str((driver, [getattr(options, name, None) for name in names])) for driver, options in devices),
        config.api,
        gateway and (gateway.listen, gateway.token),
        config.outbox and config.outbox.key,
        config.allow_hosts,
    )


def typed(files: Settings) -> Any:
    """Return the settings without edits, as data."""
    files.write(None)
    return plain(_tree(editor.now(files).text))


def _tree(text: str) -> Any:
    return Layers(Path("typed"), (), None).read_text(text, "typed")


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from places(value, (*path, key))


def at(node: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        node = node[key]
    return node


@st.composite
def mangled(draw: st.DrawFn, data: Any) -> Any:
    """Change a few things in the settings: take away, put in, exchange, double, turn round."""
    data = copy.deepcopy(data)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from([*places(data)][1:]))
        holder, key = at(data, path[:-1]), path[-1]
        here = holder[key]
        match draw(st.sampled_from(("away", "strange", "moved", "key", "double", "turn"))):
            case "away":
                del holder[key]
            case "strange":
                holder[key] = draw(st.sampled_from(STRANGE))
            case "moved":
                holder[key] = copy.deepcopy(at(data, draw(st.sampled_from([*places(data)][1:]))))
            case "key" if isinstance(here, dict):
                value = st.sampled_from(STRANGE + [at(data, other) for other in [*places(data)][1:]])
                here[draw(st.sampled_from(KEYS))] = copy.deepcopy(draw(value))
            case "double" if isinstance(here, list) and here:
                here.append(copy.deepcopy(draw(st.sampled_from(here))))
            case "turn" if isinstance(here, list):
                here.reverse()
            case _:
                pass
    return data


def stays_guarded(files: Settings, text: str) -> bool:
    """Apply a text if it can be applied; tell whether it was."""
    files.write(None)
    before = guarded(files.load().config)
    found = editor.check(files, text)
    if found.mistakes:
        return False
    files.write(found.edits.encode())
    loaded = files.load()
    assert files.trouble == ""
    assert guarded(loaded.config) == before
    merged = json.dumps(plain(loaded.tree), sort_keys=True)
    assert merged == json.dumps(plain(_tree(text)), sort_keys=True)
    return True


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=SLOW)
@given(data=st.data())
def test_no_text_changes_what_is_set_at_the_board(files: Settings, data: st.DataObject) -> None:
    stays_guarded(files, json.dumps(data.draw(mangled(typed(files)))))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=SLOW)
@given(data=st.data())
def test_no_exchange_of_lines_or_characters_does(files: Settings, data: st.DataObject) -> None:
    files.write(None)
    lines = editor.now(files).text.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        one, other = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        match data.draw(st.sampled_from(("swap", "copy", "drop", "cut"))):
            case "swap":
                lines[one], lines[other] = lines[other], lines[one]
            case "copy":
                lines.insert(one, lines[other])
            case "drop" if len(lines) > 2:
                del lines[one]
            case _:
                column = data.draw(st.integers(0, len(lines[one])))
                lines[one] = lines[one][:column] + data.draw(st.text(max_size=3)) + lines[one][column + 1 :]
    stays_guarded(files, "\n".join(lines))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=SLOW)
@given(
    prompt=st.text(st.characters(exclude_categories=["C", "Zl", "Zp"], exclude_characters="{}｛｝"), min_size=1).filter(
        str.strip
    ),
    numbers=st.tuples(st.integers(1, 240), st.integers(1, 32) | st.none()),
    order=st.permutations(range(5)),
    mapping=st.dictionaries(st.sampled_from(["KEY_A", "KEY_B", "KEY_UP"]), st.just("main"), min_size=1),
)
def test_what_is_typed_is_what_is_in_force(
    files: Settings, prompt: str, numbers: tuple[int, int | None], order: list[int], mapping: dict[str, str]
) -> None:
    data, (fps, turns) = typed(files), numbers
    data["triggers"] = [{"when": "main press", "ask": prompt, "endpoint": "lan"}]
    data["camera"]["fps"] = fps
    data["model"]["endpoints"] = [data["model"]["endpoints"][place] for place in order]
    data["buttons"][0]["map"] = mapping
    if turns is None:
        del data["follow_up"]
    else:
        data["follow_up"]["turns"] = turns
    assert stays_guarded(files, json.dumps(data, ensure_ascii=False)), editor.check(files, json.dumps(data)).mistakes
    config = files.load().config
    assert config.triggers[0].ask == prompt
    assert (config.follow_up and config.follow_up.turns) == turns
    assert [one.name for one in config.model.endpoints] == [one.get("name") for one in data["model"]["endpoints"]]


def test_the_settings_themselves_change_nothing(files: Settings) -> None:
    text = editor.now(files).text
    found = editor.check(files, text)
    assert (found.mistakes, found.changes, found.edits) == ((), [], "")
    assert load_text(files, text) == files.load().config


def load_text(files: Settings, text: str) -> Config:
    path = files.place.parent / "whole.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path.rename(files.place.parent.parent / "whole.yaml")).config


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("model", "endpoints", 0, "url"), "https://evil.example/v1"),
        (("model", "endpoints", 0, "key"), "door"),
        (("model", "endpoints", 1, "key"), "cloud"),
        (("model", "endpoints", 1, "proxy"), "http://10.0.0.9:1"),
        (("model", "endpoints", 2, "url"), "https://evil.example/v1"),
        (("model", "endpoints", 3, "url"), "https://mine.example/1"),
        (("model", "endpoints", 3, "ca"), "/etc/mine.pem"),
        (("camera", "driver"), "clip"),
        (("camera", "device"), "/dev/video0"),
        (("buttons", 0, "device"), "/dev/input/event0"),
        (("displays", 0, "path"), "/etc/cron.d/mine"),
        (("displays", 1, "run"), ["sh", "-c", "true"]),
        (("displays", 1, "into"), ["sh"]),
        (("displays", 2, "driver"), "framebuffer"),
        (("api", "open"), True),
        (("api", "hosts"), ["evil.example"]),
        (("gateway", "listen"), "0.0.0.0:8734"),
        (("gateway", "token"), "door"),
        (("outbox", "key"), "cloud"),
        (("allow_hosts",), ["evil.example"]),
    ],
)
def test_each_of_these_is_refused_at_its_place(files: Settings, path: tuple[Any, ...], value: Any) -> None:
    data = typed(files)
    at(data, path[:-1])[path[-1]] = value
    mistakes = editor.check(files, json.dumps(data)).mistakes
    where = ".".join(map(str, path))
    assert [where] == [one.path for one in mistakes if "set at the board alone" in one.text]
    files.write(json.dumps(data).encode())
    files.load()
    assert "set at the board alone" in files.trouble or "expected" in files.trouble
    assert guarded(files.load().config)


def test_an_endpoint_without_a_key_comes_changes_and_goes(files: Settings) -> None:
    data = typed(files)
    data["model"]["endpoints"].append({"url": "http://10.0.0.8:8080/v1", "vision": "new"})
    assert stays_guarded(files, json.dumps(data))
    data["model"]["endpoints"][-1]["url"] = "http://10.0.0.9:8080/v1"
    assert stays_guarded(files, json.dumps(data))
    del data["model"]["endpoints"][-1]
    assert stays_guarded(files, json.dumps(data))


def test_a_device_is_neither_taken_out_nor_doubled(files: Settings) -> None:
    data = typed(files)
    data["displays"].append(copy.deepcopy(data["displays"][2]))
    assert editor.check(files, json.dumps(data)).mistakes
    data["displays"] = data["displays"][:2]
    [mistake] = editor.check(files, json.dumps(data)).mistakes
    assert mistake.path == "displays"
    del data["camera"]
    assert editor.check(files, json.dumps(data)).mistakes


def test_a_value_of_the_command_line_is_not_for_the_page(files: Settings) -> None:
    own = Settings(files._path, ["log.level=error", "camera.fps=20"], files.place)
    text = editor.now(own).text
    lines = editor.now(own).lines
    assert [line.path for line in lines if line.read_only == "command_line"] == ["camera.fps", "log.level"]
    assert editor.check(own, text).mistakes == ()
    [mistake] = editor.check(own, text.replace("fps: 20", "fps: 21")).mistakes
    assert (mistake.path, "command line" in mistake.text) == ("camera.fps", True)
    changed = editor.check(own, text.replace("keep_open: 30s", "keep_open: 10s"))
    assert "fps" not in changed.edits
