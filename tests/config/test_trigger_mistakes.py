"""What triggers, budgets, follow-up, journal and outbox need of each other: each slip is one line at its place."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from yaml_files import MODEL, config, mistakes

from glassd.config.conditions import FACTS, Condition
from glassd.config.events import Gesture
from glassd.config.load import load
from glassd.config.triggers import Busy, Frames

if TYPE_CHECKING:
    from pathlib import Path

CLOUD = (
    "model: {endpoints: [{name: cloud, url: 'https://a.example/v1', vision: v}, "
    "{name: words, url: 'https://b.example/v1', text: t}]}\n"
)
CAMERA = "camera: {driver: clip, path: .}\n"
KNOWN = (
    "expected a button and a gesture (press, double, triple, long), such as main press, or scene change, every 30s, "
    "at 08:00, start"
)
SPEED = "expected never or a speed from 20 to 2000, such as 200 words a minute"
FACT = (
    "expected answer shown, cut off, over budget, perhaps sent, queued, online, scene changed, or between 08:00 and "
    "20:00, with or without not before it"
)
SLIPS = {
    "an interval without a unit": (
        "triggers: [{when: every 30, ask: x}]",
        f"1:19: triggers.0.when: {KNOWN}, got text 'every 30'; did you mean every 30s?",
    ),
    "an interval that is too short": (
        "triggers: [{when: every 0.5s, ask: x}]",
        "1:19: triggers.0.when: expected an interval from 1s to 7d, got text 'every 0.5s'",
    ),
    "a time of one digit": (
        "triggers: [{when: at 8:00, ask: x}]",
        f"1:19: triggers.0.when: {KNOWN}, got text 'at 8:00'; did you mean at 08:00?",
    ),
    "an event of many lines": (
        "triggers: [{when: {every: 30s}, ask: x}]",
        f"1:19: triggers.0.when: {KNOWN}, got lines of key: value",
    ),
    "a condition that is misspelt": (
        "triggers: [{when: a press, if: cutoff, ask: x}]",
        f"1:32: triggers.0.if: {FACT}, got text 'cutoff'; did you mean cut off?",
    ),
    "one of several conditions that is misspelt": (
        "triggers: [{when: a press, if: [cut off, not onlin], ask: x}]",
        f"1:42: triggers.0.if.1: {FACT}, got text 'not onlin'; did you mean not online?",
    ),
    "a condition that is a number": (
        "triggers: [{when: a press, if: 3, ask: x}]",
        f"1:32: triggers.0.if: {FACT}, got the number 3",
    ),
    "no time at all": (
        "triggers: [{when: a press, if: between 08:00 and 08:00, ask: x}]",
        (
            "1:32: triggers.0.if: expected two times of the day that differ, such as between 08:00 and 20:00, got text "
            "'between 08:00 and 08:00'"
        ),
    ),
    "conditions that are contrary": (
        "triggers: [{when: a press, if: [cut off, not cut off], ask: x}]",
        "1:32: triggers.0.if: expected conditions that can hold at the same time",
    ),
    "times that have nothing in common": (
        "triggers: [{when: a press, if: [between 08:00 and 12:00, between 12:00 and 20:00], ask: x}]",
        "1:32: triggers.0.if: expected conditions that can hold at the same time",
    ),
    "the name that Python has for if": (
        "triggers: [{when: a press, condition: cut off, ask: x}]",
        "1:28: triggers.0.condition: expected a key that is known here, not this one; did you mean if?",
    ),
    "a budget that is not there to be over": (
        "triggers: [{when: a press, if: over budget, do: ask anyway}]",
        "1:32: triggers.0.if: expected a section budgets: with a bound in it, there is none to be over",
    ),
    "a budget that bounds nothing": (
        "triggers: [{when: a press, if: not over budget, ask: x}]\nbudgets: {hour: {}}",
        "1:32: triggers.0.if: expected a section budgets: with a bound in it, there is none to be over",
    ),
    "an outbox that is not there to wait in": (
        "triggers: [{when: a press, if: [perhaps sent], do: send again}]",
        "1:33: triggers.0.if.0: expected a section outbox:, there is none for anything to wait in",
    ),
    "a scene that nobody watches": (
        "triggers: [{when: every 30s, if: scene changed, ask: x}]",
        "1:34: triggers.0.if: expected a camera that looks all the time, there is no camera: section",
    ),
    "a burst that is too long": (
        "triggers: [{when: a press, ask: x, frames: 3 over 20s}]",
        (
            "1:44: triggers.0.frames: expected none, one, or a burst such as 3 over 2s, 8 over 10s at most, got text "
            "'3 over 20s'"
        ),
    ),
    "a queue that is too long": (
        "triggers: [{when: a press, ask: x, busy: queue 99}]",
        (
            "1:42: triggers.0.busy: expected replace, ignore, queue, or queue with a number up to 8, such as queue 3, "
            "got text 'queue 99'"
        ),
    ),
    "a cool-down that is too long": (
        "triggers: [{when: a press, ask: x, cooldown: 25h}]",
        "1:46: triggers.0.cooldown: expected a duration of at most 24h, got text '25h'",
    ),
    "an outbox that is not there": (
        "triggers: [{when: a press, ask: x, outbox: true}]",
        "1:44: triggers.0.outbox: expected a section outbox: in which its asks may wait, there is none",
    ),
    "a prompt with a slip": (
        "triggers: [{when: a press, ask: 'at {tiem}'}]",
        (
            "1:33: triggers.0.ask: expected a prompt whose words in braces are among {time}, {date}, {answer}, not "
            "{tiem}, got text 'at {tiem}'; did you mean {time}?"
        ),
    ),
    "a prompt that is a variable without quotes": (
        "triggers: [{when: a press, ask: {answer}}]",
        '1:34: triggers.0.ask: expected quotes around a text with braces: "{answer}"',
    ),
    "a blank prompt": (
        "triggers: [{when: a press, ask: ' '}]",
        "1:33: triggers.0.ask: expected a question, not blanks alone, got text ' '",
    ),
    "frames for a text model": (
        "triggers: [{when: a press, ask: x, model: text, frames: one}]",
        "1:43: triggers.0.model: expected vision beside frames: one, for a text model sees nothing; or frames: none",
    ),
    "a policy beside a command": (
        "triggers: [{when: a press, do: clear, busy: ignore}]",
        "1:45: triggers.0.busy: expected no such key beside do, which asks nothing",
    ),
    "a conversation without a button": (
        "triggers: [{when: every 30s, ask: x, follow_up: true}]",
        "1:49: triggers.0.follow_up: expected no such key here: a button alone goes on with what was said before",
    ),
    "an unknown command": (
        "triggers: [{when: a press, do: ask anyways}]",
        (
            "1:32: triggers.0.do: expected cancel, clear, repeat, resume, pause, unpause, toggle pause, next page, "
            "previous page, new conversation, new wearer, ask anyway, send again or drop queued, got text "
            "'ask anyways'; did you mean ask anyway?"
        ),
    ),
    "a day that is shorter than an hour": (
        "budgets:\n  hour: {asks: 40}\n  day: {asks: 30}",
        "3:15: budgets.day.asks: expected at least as much as an hour may spend, 40 (line 2), got 30",
    ),
    "nothing to spend": (
        "budgets: {day: {frames: 0}}",
        "1:25: budgets.day.frames: expected a value of at least 1, got the number 0",
    ),
    "a budget that is misspelt": (
        "budgets: {day: {token: 9}}",
        "1:17: budgets.day.token: expected a key that is known here, not this one; did you mean tokens?",
    ),
    "a span that there is not": (
        "budgets: {week: {asks: 9}}",
        "1:11: budgets.week: expected a key that is known here, not this one; known here: hour, day",
    ),
    "a reading speed without its unit": (
        "reading: {auto_page: 200}",
        f"1:22: reading.auto_page: {SPEED}, got the number 200",
    ),
    "a speed at which nobody reads": (
        "reading: {auto_page: 5 words a minute}",
        f"1:22: reading.auto_page: {SPEED}, got text '5 words a minute'",
    ),
    "a screen that is never there": (
        "reading: {hold_errors: 0s}",
        "1:24: reading.hold_errors: expected always or a value above 0, got text '0s'",
    ),
    "a conversation that never ends": (
        "follow_up: {within: 2d}",
        "1:21: follow_up.within: expected a duration of at most 24h, got text '2d'",
    ),
    "more pictures than turns": (
        "follow_up: {turns: 1, pictures: 2}",
        "1:33: follow_up.pictures: expected at most as many as turns, 1, got 2",
    ),
    "a section that is on by being there, with nothing in it": (
        "follow_up:",
        "1:1: follow_up: expected a value after the colon, got nothing ({} takes all of its defaults)",
    ),
    "pictures that outlive the rest": (
        "journal: {age: 30d, pictures: 31d}",
        "1:31: journal.pictures: expected at most age, which is 30d, got 31d",
    ),
    "pictures of a journal that is off": (
        "journal: {keep: off, pictures: 1d}",
        "1:32: journal.pictures: expected never beside keep: off, which keeps nothing",
    ),
    "a journal that keeps off as a word": (
        "journal: {keep: no}",
        "1:17: journal.keep: expected off, timings or text, got text 'no'",
    ),
    "a journal that is too small": (
        "journal: {size: 10KB}",
        "1:17: journal.size: expected at least 1MiB, got text '10KB'",
    ),
    "pictures for no time": (
        "journal: {pictures: 0s}",
        "1:21: journal.pictures: expected never or a value above 0, got text '0s'",
    ),
    "an outbox for a year": (
        "outbox: {age: 365d}",
        "1:15: outbox.age: expected a duration of at most 30d, got text '365d'",
    ),
    "the key of an outbox that is somebody else's": (
        "outbox: {key: api}\napi: {listen: '127.0.0.1:1', token: api}",
        "1:15: outbox.key: expected a credential of its own, api.token (line 2) has api",
    ),
    "the default key of an outbox that is somebody else's": (
        "outbox: {}\napi: {listen: '127.0.0.1:1', token: outbox}",
        "1:1: outbox.key: expected a credential of its own, api.token (line 2) has outbox",
    ),
}


@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_is_one_line_at_its_place(name: str, tmp_path: Path) -> None:
    text, told = SLIPS[name]
    assert mistakes(tmp_path, f"{text}\n{MODEL}") == [f"glassd.yaml:{told}"]


def told_of(tmp_path: Path, text: str) -> list[str]:
    return [line.split(": ", 1)[1] for line in mistakes(tmp_path, text)]


# -- endpoints --------------------------------------------------------------------------------------------------------


def test_an_endpoint_is_named_as_it_is_and_each_name_is_one_endpoints(tmp_path: Path) -> None:
    trigger = "triggers: [{when: a press, ask: x, endpoint: %s}]\n"
    assert told_of(tmp_path, CLOUD + trigger % "words") == []
    assert told_of(tmp_path, CLOUD + trigger % "cluod") == [
        "triggers.0.endpoint: expected the name: of an endpoint, got cluod; did you mean cloud?"
    ]
    assert told_of(tmp_path, MODEL + trigger % "local") == [
        "triggers.0.endpoint: expected the name: of an endpoint, got local; named are: none"
    ]
    assert told_of(tmp_path, CLOUD.replace("name: words", "name: cloud")) == [
        "model.endpoints.1.name: expected a name of its own, the endpoint in line 1 has this one"
    ]


def test_an_endpoint_that_sees_nothing_is_not_asked_about_a_picture(tmp_path: Path) -> None:
    trigger = "triggers: [{when: a press, ask: x, endpoint: words%s}]\n"
    expected = "expected an endpoint with a vision model, for the picture; this one has a text model alone"
    blind = f"triggers.0.endpoint: {expected}"
    assert told_of(tmp_path, CLOUD + CAMERA + trigger % "") == [blind]
    assert told_of(tmp_path, CLOUD + CAMERA + trigger % ", frames: 2 over 1s") == [blind]
    assert told_of(tmp_path, CLOUD + CAMERA + trigger % ", frames: none") == []
    assert told_of(tmp_path, CLOUD + CAMERA + trigger % ", model: text") == []
    assert told_of(tmp_path, CLOUD + trigger % "") == []


def test_money_takes_a_price_at_one_endpoint_at_least(tmp_path: Path) -> None:
    budgets = "budgets: {hour: {money: 1}, day: {money: 5.5}}\n"
    missing = "expected a price: at the endpoints that cost something, no endpoint has one"
    assert told_of(tmp_path, CLOUD + budgets) == [f"budgets.hour.money: {missing}", f"budgets.day.money: {missing}"]
    priced = CLOUD.replace("vision: v", "vision: v, price: {input: 0.8, output: 2}")
    assert told_of(tmp_path, priced + budgets) == []


def test_a_broken_endpoint_brings_no_mistakes_about_names_and_prices(tmp_path: Path) -> None:
    text = "model:\n  endpoints:\n    - {url: https://a.example/v1, vision: v, name\n"
    more = "budgets: {day: {money: 5}}\ntriggers: [{when: a press, ask: x, endpoint: cloud}]\n"
    (told,) = told_of(tmp_path, text + more)
    assert told.startswith("model.endpoints.0: expected a closing }")


# -- triggers that can be reached -------------------------------------------------------------------------------------


def test_several_triggers_may_wait_for_one_event_each_under_its_own_condition(tmp_path: Path) -> None:
    text = f"""{MODEL}
triggers:
  - {{when: main press, if: [answer shown, not cut off], do: next page}}
  - {{when: main press, if: answer shown, do: clear}}
  - {{when: main press, ask: x}}
"""
    assert mistakes(tmp_path, text) == []


@pytest.mark.parametrize(
    ("first", "second", "mend"),
    [
        ("", "", "an if: there leaves some to this one"),
        ("", ", if: cut off", "put this one before it"),
        (", if: cut off", ", if: [cut off]", "an if: there leaves some to this one"),
        (", if: cut off", ", if: [online, cut off]", "put this one before it"),
        (", if: []", ", if: null", "an if: there leaves some to this one"),
    ],
)
@pytest.mark.parametrize("event", ["main press", "every 60s", "at 08:00", "start"])
def test_a_trigger_behind_one_that_always_comes_first_is_told(
    event: str, first: str, second: str, mend: str, tmp_path: Path
) -> None:
    same = {"every 60s": "every 1min", "main press": "main  press"}.get(event, event)
    text = f"{MODEL}triggers:\n  - {{when: {event}{first}, ask: x}}\n  - {{when: {same}{second}, do: clear}}\n"
    told = f"expected a trigger that can be reached, triggers.0 in line 3 always comes first; {mend}"
    assert mistakes(tmp_path, text) == [f"glassd.yaml:4:12: triggers.1.when: {told}"]


def test_a_slip_in_the_key_of_a_condition_is_told_alone(tmp_path: Path) -> None:
    text = f"{MODEL}triggers:\n  - {{when: a press, iff: cut off, do: resume}}\n  - {{when: a press, ask: x}}\n"
    assert told_of(tmp_path, text) == [
        "triggers.0.iff: expected a key that is known here, not this one; did you mean if?"
    ]


CONDITION = st.builds(Condition, st.sampled_from(FACTS[:3]), st.booleans())
LADDERS = st.lists(st.lists(CONDITION, max_size=3, unique_by=lambda each: each.fact), min_size=2, max_size=5)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ladder=LADDERS)
def test_whatever_is_told_to_be_out_of_reach_is(ladder: list[list[Condition]], tmp_path: Path) -> None:
    """One that is told of is never the first whose conditions hold, whatever the facts; the first of all never is."""
    lines = "".join(f"  - {{when: a press, if: [{', '.join(map(str, each))}], do: clear}}\n" for each in ladder)
    told = told_of(tmp_path, f"{MODEL}budgets: {{day: {{asks: 9}}}}\ntriggers:\n{lines}")
    lost = {int(line.split(".")[1]) for line in told}
    assert 0 not in lost
    for held in itertools.product([True, False], repeat=3):
        facts = dict(zip(FACTS[:3], held, strict=True))
        holding = [at for at, each in enumerate(ladder) if all(facts[one.fact] == one.holds for one in each)]  # type: ignore[index]  # no between among them
        assert not holding or holding[0] not in lost


# -- how they are written ---------------------------------------------------------------------------------------------

WHOLE = """\
budgets: {hour: {asks: 40, tokens: 400000}, day: {asks: 300, frames: 500, tokens: 400000}}
follow_up: {within: 90s, turns: 3, pictures: 2, ends_with_clear: false}
journal: {keep: text, pictures: 7d, age: 30d, size: 32MiB}
outbox: {key: box, asks: 5, size: 5MB, age: 12h}
triggers:
  - when: every 30s
    if: [not answer shown, between 20:00 and 08:00]
    ask: "{time}: what is new since {answer}?"
    frames: 3 over 1.5s
    cooldown: 1min
    busy: queue 2
    model: vision
    outbox: true
  - {when: main press, ask: x, cut_off: anew, follow_up: false, busy: replace, frames: none}
"""


def test_all_of_it_is_read(tmp_path: Path) -> None:
    read = config(tmp_path, MODEL + WHOLE)
    first, second = read.triggers
    assert [str(each) for each in (first.when, *first.condition, first.frames, first.busy)] == [
        *("every 30s", "not answer shown", "between 20:00 and 08:00", "3 over 1.5s", "queue 2")
    ]
    assert (first.frames, first.busy, first.cooldown) == (Frames(3, 1.5), Busy("queue", 2), 60.0)
    assert (second.cut_off, second.follow_up, second.takes.count) == ("anew", False, 0)
    assert read.budgets.day.tokens == 400_000
    assert read.follow_up is not None
    assert read.follow_up.within == 90.0
    assert read.outbox is not None
    assert (read.outbox.key, read.outbox.size) == ("box", 5_000_000)
    assert read.journal.pictures == 7 * 86400.0


def test_a_text_model_takes_no_frames(tmp_path: Path) -> None:
    (trigger,) = config(tmp_path, MODEL + "triggers: [{when: a press, ask: x, model: text}]").triggers
    assert trigger.takes.count == 0


def test_a_journal_may_be_off_though_it_is_no_false(tmp_path: Path) -> None:
    assert config(tmp_path, MODEL + "journal: {keep: off}").journal.keep == "off"


def test_what_layers_hold_is_merged_and_reads_as_the_same(tmp_path: Path) -> None:
    path = tmp_path / "glassd.yaml"
    path.write_text(MODEL + WHOLE, encoding="utf-8")
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d/a.yaml").write_text("budgets: {day: {asks: 200}}\nfollow_up: {turns: 2}\n", encoding="utf-8")
    loaded = load(
        path, overrides=["triggers.1.if=cut off", "triggers.0.if=[online]", "triggers.0.outbox=false", "outbox=null"]
    )
    assert loaded.config.budgets.day.asks == 200
    assert loaded.config.budgets.day.frames == 500
    assert [str(one) for one in loaded.config.triggers[1].condition] == ["cut off"]
    again = tmp_path / "again.yaml"
    again.write_text(loaded.merged(), encoding="utf-8")
    assert load(again).config == loaded.config
    assert "command line:1" in loaded.merged()


def test_a_mistake_between_layers_names_the_other_file(tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d/a.yaml").write_text("budgets: {day: {asks: 20}}\n", encoding="utf-8")
    (told,) = mistakes(tmp_path, MODEL + "budgets: {hour: {asks: 40}}\n")
    assert told == (
        f"conf.d/a.yaml:1:23: budgets.day.asks: expected at least as much as an hour may spend, 40 "
        f"({tmp_path}/glassd.yaml:2), got 20"
    ).replace(f"{tmp_path}/", "")


def test_a_thousand_triggers_are_read(tmp_path: Path) -> None:
    gestures = get_args(Gesture)
    lines = [f"  - {{when: b{number // 4} {gestures[number % 4]}, ask: x}}\n" for number in range(1000)]
    assert len(config(tmp_path, f"{MODEL}triggers:\n{''.join(lines)}").triggers) == 1000
