"""The emulated line keeps its rate to the byte, however it is looked at; faults come from the seed and nothing else."""

from __future__ import annotations

from fractions import Fraction

import pytest
from emulator_parts import LINE_HOLDS, SeededFaults, VirtualLine
from hypothesis import given
from hypothesis import strategies as st

NS = 10**9
RATES = st.sampled_from([9_600, 115_200, 921_600, 1_500_000, 3_000_000])


@given(
    rate=RATES,
    begin=st.integers(0, 1 << 50),
    steps=st.lists(st.tuples(st.integers(0, 50_000_000), st.integers(0, 300)), max_size=60),
)
def test_each_byte_is_out_when_those_before_it_and_itself_have_had_their_ten_bits(
    rate: int, begin: int, steps: list[tuple[int, int]]
) -> None:
    line = VirtualLine(rate)
    now, came = begin, 0
    ends: list[Fraction] = []
    end = Fraction(0)  # of the last byte that was put on it
    for wait, count in steps:
        now += wait
        came += len(line.take(now))
        assert came == sum(each <= now for each in ends)
        put = min(count, LINE_HOLDS - line.held)
        line.put(b"x" * count, now)
        start = max(end, Fraction(now))
        ends += [start + Fraction(10 * NS * (n + 1), rate) for n in range(put)]
        end = ends[-1] if ends else end
    assert all(line.out_at(n + 1) - 1 < each <= line.out_at(n + 1) for n, each in enumerate(ends[came:]))


def test_an_hour_at_three_million_baud_is_not_a_byte_off() -> None:
    line = VirtualLine(3_000_000)
    step = 999_983  # nanoseconds: no multiple of a byte's time
    now = came = 0
    while now < 3600 * NS // 100:  # the hundredth part, looked at a million times an hour
        line.put(b"x" * (LINE_HOLDS - line.held), now)
        now += step
        came += len(line.take(now))
    assert came == now * 3_000_000 // (10 * NS)


def test_bytes_come_out_as_they_went_in_and_the_next_packets_end_is_known() -> None:
    line = VirtualLine(115_200)
    line.put(b"ab\0cd\0", 0)
    assert [line.to_zero(most) for most in (2, 3, 6)] == [0, 3, 3]
    assert line.take(line.out_at(3)) == b"ab\0"
    assert line.to_zero(16) == 3
    assert line.take(1 * NS) == b"cd\0"


def test_nothing_moves_while_the_line_is_stalled_and_it_goes_on_at_its_rate() -> None:
    line = VirtualLine(1_000_000)  # ten microseconds a byte
    line.put(b"x" * 10, 0)
    assert len(line.take(35_000)) == 3
    line.stall(35_000, 5_000_000)
    assert line.take(5_000_000) == b""
    assert len(line.take(5_035_000 + 40_000)) == 4


def test_without_a_rate_all_is_there_at_once() -> None:
    line = VirtualLine(0)
    line.put(b"x" * 100, 5)
    assert len(line.take(5)) == 100


DATA = bytes(range(256)) * 40


@pytest.mark.parametrize("faults", [{"bend": 1e-3}, {"lose": 0.01}, {"double": 0.01}, {"burst": 50}])
def test_the_same_seed_hurts_the_same_bytes_however_they_are_cut(faults: dict[str, float]) -> None:
    whole = SeededFaults(7, **faults).apply(DATA)  # type: ignore[arg-type]  # a burst is an int, and is one here
    piecewise = SeededFaults(7, **faults)  # type: ignore[arg-type]
    cut = b"".join(piecewise.apply(DATA[at : at + 13]) for at in range(0, len(DATA), 13))
    assert cut == whole != DATA
    assert piecewise.hurt > 0
    assert SeededFaults(8, **faults).apply(DATA) != whole  # type: ignore[arg-type]


def test_bits_are_bent_at_the_rate_that_was_asked_for() -> None:
    faults = SeededFaults(1, bend=1e-3)
    came = faults.apply(DATA * 10)
    bent = sum((a ^ b).bit_count() for a, b in zip(came, DATA * 10, strict=True))
    assert bent == pytest.approx(len(DATA) * 80 * 1e-3, rel=0.15)


def test_bytes_are_lost_and_doubled_at_theirs() -> None:
    assert len(SeededFaults(1, lose=0.1).apply(DATA * 10)) == pytest.approx(len(DATA) * 9, rel=0.02)
    assert len(SeededFaults(1, double=0.1).apply(DATA * 10)) == pytest.approx(len(DATA) * 11, rel=0.02)
    assert SeededFaults(1, lose=1.0).apply(DATA) == b""
    assert SeededFaults(1, double=1.0).apply(b"abc") == b"aabbcc"


def test_a_burst_ends() -> None:
    came = SeededFaults(1, burst=50).apply(DATA)
    assert came[50:] == DATA[50:]
    assert came[:50] != DATA[:50]


def test_a_reader_at_another_rate_sees_nonsense_and_a_slower_one_less_of_it() -> None:
    same = SeededFaults(3).apply(DATA, nonsense=True)
    assert len(same) == len(DATA)
    assert sum(a == b for a, b in zip(same, DATA, strict=True)) < len(DATA) / 64
    assert len(SeededFaults(3).apply(DATA, nonsense=True, kept=0.125)) == pytest.approx(len(DATA) / 8, rel=0.1)


def test_a_good_line_changes_nothing() -> None:
    faults = SeededFaults(1)
    assert faults.apply(DATA) == DATA
    assert faults.hurt == 0
