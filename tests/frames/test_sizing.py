"""The size in which a picture is sent: any picture, any limits."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from glassd.frames.sizing import UnfitError, fitted, reachable_tokens
from glassd.limits import Limits, tokens_of
from glassd_drivers.units import Size

SIDES = st.integers(1, 65_535)
SIZES = st.builds(Size, SIDES, SIDES)
ORDINARY = st.tuples(st.integers(64, 9000), st.floats(0.25, 4)).map(
    lambda of: Size(of[0], max(64, round(of[0] * of[1])))
)
PATCHES = st.sampled_from([28, 32]) | st.integers(8, 64)
LIMITS = st.builds(
    Limits,
    patch=PATCHES,
    tokens=st.integers(3, 20_000),
    pixels=st.none() | st.integers(10_000, 10**8),
    side=st.none() | st.integers(64, 65_535),
)


def cost(size: Size, patch: int) -> int:
    """What the server counts: each side rounded to whole patches, and two delimiters."""
    across, down = (max(1, math.floor(side / patch + 0.5)) for side in size)
    return across * down + 2


def keeps(size: Size, limits: Limits) -> bool:
    return (
        cost(size, limits.patch) <= limits.tokens
        and size.width * size.height <= (limits.pixels or math.inf)
        and max(size) <= (limits.side or math.inf)
    )


def bend(size: Size, other: Size) -> float:
    return abs((other.width / other.height) / (size.width / size.height) - 1)


@given(SIZES | ORDINARY, LIMITS)
@example(Size(65_535, 65_535), Limits(28, 3))
@example(Size(4000, 20), Limits(28, 1280))
def test_whatever_is_sent_keeps_to_every_limit_and_to_its_shape_and_is_never_larger(size: Size, limits: Limits) -> None:
    try:
        sent = fitted(size, limits)
    except UnfitError:
        return
    assert keeps(sent, limits)
    assert sent.width <= size.width
    assert sent.height <= size.height
    assert min(sent) > 10
    if min(sent) >= 50:
        assert bend(size, sent) <= 0.01 + 1e-9
    elif bend(size, sent) > 0.01:
        shorter = max(sent) * min(size) / max(size)
        assert abs(min(sent) - shorter) <= 0.5


@given(SIZES | ORDINARY, LIMITS)
def test_what_fits_goes_as_it_is_and_what_was_made_to_fit_does_from_then_on(size: Size, limits: Limits) -> None:
    try:
        sent = fitted(size, limits)
    except UnfitError:
        return
    assert (sent == size) == keeps(size, limits)
    if max(sent) <= limits.ratio * min(sent):  # half a pixel can make a shape that is just allowed one that is not
        assert fitted(sent, limits) == sent


@given(ORDINARY, st.sampled_from([28, 32]), st.integers(64, 20_000))
def test_a_picture_of_an_ordinary_shape_always_fits(size: Size, patch: int, tokens: int) -> None:
    assert min(fitted(size, Limits(patch, tokens))) > 10


@given(st.tuples(st.integers(300, 1500), st.integers(300, 1500)), st.integers(20, 400), st.sampled_from([28, 32]))
def test_no_larger_size_would_have_fitted(sides: tuple[int, int], tokens: int, patch: int) -> None:
    """Beside a search through every size of the shape, and through every number of whole patches."""
    size, limits = Size(*sides), Limits(patch, tokens)
    assume(not keeps(size, limits))
    sent = fitted(size, limits)
    scaled = (
        Size(round(size.width * part), round(size.height * part)) for part in (n / 2000 for n in range(2000, 0, -1))
    )
    largest = next(each for each in scaled if min(each) > 0 and keeps(each, limits))
    whole = [
        Size(across * patch, down * patch)
        for across in range(1, size.width // patch + 1)
        for down in range(1, size.height // patch + 1)
        if across * down + 2 <= tokens and bend(size, Size(across, down)) <= 0.01
    ]
    best = max((each.width * each.height for each in whole), default=0)
    pixels = sent.width * sent.height
    assert pixels >= 0.75 * largest.width * largest.height * 0.98  # the search rounds both sides, ours the shorter
    if sent.width % patch == 0 and sent.height % patch == 0 and best:
        assert pixels >= best
    else:
        assert best < pixels


@pytest.mark.parametrize("patch", [28, 32])
@pytest.mark.parametrize(
    "size", [Size(4032, 3024), Size(1920, 1080), Size(3000, 2000), Size(3000, 3000), Size(1080, 1920)]
)
def test_cameras_pictures_are_sent_in_whole_patches_at_the_usual_budgets(size: Size, patch: int) -> None:
    for tokens in (512, 1280):
        assert [side % patch for side in fitted(size, Limits(patch, tokens))] == [0, 0]


@pytest.mark.parametrize(
    ("size", "says"),
    [
        (Size(10, 400), "at least 11"),
        (Size(2211, 11), "over 200 times"),
        (Size(20_000, 110), "would be under 11"),
    ],
)
def test_what_no_model_takes_is_refused_with_the_reason(size: Size, says: str) -> None:
    with pytest.raises(UnfitError, match=says):
        fitted(size, Limits(28, 40))


@given(SIZES)
def test_a_cap_is_the_most_that_a_picture_can_cost(size: Size) -> None:
    assume(min(size) > 10 and max(size) <= 200 * min(size))
    assert reachable_tokens(size, Limits(32, 16)) == tokens_of(*size, 32)
    if max(size) > 640 and max(size) < 10 * min(size):
        assert reachable_tokens(size, Limits(32, 16, side=640)) <= tokens_of(640, 640, 32)
