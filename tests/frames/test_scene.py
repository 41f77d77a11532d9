from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clips import KINDS, Clip, Score, clips, score
from glassd.frames.glance import Glance, difference, glance
from glassd.frames.grey import eighth_grey
from glassd.frames.scene import APART_S, CHANGED, GAP_S, SETTLE_S, Scene

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE = 2.0
"""Glances a second."""


@cache
def clips_of(seed: int) -> list[Clip]:
    return clips(seed)


def told(clip: Clip) -> list[float]:
    scene = Scene()
    return [frame.instant for frame in clip.frames(RATE) if scene.see(glance(eighth_grey(frame)), frame.instant)]


STEADY = [clip.name for clip in clips_of(1) if not clip.changes and clip.name != "walking on"]


@pytest.mark.parametrize("name", STEADY)
def test_lights_noise_a_restless_head_and_what_passes_are_no_change(name: str) -> None:
    clip = next(clip for clip in clips_of(1) if clip.name == name)
    assert told(clip) == []


def test_most_changes_are_told_once_the_view_is_at_rest_and_hardly_anything_else() -> None:
    changing = [clip for seed in (1, 2) for clip in clips_of(seed) if clip.changes]
    total = sum((score(clip, told(clip)) for clip in changing), Score())
    assert total.recall >= 0.8
    assert total.precision >= 0.8


def test_there_is_a_clip_of_every_kind() -> None:
    assert len({clip.name for clip in clips_of(1)}) == len(KINDS)


# -- the state machine -------------------------------------------------------------------------------------------------


def texture(seed: int) -> NDArray[np.uint8]:
    """Return a view that has nothing to do with that of another seed."""
    coarse = np.random.default_rng(seed).integers(20, 230, (9, 16)).astype(np.uint8)
    return np.asarray(cv2.resize(coarse, (80, 45), interpolation=cv2.INTER_CUBIC), np.uint8)


VIEWS = {name: glance(texture(seed)) for seed, name in enumerate(("hall", "street", "desk"))}
VIEWS["covered"] = glance(np.zeros((45, 80), np.uint8))
VIEWS["burnt"] = glance(np.full((45, 80), 255, np.uint8))
runs = st.lists(
    st.tuples(st.sampled_from(sorted(VIEWS)), st.integers(1, 12), st.sampled_from((0.3, 0.5, 1.9, 2.1))), max_size=6
)
"""Views, each seen so many times with so many seconds between."""


def seen(parts: list[tuple[str, int, float]]) -> list[tuple[str, float]]:
    sequence, now = [], 100.0
    for name, count, step in parts:
        for _ in range(count):
            now += step
            sequence.append((name, now))
    return sequence


@given(runs)
def test_a_change_is_told_of_a_view_at_rest_that_is_another_and_never_twice_in_a_short_time(
    parts: list[tuple[str, int, float]],
) -> None:
    scene = Scene()
    sequence = seen(parts)
    changes = [(name, now) for name, now in sequence if scene.see(VIEWS[name], now)]
    for (before, at), (after, later) in pairwise(changes):
        assert before != after
        assert later - at >= APART_S
    for name, now in changes:
        assert name not in ("covered", "burnt")
        assert {view for view, at in sequence if now - SETTLE_S <= at <= now} == {name}


@given(st.lists(st.sampled_from(("hall", "covered", "burnt")), max_size=30))
def test_a_view_that_comes_back_has_not_changed(names: list[str]) -> None:
    scene = Scene()
    assert not any(scene.see(VIEWS[name], i / RATE) for i, name in enumerate(names))


@given(st.integers(0, 2**32 - 1), st.floats(0, 3), st.floats(0.5, 1.1), st.floats(0, 110))
def test_nothing_changes_in_a_steady_view_whatever_the_noise_and_the_gain(
    seed: int, noise: float, gain: float, contrast: float
) -> None:
    rng = np.random.default_rng(seed)
    coarse = (120 + rng.uniform(-contrast, contrast, (9, 16))).clip(0, 255).astype(np.float32)
    view = cv2.resize(coarse, (80, 45), interpolation=cv2.INTER_LINEAR)
    scene = Scene()
    for i in range(8):
        lit = view * rng.uniform(min(gain, 1), max(gain, 1)) + rng.uniform(-noise, noise, view.shape)
        assert not scene.see(glance(lit.clip(0, 255).astype(np.uint8)), i / RATE)


def changes_after(parts: list[tuple[str, int, float]]) -> list[tuple[str, float]]:
    scene = Scene()
    return [(name, now) for name, now in seen(parts) if scene.see(VIEWS[name], now)]


def test_a_change_is_told_when_it_has_settled() -> None:
    changes = changes_after([("hall", 6, 0.5), ("street", 6, 0.5)])
    assert changes == [("street", 103.0 + 1.0 + SETTLE_S)]  # seen again half a second after it came, and settled


def test_a_change_that_comes_too_soon_waits_and_is_told_if_it_is_still_there() -> None:
    soon = [("hall", 6, 0.5), ("street", 6, 0.5), ("desk", 30, 0.5)]
    assert [name for name, _ in changes_after(soon)] == ["street", "desk"]
    gone = [("hall", 6, 0.5), ("street", 6, 0.5), ("desk", 6, 0.5), ("street", 30, 0.5)]
    assert [name for name, _ in changes_after(gone)] == ["street"]


def test_nobody_knows_whether_a_view_was_at_rest_while_nothing_was_seen_of_it() -> None:
    assert changes_after([("hall", 6, 0.5), ("street", 20, GAP_S + 0.1)]) == []
    assert [name for name, _ in changes_after([("hall", 6, 0.5), ("street", 20, GAP_S)])] == ["street"]


def test_a_view_of_another_size_is_another() -> None:
    small = glance(np.ascontiguousarray(texture(0)[:30, :60]))
    assert difference(VIEWS["hall"], small) == 1.0


# -- what differs ------------------------------------------------------------------------------------------------------


def view(grey: Any) -> Glance:
    return glance(np.clip(grey, 0, 255).astype(np.uint8))


@given(st.integers(0, 1000), st.integers(-7, 7), st.integers(-7, 7))
def test_a_view_that_has_moved_a_little_is_the_same(seed: int, down: int, across: int) -> None:
    coarse = np.random.default_rng(seed).integers(20, 230, (15, 24)).astype(np.uint8)
    world = cv2.resize(coarse, (120, 75), interpolation=cv2.INTER_CUBIC)
    still, moved = world[15:60, 20:100], world[15 + down : 60 + down, 20 + across : 100 + across]
    assert difference(view(still), view(moved)) < CHANGED


@pytest.mark.parametrize("seed", range(5))
def test_a_window_that_is_burnt_out_is_the_same_behind_it(seed: int) -> None:
    there = texture(seed).astype(float)
    assert difference(view(there), view(there * 1.8)) < CHANGED
    assert difference(view(there * 1.8), view(there)) < CHANGED


@pytest.mark.parametrize("seed", range(5))
def test_bands_of_a_lamp_are_no_content(seed: int) -> None:
    rows = np.arange(45)[:, None] / 45
    lit = [texture(seed) * (1 - 0.4 * np.sin(np.pi * (3 * rows + phase)) ** 2) for phase in (0.0, 0.4)]
    assert difference(view(lit[0]), view(lit[1])) < CHANGED


@pytest.mark.parametrize("seed", range(5))
def test_something_else_in_an_eighth_of_the_view_makes_it_another(seed: int) -> None:
    there = texture(seed)
    something = there.copy()
    something[10:40, 30:46] = 250 - something[10:40, 30:46]
    assert difference(view(there), view(something)) >= CHANGED
    plain = there.copy()
    plain[10:40, 30:46] = 120
    assert difference(view(there), view(plain)) >= CHANGED


def test_something_plain_before_something_plain_makes_it_another_by_its_brightness() -> None:
    there = np.full((45, 80), 130)
    there[:, :20] = texture(1)[:, :20]
    something = there.copy()
    something[8:38, 40:70] = 75
    share = 30 * 30 / (45 * 80)
    assert difference(view(there), view(something)) > 0.9 * share


def test_a_view_of_a_few_cells_is_refused() -> None:
    with pytest.raises(ValueError, match="too small"):
        glance(np.zeros((15, 80), np.uint8))
