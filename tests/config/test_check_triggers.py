"""What `glassd check` says of triggers, budgets, follow-ups, the journal and the outbox, and what it warns of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from yaml_files import MODEL

from glassd.cli import main
from glassd.config.keys import is_outbox_key, new_outbox_key

if TYPE_CHECKING:
    from pathlib import Path

CLOUD = "model: {endpoints: [{name: cloud, url: 'https://a.example/v1', vision: v, price: {input: 1, output: 2.5}}]}\n"
CAMERA = "camera: {driver: clip, path: .}\n"
BUTTONS = "buttons: [{driver: keyboard}]\n"
SET_UP = f"""{CLOUD}{CAMERA}{BUTTONS}
budgets: {{hour: {{asks: 40}}, day: {{asks: 300, frames: 500, tokens: 400000, money: 2.5}}}}
follow_up: {{within: 90s, turns: 3}}
journal: {{keep: text, pictures: 7d}}
outbox: {{asks: 5, size: 5MB, age: 12h}}
triggers:
  - {{when: main press, if: [answer shown, not cut off], do: next page, cooldown: 1500ms}}
  - {{when: main press, ask: "这是什么?", frames: 3 over 1s, endpoint: cloud, busy: queue 2, outbox: true}}
  - {{when: main double, ask: 'What next?', frames: none, model: text, cut_off: anew, follow_up: false}}
  - {{when: every 60s, if: between 20:00 and 08:00, ask: 'New?', busy: queue}}
  - {{when: up press, ask: x, busy: replace}}
  - {{when: back press, ask: x, busy: ignore}}
  - {{when: down press, do: ask anyway}}
  - {{when: start, do: clear}}
"""
TOLD = """\
model 1 (cloud): https://a.example/v1, vision v, 1 and 2.5 a million tokens
camera: clip, ring
buttons: keyboard
displays: none
main press, if answer shown and not cut off: does next page (known 300ms after its release: until then it may become a
... double)
  not again for 1.5s
main press: asks '这是什么?' (known 300ms after its release: until then it may become a double)
  with 3 pictures over 1s; asks cloud first; waits while another is under way, 2 at most; waits in the outbox while
... there is no network
main double: asks 'What next?'
  without a picture; of the text model; never goes on with an answer that broke off; a question of its own, not a
... follow-up
every 1min, if between 20:00 and 08:00: asks 'New?'
  waits while another is under way
up press: asks 'x'
  takes the place of what is under way
back press: asks 'x'
  passed over while another is under way
down press: does ask anyway
start: does clear
budgets: 40 asks an hour; 300 asks, 500 pictures, 400000 tokens, money 2.5 a day
follow-up: a press within 90s of an answer takes along up to 3 earlier questions, 1 of their pictures; `new
... conversation` ends it, `clear` too
journal: questions and answers, when each came, how it ended and what it cost, for 90d, 64MiB at most; pictures for 7d
outbox: 5 asks, 5MB and 12h at most, encrypted with the key outbox
no mistakes
"""


def checked(folder: Path, text: str, capsys: pytest.CaptureFixture[str]) -> tuple[list[str], list[str]]:
    """Return the lines of what a config sets up, and its warnings without that of a key."""
    path = folder / "glassd.yaml"
    path.write_text(text, encoding="utf-8")
    assert main(["check", str(path)]) == 0
    told = capsys.readouterr()
    warnings = [line.removeprefix("warning: ") for line in told.err.splitlines()]
    return told.out.splitlines(), warnings


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLASSD_KEY_OUTBOX", new_outbox_key())


def test_check_says_in_words_what_each_trigger_does_and_what_may_be_spent_and_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines, warnings = checked(tmp_path, SET_UP, capsys)
    assert lines == TOLD.replace("\n...", "").splitlines()
    assert warnings == []


def test_a_config_without_any_of_it_says_what_the_journal_keeps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines, _ = checked(tmp_path, MODEL, capsys)
    assert lines[-2:] == [
        "journal: when each ask came, how it ended and what it cost, for 90d, 64MiB at most",
        "no mistakes",
    ]
    lines, _ = checked(tmp_path, f"{MODEL}journal: {{keep: off}}\n", capsys)
    assert lines[-2] == "journal: nothing but what has been spent and what waits"


ASKS = "triggers: [{when: main press, ask: x}]\n"
WARNED = {
    "an outbox that nothing uses": (
        f"{MODEL}{CAMERA}{BUTTONS}outbox: {{}}\n{ASKS}",
        ["outbox: no trigger has outbox: true, so only questions over the API that say so can wait there"],
    ),
    "a conversation that nothing goes on with": (
        f"{MODEL}{CAMERA}follow_up: {{}}\ntriggers: [{{when: every 5min, ask: x}}]\n",
        ["follow_up: no button goes on with a conversation, only questions over the API can"],
    ),
    "commands that find nothing": (
        (
            f"{MODEL}{BUTTONS}triggers: [{{when: main press, do: send again}}, {{when: up press, do: drop queued}}, "
            "{when: back press, do: new conversation}, {when: down press, do: ask anyway}]\n"
        ),
        [
            "triggers.0.do: send again does nothing without a section outbox:",
            "triggers.1.do: drop queued does nothing without a section outbox:",
            "triggers.2.do: new conversation does nothing without a section follow_up:",
            "triggers.3.do: ask anyway does nothing without a bound under budgets:",
        ],
    ),
    "an interval that nothing bounds": (
        f"{CLOUD}{CAMERA}triggers: [{{when: every 30s, ask: x}}]\n",
        ["triggers.0.when: every 30s may ask 2880 times a day, and no budget bounds it (docs/triggers.md)"],
    ),
    "an interval that costs nothing": (f"{MODEL}{CAMERA}triggers: [{{when: every 30s, ask: x}}]\n", []),
    "an interval of a server on the board": (
        (
            "model: {endpoints: [{url: 'http://127.0.0.1:8080/v1', vision: v}]}\n"
            f"{CAMERA}triggers: [{{when: every 30s, ask: x}}]\n"
        ),
        [],
    ),
    "an interval that does not ask": (f"{CLOUD}{CAMERA}triggers: [{{when: every 1s, do: clear}}]\n", []),
    "an interval slower than its cool-down": (
        f"{CLOUD}{CAMERA}triggers: [{{when: every 5min, cooldown: 10min, ask: x}}]\n",
        ["triggers.0.cooldown: 10min is longer than the interval, 5min"],
    ),
    "an interval whose pictures are too many": (
        (
            f"{CLOUD}{CAMERA}budgets: {{day: {{frames: 500}}}}\n"
            "triggers: [{when: every 5min, frames: 3 over 1s, ask: x}]\n"
        ),
        ["triggers.0.when: every 5min would send 864 pictures a day, and budgets.day.frames lets 500 go"],
    ),
    "an interval whose asks are too many": (
        (
            f"{CLOUD}{CAMERA}budgets: {{hour: {{asks: 40}}, day: {{asks: 50}}}}\n"
            "triggers: [{when: every 60s, ask: x}, {when: every 30s, if: scene changed, ask: x}]\n"
        ),
        ["triggers.0.when: every 1min would send 60 asks an hour, and budgets.hour.asks lets 40 go"],
    ),
    "an interval within its budget": (
        f"{CLOUD}{CAMERA}budgets: {{day: {{asks: 288}}}}\ntriggers: [{{when: every 5min, ask: x}}]\n",
        [],
    ),
    "an endpoint that counts as free": (
        (
            "model: {endpoints: [{url: 'https://a.example/v1', vision: v, price: {input: 1, output: 1}}, "
            "{url: 'https://b.example/v1', vision: v}, {url: reader}]}\n"
            "budgets: {day: {money: 1}}\n"
        ),
        ["model.endpoints.1: it has no price:, so it counts as free in budgets of money"],
    ),
    "questions without pictures on purpose": (
        f"{MODEL}{BUTTONS}triggers: [{{when: main press, ask: x, frames: none}}]\n",
        [],
    ),
    "questions without pictures": (
        f"{MODEL}{BUTTONS}{ASKS}",
        ["there is no camera: section, so every ask goes without a picture"],
    ),
    "no room for an earlier picture": (
        (
            "model: {endpoints: [{url: 'https://a.example/v1', vision: qwen3-vl-4b}, {url: reader}]}\n"
            f"camera: {{driver: uvc, size: 3840x2160}}\n{BUTTONS}follow_up: {{}}\n{ASKS}"
        ),
        [
            (
                "follow_up.pictures: no earlier picture goes along there: two pictures of 2560 tokens are more than "
                "the 2560 that model.endpoints.0 has room for"
            )
        ],
    ),
    "room for an earlier picture of a small camera": (
        (
            "model: {endpoints: [{url: 'https://a.example/v1', vision: qwen3-vl-4b}, {url: reader}]}\n"
            f"camera: {{driver: uvc, size: 1280x720}}\n{BUTTONS}follow_up: {{}}\n{ASKS}"
        ),
        [],
    ),
}


@pytest.mark.parametrize("name", WARNED)
def test_check_warns_of_what_is_likely_not_meant(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, warnings = WARNED[name]
    assert checked(tmp_path, text, capsys)[1] == warnings


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (None, "is not there"),
        ("c2hvcnQ=", "is not 32 bytes as base64"),
        ("no-base64!", "is not 32 bytes as base64"),
        ("a b", "cannot be used: "),
    ],
)
def test_check_warns_of_an_outbox_without_its_key_and_never_repeats_it(
    key: str | None, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GLASSD_KEY_OUTBOX")
    if key is not None:
        monkeypatch.setenv("GLASSD_KEY_OUTBOX", key)
    text = f"{MODEL}{CAMERA}{BUTTONS}outbox: {{}}\ntriggers: [{{when: main press, ask: x, outbox: true}}]\n"
    (warning,) = checked(tmp_path, text, capsys)[1]
    assert warning.startswith(f"outbox.key: the key outbox {why}")
    assert warning.endswith(", so nothing can wait; `glassd setup` makes one (docs/keys.md)")
    assert key is None or key not in warning


def test_a_new_key_is_one_for_the_outbox_and_nobody_elses() -> None:
    assert is_outbox_key(new_outbox_key())
    assert new_outbox_key() != new_outbox_key()
