"""When a line is held for dead: a second without a good packet, or 400 ms of noise at a high rate."""

from __future__ import annotations

import pytest

from glassd_drivers.link.line import Line
from glassd_drivers.link.silence import Silence

FAST = 921_600
NOISE = "the device talks at another rate, or the line is noise"


@pytest.mark.parametrize("rate", [None, 115_200, FAST])
def test_a_second_without_a_byte_is_death(rate: int | None) -> None:
    silence = Silence(Line(rate), 10.0)
    assert silence.due() == 11.0
    assert silence.dead(10.99) is None
    silence.bytes_came(100, 10.99)
    silence.packet_came(10.99)
    assert silence.dead(11.98) is None
    assert silence.dead(11.99) == "nothing was heard for 1 s"


@pytest.mark.parametrize(("rate", "dead"), [(None, False), (115_200, False), (FAST, True)])
def test_noise_is_death_after_400_ms_where_the_device_may_be_at_another_rate(rate: int | None, dead: bool) -> None:
    silence = Silence(Line(rate), 10.0)
    for instant in (10.25, 10.3):
        silence.bytes_came(30, instant)
    assert silence.dead(10.39) is None
    assert silence.due() == pytest.approx(10.4 if dead else 11.0)
    assert silence.dead(10.41) == (NOISE if dead else None)
    assert not silence.bad_line(10.41)


def test_the_rest_of_a_packet_that_was_cut_off_is_no_noise() -> None:
    silence = Silence(Line(FAST), 10.0)
    silence.bytes_came(500, 10.01)
    assert silence.due() == 11.0


def test_the_first_bytes_after_a_pause_may_be_a_packet() -> None:
    silence = Silence(Line(FAST), 10.0)
    silence.bytes_came(500, 10.6)
    assert silence.dead(10.64) is None
    silence.bytes_came(500, 10.64)
    silence.packet_came(10.64)
    assert silence.dead(11.0) is None


def test_a_line_full_of_noise_is_its_rates_fault() -> None:
    silence = Silence(Line(FAST), 10.0)
    for tenth in range(1, 5):
        silence.bytes_came(9000, 10.0 + tenth / 10)
    assert silence.dead(10.45) == NOISE
    assert silence.bad_line(10.45)
