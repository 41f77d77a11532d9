"""Far ends that mean no good, or know no better: bounded memory, nothing raised, never busy with nothing."""

from __future__ import annotations

import tracemalloc

import wire
from far_device import EVERYTHING, SESSION, FarEnd
from hypothesis import given
from hypothesis import strategies as st

from glassd_drivers.contracts import Screen
from glassd_drivers.link.events import (
    CameraMode,
    Failure,
    PictureCame,
    PictureFailed,
)

# -- hostile far ends -------------------------------------------------------------------------------------------------


def test_a_picture_of_4_gb_is_refused_before_a_byte_is_held() -> None:
    far = FarEnd().begun()
    far.host.camera(CameraMode.STREAM)
    far.messages()
    tracemalloc.start()
    for picture in range(100):
        far.tells(
            "CONTROL",
            "PICTURE",
            picture=picture,
            request=1,
            size=0xFFFF_FFFF,
            chunk=4096,
            width=1,
            height=1,
            format=1,
            time=0,
        )
        far.now += 0.01
        assert far.host.events() == [PictureFailed(1, Failure.TOO_LARGE)]
        assert far.messages() == [("DONE", {"picture": picture, "result": 1})]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20


def test_a_device_that_sends_messages_and_acknowledges_none_is_held_back() -> None:
    far = FarEnd().begun()
    far.host.camera(CameraMode.STREAM)
    for number in range(5000):
        far.tells(
            "CONTROL",
            "PICTURE",
            picture=number % 128,
            request=77,
            size=1,
            chunk=64,
            width=1,
            height=1,
            format=1,
            time=0,
        )
        far.heard()
    acked = far.host._session._control_in.next if far.host._session else 0
    assert acked < 100


def test_another_programs_noise_holds_nothing_and_tells_nothing() -> None:
    far = FarEnd()
    noise = bytes(range(256)) * 256 + b"\x55" * 65_536
    far.host.receive(noise, far.now)
    tracemalloc.start()
    for _ in range(100):  # 13 MB: 44 s at 3,000,000 baud
        far.now += 0.4
        far.host.receive(noise, far.now)
        far.host.tick(far.now)
        far.heard()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert far.host.events() == []
    assert far.host.good == 0
    assert far.host.bad > 1000
    assert peak < 1_000_000


MESSAGES = st.one_of(
    st.binary(max_size=40),
    st.builds(
        lambda kind, numbers: bytes([kind]) + bytes(numbers),
        st.sampled_from([0x01, 0x81, 0x82, 0x83]),
        st.lists(st.sampled_from([0, 1, 2, 3, 64, 127, 128, 255]), max_size=24),
    ),
)
PLAIN = st.one_of(
    st.builds(lambda type_, rest: bytes([type_]) + rest, st.integers(0, 255), st.binary(max_size=40)),
    st.builds(
        lambda type_, sequence, says: bytes([type_, sequence]) + says,
        st.sampled_from([0x20, 0x22]),
        st.integers(0, 20),
        MESSAGES,
    ),
    st.builds(
        lambda picture, index, size: bytes([0x80 + picture, index]) + bytes(size),
        st.integers(0, 3),
        st.integers(0, 20),
        st.sampled_from([0, 1, 63, 64, 65, 4096]),
    ),
    st.builds(lambda fields: b"\x03\x01" + SESSION.to_bytes(4, "little") + bytes(4) + fields, st.binary(max_size=60)),
)


@given(
    st.lists(st.tuples(PLAIN, st.sampled_from([0.0, 0.0, 0.001, 0.05, 0.3])), max_size=60),
    st.booleans(),
    st.sampled_from([None, 115_200]),
)
def test_whatever_a_device_says_nothing_is_raised_and_the_end_is_never_busy_with_nothing(
    said: list[tuple[bytes, float]], begun: bool, rate: int | None
) -> None:
    far = FarEnd(rate=rate, rates=(921_600, 1, 2**32 - 1), picture_limit=10_000)
    if begun:
        far.heard()
        far.welcome([*EVERYTHING, ["rates", 921_600, 1, 2**32 - 1]])
    far.host.camera(CameraMode.STREAM)
    for number, (plain, seconds) in enumerate(said):
        far.now += seconds
        far.host.receive(wire.stuffed(wire.checked(plain, 0 if plain[0] <= 3 else SESSION)), far.now)
        far.host.show(Screen((str(number),)))
        far.host.tick(far.now)
        given_out = 0
        while data := far.host.outgoing(far.now):
            given_out += len(data)
        assert given_out < 5000
        assert far.host.due() > far.now
        for event in far.host.events():
            if isinstance(event, PictureCame):
                assert len(event.data) <= 10_000
