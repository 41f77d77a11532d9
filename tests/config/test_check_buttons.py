"""What `glassd check` says of buttons is what they do."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, get_args

import pytest
from yaml_files import MODEL, config

from glassd.cli import main
from glassd.config.triggers import Gesture
from glassd.scheduler.gestures import CLICKS, Gestures, Made
from glassd_drivers.contracts import Edge, EdgeKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from glassd.config.schema import GestureTimes

ALL: tuple[Gesture, ...] = get_args(Gesture)
MAPPINGS = [mapped for size in range(1, 5) for mapped in itertools.combinations(ALL, size)]
HELD_S = 0.125
"""How long the finger is down, and how long it is up between two clicks; less than any time below."""


def written(mapped: Iterable[str], gestures: str = "{}", rest: str = "") -> str:
    triggers = "".join(f"  - {{when: main {gesture}, do: clear}}\n" for gesture in mapped)
    return f"{MODEL}buttons: [{{driver: keyboard}}]\ngestures: {gestures}\ntriggers:\n{triggers}{rest}"


def checked(folder: Path, text: str, capsys: pytest.CaptureFixture[str]) -> tuple[list[str], list[str]]:
    """Return the lines of what a config sets up, and its warnings."""
    path = folder / "glassd.yaml"
    path.write_text(text)
    assert main(["check", str(path)]) == 0
    told = capsys.readouterr()
    return told.out.splitlines(), told.err.splitlines()


def measured(gesture: Gesture, mapped: Iterable[Gesture], times: GestureTimes) -> str:
    """Make the gesture on a virtual clock and say how long after the finger's own action it is known."""
    gestures = Gestures(times, {"main": frozenset(mapped)})
    if gesture == "long":
        edges = [Edge("main", EdgeKind.DOWN, 1.0), Edge("main", EdgeKind.UP, 9.0)]
    else:
        kinds = [EdgeKind.DOWN, EdgeKind.UP] * CLICKS[gesture]
        edges = [Edge("main", kind, 1.0 + HELD_S * number) for number, kind in enumerate(kinds)]
    known: list[tuple[float, Made]] = []
    for edge in [*edges, None]:
        while (due := gestures.due) is not None and (edge is None or due <= edge.instant):
            known += [(due, event) for event in gestures.advance(due) if isinstance(event, Made)]
        if edge is not None:
            known += [(edge.instant, event) for event in gestures.edge(edge) if isinstance(event, Made)]
    [(at, event)] = known
    assert event.gesture == gesture
    if gesture == "long":
        return f" (known after {(at - 1.0) * 1000:.0f}ms of holding"
    if at == edges[-2].instant:
        return ""
    late = at - edges[-1].instant
    return f" (known {late * 1000:.0f}ms after its release" if late else " (known at its release"


@pytest.mark.parametrize("times", ["{}", "{double: 250ms, long: 800ms, debounce: 5ms}"])
@pytest.mark.parametrize("mapped", MAPPINGS, ids=" ".join)
def test_each_gesture_is_known_when_check_says(
    mapped: tuple[Gesture, ...], times: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = written(mapped, times)
    in_force = config(tmp_path, text).gestures
    lines, _ = checked(tmp_path, text, capsys)
    told = [line.partition(":")[::2] for line in lines if line.startswith("main ")]
    assert [(name, effect.removeprefix(" does clear").partition(":")[0].rstrip(")")) for name, effect in told] == [
        (f"main {gesture}", measured(gesture, mapped, in_force)) for gesture in mapped
    ]


def test_check_says_what_a_press_is_waited_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines, _ = checked(tmp_path, written(["press", "double", "triple", "long"], "{double: 1.5s}"), capsys)
    assert lines[4:8] == [
        "main press: does clear (known 1.5s after its release: until then it may become a double or triple)",
        "main double: does clear (known 1.5s after its release: until then it may become a triple)",
        "main triple: does clear",
        "main long: does clear (known after 600ms of holding)",
    ]
    lines, _ = checked(tmp_path, written(["press", "long"]), capsys)
    assert lines[4] == "main press: does clear (known at its release: until then it may become a long)"


def test_check_names_the_buttons_that_trigger_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = "  - {when: up double, do: clear}\n"
    lines, warnings = checked(tmp_path, written(["press"], rest=more), capsys)
    assert "without a trigger: back, down" in lines
    assert warnings == []
    more += "".join(f"  - {{when: {button} press, do: clear}}\n" for button in ("back", "down"))
    lines, _ = checked(tmp_path, written(["press"], rest=more), capsys)
    assert not any(line.startswith("without a trigger") for line in lines)


def test_a_bridge_that_names_its_own_buttons_is_not_guessed_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bridge = "buttons: [{driver: bridge, device: /dev/ttyS9}]"
    lines, _ = checked(tmp_path, written(["press"]).replace("buttons: [{driver: keyboard}]", bridge), capsys)
    assert not any(line.startswith("without a trigger") for line in lines)


def test_check_warns_of_a_double_where_repeats_mean_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = "{echoes: [{of: main, seen_as: main, within: 1s}, {of: main, seen_as: main}, {of: up, seen_as: back}]}"
    more = "  - {when: back double, do: clear}\n"
    _, warnings = checked(tmp_path, written(["press", "double", "long"], rules, more), capsys)
    told = "triggers.1.when: main double may never come, for gestures.echoes passes over each press of main within 1s"
    assert warnings == [f"warning: {told} of another one"]
