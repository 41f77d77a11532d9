"""When the host's packets go on the line: a 00 after a pause, and what a byte's time is worth."""

from __future__ import annotations

import pytest

from glassd_drivers.link.line import LEAD_S, LOOSE_BYTES, LOOSE_S, PAUSE_S, Line

BYTE_S = 10 / 115_200


def test_after_a_pause_a_zero_goes_before_the_packet_and_only_then() -> None:
    line = Line(115_200)
    assert line.give(b"one\0", 1.0) == b"\0one\0"
    assert line.give(b"two\0", 1.0 + 5 * BYTE_S) == b"two\0"
    end = 1.0 + 9 * BYTE_S
    assert line.give(b"three\0", end + PAUSE_S - 0.001) == b"three\0"
    assert line.give(b"four\0", end + 10 * PAUSE_S) == b"\0four\0"


def test_after_a_change_of_rate_as_well() -> None:
    line = Line(115_200)
    line.give(b"one\0", 1.0)
    line.change(921_600)
    assert line.give(b"two\0", 1.005) == b"\0two\0"


def test_a_packet_starts_once_those_before_it_are_on_the_line_and_the_zero_before_it() -> None:
    line = Line(115_200)
    assert line.starts(1.0) == pytest.approx(1.0 + BYTE_S)
    line.give(b"x" * 99, 1.0)
    assert line.starts(1.0) == pytest.approx(1.0 + 100 * BYTE_S)
    assert line.free_at() == pytest.approx(1.0 + 100 * BYTE_S - LEAD_S)


def test_a_line_without_a_rate_is_always_free() -> None:
    line = Line(None)
    line.give(b"x" * 10_000, 1.0)
    assert line.free_at() < 1.0
    assert line.starts(1.0) == 1.0
    assert line.seconds(1000) == 0.0
    line.spend(10_000, 1.0)
    assert line.loose_at(100) < 1.0


def test_what_is_not_acknowledged_waits_until_a_device_has_read_what_was_before() -> None:
    line = Line(3_000_000)
    assert line.loose_at(LOOSE_BYTES) < 1.0
    line.spend(LOOSE_BYTES, 1.0)
    assert line.loose_at(LOOSE_BYTES // 2) == pytest.approx(1.0 + LOOSE_S / 2)
    line.spend(LOOSE_BYTES // 2, 1.0 + LOOSE_S / 2)
    assert line.loose_at(LOOSE_BYTES) == pytest.approx(1.0 + LOOSE_S / 2 + LOOSE_S)
