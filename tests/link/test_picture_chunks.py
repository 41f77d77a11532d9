"""A picture arrives whole and right or not at all; what it holds is bounded by what came, never by what was claimed."""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass, field

import pytest
import wire
from hypothesis import given
from hypothesis import strategies as st

from glassd_drivers.link.messages import Picture
from glassd_drivers.link.pictures import (
    AHEAD,
    GIVEN_UP_S,
    NOT_WANTED,
    TOO_LARGE,
    Assembly,
    refusal,
)

WAIT = 0.06
LIMIT = 100_000


def claim(size: int, chunk: int = 64, *, picture: int = 3, format_: int = 1) -> Picture:
    return Picture(picture, 1, size, chunk, 640, 480, format_, 0)


def picture_of(size: int) -> bytes:
    return random.Random(size).randbytes(size)


@dataclass
class Sender:
    """A device's side of it, as the page has it: chunks in order, those that are asked for again before new ones."""

    data: bytes
    chunk: int
    limit: int = AHEAD
    sent: int = 0
    again: list[int] = field(default_factory=list)

    @property
    def count(self) -> int:
        return -(-len(self.data) // self.chunk)

    def next(self) -> int | None:
        if self.again:
            return self.again.pop(0)
        if self.sent < min(self.limit, self.count):
            self.sent += 1
            return self.sent - 1
        return None

    def says(self, place: int) -> bytearray:
        return bytearray(self.data[place * self.chunk : (place + 1) * self.chunk])

    def told(self, body: bytes) -> None:
        _, fields = wire.read(wire.packet("TAKEN", 9, **_taken(body))[:-1], 9)
        assert fields["limit"] <= fields["next"] + AHEAD
        assert fields["limit"] >= self.limit
        self.limit = fields["limit"]
        self.again += [place for place in fields["missing"] if fields["next"] <= place < self.sent]
        assert len(fields["missing"]) <= 32


def _taken(body: bytes) -> dict[str, object]:
    missing = [int.from_bytes(body[at : at + 2], "little") for at in range(5, len(body), 2)]
    return {
        "picture": body[0],
        "next": int.from_bytes(body[1:3], "little"),
        "limit": int.from_bytes(body[3:5], "little"),
        "missing": missing,
    }


@given(
    st.integers(1, 40_000),
    st.integers(64, 300),
    st.floats(0, 0.5),
    st.floats(0, 0.5),
    st.integers(0, 2**32),
)
def test_under_any_loss_it_comes_whole_and_right_or_is_given_up(
    size: int, chunk: int, loss: float, lost_words: float, seed: int
) -> None:
    chance = random.Random(seed)
    far = Sender(picture_of(size), chunk)
    picture = Assembly(claim(size, chunk), WAIT, 0.0)
    now, ended = 0.0, False
    told: list[bytes] = []
    while not (picture.whole or picture.silent(now)):
        now += 0.001
        for body in told:
            if chance.random() >= lost_words:
                far.told(body)
        told = []
        place = far.next()
        if place is not None:
            if chance.random() >= loss:
                picture.add(place & 0xFF, far.says(place), now)
                if chance.random() < 0.05:
                    picture.add(place & 0xFF, far.says(place), now)
        elif far.sent == far.count and not ended:
            ended = True
            picture.end(zlib.crc32(far.data), now)
        picture.tick(now)
        if picture.to_tell:
            told.append(picture.tell(now))
        assert picture.held <= min(size, (picture.next + AHEAD) * chunk)
        assert now < 600
    if picture.whole:
        assert picture.data() == far.data
    else:
        assert loss or lost_words  # a line without faults never costs a picture


def test_without_losses_nothing_is_asked_for_twice_and_the_device_never_has_to_wait() -> None:
    far = Sender(picture_of(64 * 300), 64)
    picture = Assembly(claim(64 * 300), WAIT, 0.0)
    asked = 0
    for number in range(300):
        place = far.next()
        assert place == number
        picture.add(place & 0xFF, far.says(place), number * 0.001)
        if picture.to_tell:
            body = picture.tell(number * 0.001)
            assert len(body) == 5  # nothing is missing
            far.told(body)
            asked += 1
    picture.end(zlib.crc32(far.data), 0.3)
    assert picture.data() == far.data
    assert asked == (300 - AHEAD) // (AHEAD // 4) + 1


def test_a_hole_is_asked_for_once_it_is_seen_and_again_only_after_the_wait() -> None:
    far = Sender(picture_of(64 * 20), 64)
    picture = Assembly(claim(64 * 20), WAIT, 0.0)
    picture.add(0, far.says(0), 0.0)
    before = picture.to_tell
    picture.add(2, far.says(2), 0.001)
    assert (before, picture.to_tell) == (False, True)
    assert _taken(picture.tell(0.001))["missing"] == [1]
    picture.add(4, far.says(4), 0.002)
    assert _taken(picture.tell(0.002))["missing"] == [3]  # 1 is on its way
    picture.add(5, far.says(5), 0.05)
    assert picture.due() == pytest.approx(0.001 + WAIT)
    picture.tick(0.001 + WAIT)
    assert _taken(picture.tell(0.001 + WAIT))["missing"] == [1]
    picture.add(1, far.says(1), 0.07)
    assert picture.next == 3


def test_after_end_all_that_is_not_here_is_asked_for_at_once() -> None:
    picture = Assembly(claim(64 * 5), WAIT, 0.0)
    picture.end(0, 0.001)
    assert picture.to_tell
    assert _taken(picture.tell(0.001))["missing"] == [0, 1, 2, 3, 4]


def test_after_a_silence_all_that_may_have_been_sent_is_asked_for() -> None:
    picture = Assembly(claim(64 * 200), WAIT, 0.0)
    assert picture.due() == WAIT
    picture.tick(WAIT)
    assert picture.to_tell
    assert _taken(picture.tell(WAIT)) == {"picture": 3, "next": 0, "limit": 64, "missing": list(range(32))}


def test_a_picture_of_which_nothing_new_comes_is_given_up() -> None:
    far = Sender(picture_of(640), 64)
    picture = Assembly(claim(640), WAIT, 0.0)
    picture.add(0, far.says(0), 0.9)
    picture.add(3, far.says(3), 1.0)
    for place in (0, 3):
        picture.add(place, far.says(place), 1.5)  # nothing new
    assert not picture.silent(0.999 + GIVEN_UP_S)
    assert picture.silent(1.0 + GIVEN_UP_S)


def test_a_wrong_check_of_the_whole_is_seen() -> None:
    picture = Assembly(claim(64), WAIT, 0.0)
    picture.add(0, bytearray(64), 0.0)
    picture.end(1, 0.0)
    assert picture.whole
    assert picture.data() is None


@pytest.mark.parametrize(("place", "size"), [(0, 63), (0, 65), (0, 0), (9, 64), (9, 9), (10, 64), (64, 64), (255, 64)])
def test_a_chunk_of_another_size_or_place_than_may_come_is_dropped(place: int, size: int) -> None:
    picture = Assembly(claim(64 * 9 + 10), WAIT, 0.0)
    picture.add(place, bytearray(size), 0.0)
    assert picture.held == 0
    picture.add(9, bytearray(10), 0.0)
    picture.add(0, bytearray(64), 0.0)
    assert picture.held == 74


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=70)), max_size=300))
def test_chunks_that_may_not_come_are_dropped_and_hold_nothing(chunks: list[tuple[int, bytes]]) -> None:
    picture = Assembly(claim(64 * 1000), WAIT, 0.0)
    for index, data in chunks:
        picture.add(index, bytearray(data), 0.0)
    assert picture.held <= AHEAD * 64
    assert not picture.whole


@pytest.mark.parametrize(
    ("bad", "result"),
    [
        (claim(0xFFFF_FFFF, 4096), TOO_LARGE),
        (claim(LIMIT + 1, 4096), TOO_LARGE),
        (claim(0), NOT_WANTED),
        (claim(1000, 0), NOT_WANTED),
        (claim(1000, 63), NOT_WANTED),
        (claim(1000, 4097), NOT_WANTED),
        (claim(1000, picture=128), NOT_WANTED),
        (claim(1000, format_=2), NOT_WANTED),
        (claim(LIMIT, 4096), None),
        (claim(1), None),
    ],
)
def test_a_claim_is_checked_before_anything_is_held(bad: Picture, result: int | None) -> None:
    assert refusal(bad, LIMIT) == result


def test_more_chunks_than_taken_can_count_are_refused() -> None:
    assert refusal(claim(64 * 65_535), 1 << 30) is None
    assert refusal(claim(64 * 65_536), 1 << 30) == TOO_LARGE
