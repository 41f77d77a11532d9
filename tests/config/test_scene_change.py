"""`when: scene change`: what it takes, and what is told where that is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from yaml_files import MODEL, mistakes

from glassd.config.load import load
from glassd.config.triggers import SceneChange

if TYPE_CHECKING:
    from pathlib import Path

CAMERA = "camera: {driver: clip, path: .}\n"
TRIGGERS = "triggers:\n  - {when: scene change, ask: Where am I}\n"


def test_a_trigger_waits_for_a_scene_change_and_needs_no_buttons(tmp_path: Path) -> None:
    file = tmp_path / "glassd.yaml"
    file.write_text(MODEL + CAMERA + TRIGGERS, encoding="utf-8")
    loaded = load(file)
    (trigger,) = loaded.config.triggers
    assert trigger.when == SceneChange()
    assert str(trigger.when) == "scene change"
    assert not any("buttons" in warning for warning in loaded.warnings)


@pytest.mark.parametrize(
    ("camera", "why"),
    [
        ("", "there is no camera: section"),
        ("camera: null\n", "there is no camera: section"),
        (CAMERA.replace("path", "capture: after_sign, path"), "camera.capture in line 2 is after_sign, not ring"),
        (CAMERA.replace("path", "keep_open: 30s, path"), "camera.keep_open in line 2 is 30s, not always"),
        (CAMERA.replace("path", "keep_open: never, path"), "camera.keep_open in line 2 is never, not always"),
    ],
)
def test_it_takes_a_camera_that_looks_all_the_time(camera: str, why: str, tmp_path: Path) -> None:
    (told,) = mistakes(tmp_path, MODEL + camera + TRIGGERS)
    assert told.endswith(f"triggers.0.when: expected a camera that looks all the time, {why}")


@pytest.mark.parametrize("camera", ["capture: ring, ", "keep_open: always, "])
def test_it_may_be_said_that_it_looks_all_the_time(camera: str, tmp_path: Path) -> None:
    assert mistakes(tmp_path, MODEL + CAMERA.replace("path", f"{camera}path") + TRIGGERS) == []


def test_one_trigger_has_it(tmp_path: Path) -> None:
    again = TRIGGERS + "  - {when: scene  change, do: clear}\n"
    (told,) = mistakes(tmp_path, MODEL + CAMERA + again)
    assert "expected a trigger that can be reached, triggers.0 in line 4 always comes first" in told
