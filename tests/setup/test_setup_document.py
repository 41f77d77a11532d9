"""The config that setup writes: whatever the answers are, the loader reads it as they were meant."""

from __future__ import annotations

import re
import string
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boards
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcswidth

from glassd.config.commands import COMMANDS
from glassd.config.load import load
from glassd.setup import chinese, english, presses
from glassd.setup.answers import Answers, ModelAnswers, read_answers
from glassd.setup.document import compose, resolve
from glassd.setup.found import Found, keys_of
from glassd.setup.present import read_present
from glassd.setup.record import recorded
from glassd.setup.summary import summary_of_present
from glassd_drivers.buttons.keycodes import KEY_CODES
from glassd_drivers.discover import FoundInput

if TYPE_CHECKING:
    from glassd.setup.texts import Texts

WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Co", "Cn")), min_size=1, max_size=40)
"""Any text that a person can type, or paste into a file of answers."""
NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc", "Co", "Cn", "Z")), min_size=1, max_size=12)
MODELS = st.builds(
    ModelAnswers,
    service=st.just("server"),
    url=st.sampled_from(["https://models.example.com/v1", "http://[::1]:8080/v1/chat/completions", "http://10.0.0.7"]),
    vision=WORDS,
    text=st.none() | WORDS,
    instructions=st.none() | WORDS | st.text("a \n\t\"'#:{}", max_size=40),
) | st.builds(ModelAnswers, service=st.sampled_from(["dashscope", "openai", "reader"]))
BUTTONS = st.dictionaries(st.sampled_from(sorted(KEY_CODES)), NAMES, min_size=1, max_size=8).map(
    lambda keys: [{"driver": "evdev", "device": "/dev/input/event0", "grab": True, "map": keys}]
)


@st.composite
def answers(draw: st.DrawFn) -> Answers:
    """Draw answers that have no mistakes of their own."""
    buttons: Any = draw(st.sampled_from(["auto", "none"]) | BUTTONS)
    triggers: Any = "standard"
    if isinstance(buttons, list):
        names = sorted(set(buttons[0]["map"].values()))
        whens = [f"{name} {gesture}" for name in names for gesture in ("press", "double", "triple", "long")]
        whens = draw(st.lists(st.sampled_from(whens), unique=True, max_size=6))
        effects = st.one_of(
            st.builds(
                lambda ask, detail: {"ask": ask, "detail": detail},
                WORDS.filter(str.strip),
                st.sampled_from(["text", "scene"]),
            ),
            st.sampled_from(["cancel", "next page", "toggle pause"]).map(lambda command: {"do": command}),
        )
        triggers = draw(st.just("standard") | st.just([{"when": when, **draw(effects)} for when in whens]))
    camera = st.fixed_dictionaries(
        {"driver": st.just("clip"), "path": WORDS.map(lambda text: f"/srv/{text.replace('$', '')}")},
        optional={"hold": st.just("250ms"), "loop": st.booleans(), "fps": st.floats(0.5, 60)},
    )
    return Answers(
        language=draw(st.sampled_from(["zh", "en"])),
        model=draw(MODELS),
        camera=draw(st.sampled_from(["auto", "none"]) | camera),
        buttons=buttons,
        displays=draw(st.sampled_from(["none", "terminal"]) | st.just([{"driver": "terminal", "profile": "glass3"}])),
        triggers=triggers,
        outbox=draw(st.sampled_from(["keep", True, False])),
    )


@given(answers(), st.sampled_from(["nothing", "usb", "busy", "gpio"]))
def test_any_answers_make_a_config_that_says_what_they_say(given_answers: Answers, board: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        places, found = boards.places(folder), boards.found_on(folder, board)
        text = compose(given_answers, resolve(given_answers, found, None), None, places)
        file = folder / "glassd.yaml"
        file.write_text(text, encoding="utf-8")
        config = load(file).config
        first = config.model.endpoints[0].model_dump(include={"url", "key", "vision", "text"}, exclude_none=True)
        assert first == given_answers.model.endpoint
        assert config.language == given_answers.language
        if given_answers.model.instructions is not None:
            assert config.model.instructions == given_answers.model.instructions
        if isinstance(given_answers.camera, dict):
            assert config.camera is not None
            assert config.camera.options.path == Path(given_answers.camera["path"])  # type: ignore[attr-defined]
        if isinstance(given_answers.buttons, list):
            assert config.buttons[0].options.map == given_answers.buttons[0]["map"]  # type: ignore[attr-defined]
        if isinstance(given_answers.triggers, list):
            assert [one.ask for one in config.triggers] == [one.get("ask") for one in given_answers.triggers]
        else:
            assert {one.outbox for one in config.triggers if one.ask} <= {given_answers.outbox is True}
        assert (config.outbox is not None) == (given_answers.outbox is True)


@given(answers())
def test_the_recorded_answers_are_the_same_answers(given_answers: Answers) -> None:
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "answers.yaml"
        file.write_text(recorded(given_answers), encoding="utf-8")
        assert read_answers(file) == given_answers


@given(answers())
def test_to_keep_all_of_a_config_is_to_write_it_again(given_answers: Answers) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        places = boards.places(folder)
        places.config.parent.mkdir(parents=True)
        text = compose(given_answers, resolve(given_answers, Found(), None), None, places)
        places.config.write_text(text, encoding="utf-8")
        keep = Answers(
            language=given_answers.language,
            model=ModelAnswers(service="keep"),
            camera="keep",
            buttons="keep",
            displays="keep",
            triggers="keep",
        )
        present = read_present(places.config)
        assert compose(keep, resolve(keep, Found(), present), present, places) == text


KEPT = """\
model: {endpoints: [{url: reader, name: board}]}
outbox: {asks: 3}  # a few
triggers:
  - {when: every 5min, if: [online, between 08:00 and 20:00], ask: "What is new?", cooldown: 90s, outbox: true}
"""


def test_triggers_that_are_kept_stay_as_they_are_and_those_of_another_kind_have_a_name(tmp_path: Path) -> None:
    places = boards.places(tmp_path)
    places.config.parent.mkdir(parents=True)
    places.config.write_text(KEPT)
    present = read_present(places.config)
    assert present is not None
    keep = Answers(language="en", model=ModelAnswers(service="keep"), camera="none", buttons="none", triggers="keep")
    text = compose(keep, resolve(keep, Found(), present), present, places)
    for line in KEPT.splitlines():
        assert line in text.splitlines()
    told = "every 5min (if online, between 08:00 and 20:00): What is new?"
    assert summary_of_present(present, english.TEXTS)["triggers"] == [told]
    without = keep.model_copy(update={"outbox": False, "triggers": []})
    assert "outbox" not in compose(without, resolve(without, Found(), present), present, places)


@pytest.mark.parametrize("texts", [english.TEXTS, chinese.TEXTS])
def test_every_command_and_every_event_can_be_told(texts: Texts) -> None:
    assert set(COMMANDS) <= set(texts.actions)
    events = ("main long", "scene change", "every 30s", "at 08:00", "start")
    names = [presses.event_name({"when": event}, texts) for event in events]
    assert len(set(names)) == len(events)
    assert all(wcswidth(name) <= 40 for name in names)


def test_a_config_in_one_line_keeps_its_values(tmp_path: Path) -> None:
    places = boards.places(tmp_path)
    places.config.parent.mkdir(parents=True)
    places.config.write_text('{model: {endpoints: [{url: reader}]}, log: {level: debug}, allow_hosts: ["::1", a.b]}\n')
    keep = Answers(language="en", model=ModelAnswers(service="keep"), camera="keep")
    present = read_present(places.config)
    places.config.write_text(compose(keep, resolve(keep, Found(), present), present, places))
    config = load(places.config).config
    assert (config.log.level, config.allow_hosts, config.camera) == ("debug", ["::1", "a.b"], None)


# -- the guesses -----------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(sorted(KEY_CODES)), unique=True, min_size=1, max_size=12))
def test_every_device_with_keys_has_a_main_button_and_no_key_is_two(keys: list[str]) -> None:
    device = FoundInput(Path("/dev/input/event0"), Path("/dev/input/event0"), "Keys", tuple(keys))
    guessed = keys_of(device)
    assert set(guessed) <= set(keys)
    assert list(guessed.values()).count("main") == 1
    assert len(set(guessed.values())) == len(guessed)
    for key in keys:
        chosen = keys_of(device, key)
        assert chosen[key] == "main"
        assert len(set(chosen.values())) == len(chosen)


# -- the texts -------------------------------------------------------------------------------------------------------


def texts(language: Any) -> dict[str, str]:
    """Return every text of a language by its name."""
    found: dict[str, str] = {}
    for holder, prefix in ((language.TEXTS, ""), (language.TEXTS.file, "file.")):
        for field in fields(holder):
            value = getattr(holder, field.name)
            if isinstance(value, str):
                found[prefix + field.name] = value
            elif isinstance(value, dict):
                found |= {f"{prefix}{field.name}.{key}": text for key, text in value.items()}
    return found


def test_both_languages_say_the_same_things() -> None:
    ours, theirs = texts(english), texts(chinese)
    assert ours.keys() == theirs.keys()
    for name, text in ours.items():
        placeholders = [
            sorted(field for _, field, *_ in string.Formatter().parse(one) if field is not None)
            for one in (text, theirs[name])
        ]
        assert placeholders[0] == placeholders[1], name


@pytest.mark.parametrize("language", [english, chinese], ids=["en", "zh"])
def test_every_line_fits_80_columns(language: Any) -> None:
    wide = [
        (name, line)
        for name, text in texts(language).items()
        if not name.startswith("file.")
        for line in re.sub(r"\{[^}]*\}", "", text).splitlines()
        if wcswidth(line) > 79
    ]
    assert wide == []
