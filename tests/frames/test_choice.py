from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage import data

from glassd.frames.choice import LOST_MORE, TILES_LEAST, best, sharpness
from glassd.frames.look import Look, Tile, look
from glassd.frames.weights import Weights
from glassd_drivers.contracts import Frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glassd_drivers.contracts import MediaType

WIDTH, HEIGHT = 640, 360
FPS = 30
PRESS = 100.0


def scene(name: str = "astronaut") -> Any:
    picture = cast("Any", getattr(data, name))()
    picture = picture[..., ::-1] if picture.ndim == 3 else cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    return cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)


def blurred(picture: Any, pixels: int) -> Any:
    """Return what a camera that turns sees: each point drawn over so many pixels sideways."""
    return cv2.blur(picture, (pixels, 1)) if pixels > 1 else picture


def shot(picture: Any, instant: float = 0.0, noise: float = 4.0, raw: bool = False) -> Frame:
    """Return it as a camera gives it, with a sensor's noise."""
    rng = np.random.default_rng(round(instant * 1000))
    seen = np.clip(picture + rng.normal(0, noise, picture.shape), 0, 255).astype(np.uint8)
    if raw:
        grey = cv2.cvtColor(seen, cv2.COLOR_BGR2GRAY).tobytes()
        return Frame(grey, cast("MediaType", "raw/grey"), WIDTH, HEIGHT, instant, "camera")
    jpeg = cv2.imencode(".jpg", seen, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
    return Frame(jpeg, "image/jpeg", WIDTH, HEIGHT, instant, "camera")


@cache
def burst(name: str, blurs: tuple[int, ...], noise: float, raw: bool) -> list[tuple[Frame, Look]]:
    """Return frames of one scene at 30 fps from the instant 0 on, each blurred so much, and the look at each."""
    frames = [shot(blurred(scene(name), blur), i / FPS, noise, raw) for i, blur in enumerate(blurs)]
    return [(frame, look(frame)) for frame in frames]


SCENES = ("astronaut", "coffee", "rocket", "moon", "page", "gravel")


@pytest.mark.parametrize("raw", [False, True], ids=["JPEG", "raw"])
@pytest.mark.parametrize("noise", [0.0, 12.0])
@pytest.mark.parametrize("name", SCENES)
def test_in_a_steady_scene_the_nearest_frame_is_the_picture_however_noisy(name: str, noise: float, raw: bool) -> None:
    candidates = burst(name, (0,) * 10, noise, raw)
    for instant in np.random.default_rng(1).uniform(0, 9 / FPS, 50):
        nearest = min(range(10), key=lambda i: Weights().distance(candidates[i][0].instant, instant))
        assert best(candidates, float(instant)).index == nearest


@pytest.mark.parametrize("raw", [False, True], ids=["JPEG", "raw"])
@pytest.mark.parametrize("noise", [0.0, 12.0])
@pytest.mark.parametrize("name", SCENES)
def test_where_every_second_frame_is_blurred_a_sharp_neighbour_is_the_picture(
    name: str, noise: float, raw: bool
) -> None:
    candidates = burst(name, (0, 12) * 5, noise, raw)
    for instant in np.random.default_rng(2).uniform(0, 8 / FPS, 50):
        chosen = best(candidates, float(instant)).index
        assert chosen % 2 == 0
        assert Weights().distance(candidates[chosen][0].instant, instant) <= 4 / 3 / FPS + 1e-9  # two frames, one sharp


@pytest.mark.parametrize("blur", [(0, 8), (8, 16), (16, 40)])
@pytest.mark.parametrize("noise", [0.0, 12.0])
@pytest.mark.parametrize("name", SCENES)
def test_more_blur_is_less_sharpness(name: str, noise: float, blur: tuple[int, int]) -> None:
    less, more = sharpness([look(shot(blurred(scene(name), pixels), 1.0, noise)) for pixels in blur])
    assert (less, more) == (1.0, more)
    assert more < 0.9


def test_noise_on_a_bare_wall_or_in_the_dark_is_no_detail() -> None:
    sharp = look(shot(scene(), noise=6)).detail
    for level in (5, 120):
        for raw in (False, True):
            assert look(shot(np.full((HEIGHT, WIDTH, 3), level), noise=6, raw=raw)).detail < sharp / 2


def test_another_gain_is_hardly_another_sharpness() -> None:
    usual, darker = sharpness([look(shot(scene() * gain)) for gain in (1.0, 0.8)])
    assert min(usual, darker) > 0.9


@pytest.mark.parametrize("number", range(0, 64, 7))
def test_what_changes_in_a_part_of_the_picture_is_no_sharpness(number: int) -> None:
    """A counter in blocks across the upper quarter, or over all of the picture, beside its neighbours."""
    for rows in (1, 4):
        frames = [shot(counting(number + i, rows), i / FPS) for i in range(3)]
        assert min(sharpness([look(frame) for frame in frames])) > 0.9
        blur = [shot(blurred(counting(number + i, 1), 12 * (i == 1)), i / FPS) for i in range(3)]
        assert sharpness([look(frame) for frame in blur])[1] < 0.8


def counting(number: int, rows: int) -> Any:
    """A scene with a number in it, as white and black blocks in so many of four rows."""
    picture = scene().copy()
    for bit in range(4 * rows):
        y, x = divmod(bit, 4)
        block = picture[y * HEIGHT // 4 : (y + 1) * HEIGHT // 4, x * WIDTH // 4 : (x + 1) * WIDTH // 4]
        block[:] = 235 if number >> bit & 1 else 20
    return picture


@pytest.mark.parametrize(("level", "dark", "bright"), [(0, 1, 0), (128, 0, 0), (255, 0, 1)])
def test_exposure_is_told_by_shares_and_mean(level: int, dark: float, bright: float) -> None:
    seen = look(shot(np.full((HEIGHT, WIDTH, 3), level), noise=0))
    assert (seen.dark, seen.bright) == (dark, bright)
    assert seen.mean == pytest.approx(level, abs=1)


# -- the choice by itself ----------------------------------------------------------------------------------------------


def candidate(away: float, detail: float = 0.1, dark: float = 0.0, bright: float = 0.0) -> tuple[Frame, Look]:
    frame = Frame(b"", "image/jpeg", WIDTH, HEIGHT, PRESS + away, "camera")
    return frame, Look((Tile(detail, 100.0),) * TILES_LEAST, dark, bright, 255 * bright)


looks = st.builds(candidate, st.floats(-0.3, 0.3), st.floats(0, 1), st.floats(0, 0.5), st.floats(0, 0.5))
windows = st.lists(looks, min_size=1, max_size=12)
weights = st.builds(Weights, reach=st.floats(0.05, 10), enough=st.floats(0.1, 1), after=st.floats(1, 10))


@given(windows, weights)
def test_there_is_always_a_choice_with_a_line_about_each_candidate(
    window: Sequence[tuple[Frame, Look]], weighed: Weights
) -> None:
    choice = best(window, PRESS, weighed)
    assert len(choice.reasons) == len(window)
    assert [i for i, line in enumerate(choice.reasons) if line.startswith("chosen")] == [choice.index]
    assert all("\n" not in line for line in choice.reasons)


@given(windows, weights)
def test_no_other_frame_that_is_sound_is_both_nearer_and_as_sharp(
    window: Sequence[tuple[Frame, Look]], weighed: Weights
) -> None:
    frame, seen = window[best(window, PRESS, weighed).index]
    for other, its in window:
        nearer = weighed.distance(other.instant, PRESS) < weighed.distance(frame.instant, PRESS) - 1e-6
        sound = its.dark + its.bright <= seen.dark + seen.bright
        assert not (nearer and sound and its.detail >= seen.detail)


@given(windows, st.floats(0.9, 1), st.booleans())
def test_a_black_or_burnt_frame_is_the_picture_only_where_all_are(
    window: Sequence[tuple[Frame, Look]], lost: float, burnt: bool
) -> None:
    assert LOST_MORE < 0.4
    sound = [(frame, replace(seen, dark=seen.dark / 2, bright=seen.bright / 2)) for frame, seen in window]
    spoilt = candidate(0.0, 1.0, 0.0 if burnt else lost, lost if burnt else 0.0)
    assert best([spoilt, *sound], PRESS).index > 0
    assert best([spoilt, spoilt], PRESS).index == 0


@given(windows, st.floats(0.1, 10), weights)
def test_the_unit_of_detail_means_nothing(
    window: Sequence[tuple[Frame, Look]], factor: float, weighed: Weights
) -> None:
    scaled = [
        (frame, replace(seen, tiles=tuple(Tile(tile.detail * factor, tile.level) for tile in seen.tiles)))
        for frame, seen in window
    ]
    chosen, same = (window[best(each, PRESS, weighed).index] for each in (window, scaled))
    one = best([chosen, same], PRESS, weighed)
    assert chosen == same or one.reasons[0].split("score")[1][:5] == one.reasons[1].split("score")[1][:5]


def test_the_order_of_arrival_means_nothing() -> None:
    window = [candidate(i / FPS, 0.1 + 0.01 * (i % 3)) for i in range(-5, 6)]
    shuffled = random.Random(3).sample(window, len(window))
    assert shuffled[best(shuffled, PRESS).index] == window[best(window, PRESS).index]


def test_each_line_tells_why() -> None:
    choice = best([candidate(-0.01, 0.02), candidate(0.023, 0.1), candidate(0, 0.3, dark=0.99)], PRESS)
    before, chosen, black = choice.reasons
    assert choice.index == 1
    assert before.startswith("10 ms before, 20% as sharp as the sharpest, score 0.24")
    assert chosen.startswith("chosen: 23 ms after, 100% as sharp as the sharpest, score 0.95")
    assert black.startswith("0 ms after, black beside the others")
