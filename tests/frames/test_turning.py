"""How a camera sits: turns against numpy's own, and the middle that is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from glassd.frames.turning import BY_ORIENTATION, Pose, Region, Turn
from glassd_drivers.units import Size

SIDES = st.integers(1, 5000)
SIZES = st.builds(Size, SIDES, SIDES)
STEPS = st.lists(st.sampled_from(["turn", "mirror"]), max_size=8)
POSES = st.builds(
    Pose,
    st.none() | st.floats(0.01, 1) | SIZES,
    st.sampled_from([0, 90, 180, 270]),
    st.booleans(),
)
ORIENTATIONS = st.integers(1, 8)


def applied(turn: Turn, picture: Any) -> Any:
    return np.rot90(np.fliplr(picture) if turn.mirrored else picture, -turn.quarters)


@given(STEPS)
def test_any_run_of_turns_and_mirrors_is_one_turn(steps: list[str]) -> None:
    picture = np.arange(6).reshape(2, 3)
    wanted, turn = picture, Turn()
    for step in steps:
        turn = turn.then_turned(1) if step == "turn" else turn.then_mirrored()
        wanted = np.rot90(wanted, -1) if step == "turn" else np.fliplr(wanted)
    assert (applied(turn, picture) == wanted).all()
    assert turn.size_of(Size(3, 2)) == (wanted.shape[1], wanted.shape[0])


@given(ORIENTATIONS, st.sampled_from([0, 90, 180, 270]), st.booleans())
def test_a_pose_comes_after_the_frames_own_orientation(orientation: int, rotate: int, mirror: bool) -> None:
    picture = np.arange(6).reshape(2, 3)
    wanted = np.rot90(applied(BY_ORIENTATION[orientation], picture), -rotate // 90)
    wanted = np.fliplr(wanted) if mirror else wanted
    assert (applied(Pose(None, rotate, mirror).turn(orientation), picture) == wanted).all()


@given(SIZES, POSES, ORIENTATIONS)
def test_what_is_kept_is_the_middle_and_within_the_frame(size: Size, pose: Pose, orientation: int) -> None:
    turn = pose.turn(orientation)
    left, top, width, height = pose.region(size, turn)
    assert 0 < width <= size.width
    assert 0 < height <= size.height
    assert abs(left - (size.width - left - width)) <= 1
    assert abs(top - (size.height - top - height)) <= 1
    if isinstance(pose.crop, Size):
        upright = turn.size_of(size)
        assert turn.size_of(Size(width, height)) == (min(pose.crop[0], upright[0]), min(pose.crop[1], upright[1]))


@given(SIZES, SIZES, POSES)
def test_a_region_lies_within_a_smaller_decode_too(size: Size, other: Size, pose: Pose) -> None:
    left, top, width, height = pose.region(size, Turn()).within(size, other)
    assert 0 <= left < left + width <= other.width
    assert 0 <= top < top + height <= other.height
    assert Region(0, 0, *size).within(size, other) == (0, 0, *other)
