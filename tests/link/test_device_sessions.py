"""The device end's sessions: greeting, life and death, rates, the clock (docs/link.md, 2, 3, 8, 9)."""

from __future__ import annotations

import pytest
import wire
from device_end import Camera, DeviceEnd, Facts, Rate, Released, Session
from far_host import ALIVE, MS, SESSION, FarHost, Heard, in_session, names, parse

BASE = 115_200
WRAP = 1 << 32


@pytest.fixture
def far() -> FarHost:
    """A host in a session."""
    return in_session()


def test_a_device_says_here_once_at_its_start_and_every_250_ms() -> None:
    far = FarHost(DeviceEnd(boot=0x01020304))
    assert far.hear() == [Heard("HERE", {"lowest": 1, "highest": 1, "boot": 0x01020304})]
    assert far.hear() == []
    assert far.passes(249) == []
    assert names(far.passes(1)) == ["HERE"]
    assert names(far.passes(1000)) == ["HERE"] * 4


def test_hello_begins_a_session() -> None:
    far = FarHost()
    (welcome,) = far.greet()
    assert (welcome["version"], welcome["session"], welcome["boot"]) == (1, SESSION, 1)
    assert far.end.calls() == [Session(True)]
    assert far.end.in_session
    assert far.passes(900, alive=False) == [], "no HERE in a session"


def test_the_same_hello_again_changes_nothing(far: FarHost) -> None:
    far.tell("LINE", row=0, text="kept")
    far.hear()
    (again,) = far.greet()
    assert again.name == "WELCOME"
    assert far.end.calls() == []
    far.tell("SHOW", sequence=1, page=1, pages=1, mark=0, signs=0)
    (screen,) = far.end.calls()
    assert screen.rows[0] == "kept"  # type: ignore[union-attr]


def test_another_hello_begins_anew(far: FarHost) -> None:
    far.tell("LINE", row=0, text="old")
    far.ask(mode=2)
    far.end.picture(b"x" * 1000)
    far.hear()
    far.end.calls()
    far.greet(session=8)
    assert far.end.calls() == [Released(0), Camera(0, 0, 0, 0, 0, 0), Session(False), Session(True)]
    assert parse(far.end.transmit(far.now), session=8) == []


def test_what_was_asked_in_one_session_is_not_answered_in_the_next(far: FarHost) -> None:
    far.tell("LINE", row=0, text="")
    for name, fields in (("PING", {"number": 1}), ("ECHO", {"number": 1, "data": b""}), ("RATE", {"rate": 921_600})):
        far.say(name, **fields)
    far.end.receive(wire.packet("HELLO", lowest=1, highest=1, session=8, largest=4102), far.now)
    assert names(parse(far.end.transmit(far.now), session=8)) == ["WELCOME"]


def test_without_a_version_in_common_the_answer_is_here() -> None:
    far = FarHost()
    assert names(far.greet(lowest=2, highest=9)) == ["HERE"]
    assert names(far.greet(lowest=0, highest=0)) == ["HERE"]
    assert far.end.calls() == []
    later = FarHost(DeviceEnd(Facts(lowest=1, highest=3)))
    assert names(later.greet(lowest=3, highest=2)) == ["HERE"], "a range of nothing"


def test_the_highest_version_of_both_is_taken() -> None:
    far = FarHost(DeviceEnd(Facts(lowest=1, highest=3)))
    assert far.greet(lowest=0, highest=2)[0]["version"] == 2
    assert far.greet(session=9, highest=200)[0]["version"] == 3


def test_session_0_is_none() -> None:
    assert FarHost().greet(session=0) == []


@pytest.mark.parametrize("largest", [0, 128, 200, 4102])
def test_welcome_is_no_larger_than_the_host_takes(largest: int) -> None:
    end = DeviceEnd(Facts(name="n" * 90, buttons=[f"button {n}" for n in range(32)]))
    end.transmit(0)
    end.receive(wire.packet("HELLO", lowest=1, highest=1, session=SESSION, largest=largest), 0)
    plain = wire.unstuffed(end.transmit(0).strip(b"\0"))
    assert len(plain) <= max(largest, 128)
    assert plain[10:12] == b"\1\x40", "a name of 64 bytes"


def test_a_name_is_cut_between_characters() -> None:
    (welcome,) = FarHost(DeviceEnd(Facts(name="返" * 30))).greet()
    assert welcome["fields"][:2] == b"\1\x3f"
    assert welcome["fields"][2:65].decode() == "返" * 21


def test_what_a_device_has_not_is_not_in_its_greeting() -> None:
    facts = Facts(name=None, firmware=None, rows=0, features=0, sizes=(), buttons=(), rates=())
    (welcome,) = FarHost(DeviceEnd(facts)).greet()
    assert [tag for tag, _ in tags(welcome)] == [3, 4, 5]


def tags(welcome: Heard) -> list[tuple[int, bytes]]:
    rest, out = welcome["fields"], []
    while rest:
        out.append((rest[0], rest[2 : 2 + rest[1]]))
        rest = rest[2 + rest[1] :]
    return out


def test_a_silent_host_is_dead_after_a_second(far: FarHost) -> None:
    far.ask(mode=2)
    far.end.calls()
    assert "HERE" not in names(far.passes(999, alive=False))
    assert names(far.passes(1, alive=False)) == ["HERE"]
    assert not far.end.in_session
    assert far.end.calls() == [Camera(0, 0, 0, 0, 0, 0), Session(False)]
    assert names(far.passes(250)) == ["HERE"]


def test_any_good_packet_of_the_session_keeps_it_alive(far: FarHost) -> None:
    far.passes(900, alive=False)
    far.end.receive(ALIVE, far.now)
    assert far.passes(999, alive=False) == []
    assert names(far.passes(1, alive=False)) == ["HERE"]


def test_noise_and_packets_of_another_session_do_not_keep_it_alive(far: FarHost) -> None:
    for _ in range(9):
        far.passes(100, alive=False)
        far.end.receive(wire.packet("PING", 8, number=1) + b"noise\0", far.now)
    far.passes(99, alive=False)
    assert names(far.passes(1, alive=False)) == ["HERE"]


def test_bye_ends_the_session_at_once(far: FarHost) -> None:
    far.say("BYE")
    assert far.end.calls() == [Session(False)]
    far.say("BYE")
    assert names(far.hear()) == ["HERE"]
    assert far.end.calls() == []


def test_a_ping_is_answered_with_the_times_at_which_it_came_and_the_answer_goes(far: FarHost) -> None:
    far.end.receive(b"\5\5bad\0" + b"\1\0", far.now)
    far.end.overrun(3)
    far.say("PING", number=9)
    far.now += 1234
    assert far.hear() == [Heard("PONG", {"number": 9, "received": 0, "sent": 1234, "bad": 2, "overrun": 3})]


def test_each_of_the_pings_that_a_session_begins_with_is_answered(far: FarHost) -> None:
    for number in range(8):
        far.say("PING", number=number)
        far.now += MS
    assert [(each["number"], each["received"]) for each in far.hear()] == [(n, n * MS) for n in range(8)]


@pytest.mark.parametrize("start", [0, WRAP - 1, WRAP - 500 * MS, WRAP // 2 - 500 * MS])
def test_the_clock_may_wrap_at_any_time(start: int) -> None:
    far = FarHost(now=start)
    assert names(far.hear()) == ["HERE"]
    assert names(far.passes(1000)) == ["HERE"] * 4
    far.greet()
    far.end.edge(0, True, far.now)
    edges = far.passes(700)
    assert names(edges)[:2] == ["EDGE", "EDGE"]
    assert edges[0]["time"] == (start + 1000 * MS) % WRAP
    far.say("ACK", buttons=1, display=0, control=0)
    assert far.passes(900) == []
    far.say("PING", number=1)
    assert far.hear()[0]["received"] == far.now % WRAP
    assert names(far.passes(1000 + 300, alive=False)) == ["HERE"] * 2


def test_due_tells_when_poll_has_something_to_do(far: FarHost) -> None:
    far.passes(100)
    assert far.end.due(far.now) == 250 * MS, "seldom enough to sleep"
    far.now += 800 * MS
    assert far.end.due(far.now) == 200 * MS, "the line's death"
    far.ask()
    assert far.end.due(far.now) <= 250 * MS
    far.end.failed(4)
    far.ask(request=2)
    far.now += 1000 * MS
    assert far.end.due(far.now) == 0


# --- rates


def asks_for(far: FarHost, rate: int) -> list[Heard]:
    far.say("RATE", rate=rate)
    return far.hear()


def changed(far: FarHost) -> FarHost:
    assert asks_for(far, 921_600) == [Heard("RATED", {"rate": 921_600})]
    far.end.sent(far.now)
    assert far.end.calls() == [Rate(921_600)]
    return far


def test_the_rate_changes_when_rated_is_on_the_line_to_its_last_bit(far: FarHost) -> None:
    far.say("RATE", rate=921_600)
    far.end.sent(far.now)
    assert far.end.calls() == [], "RATED is not given yet"
    first = far.end.transmit(far.now, room=4)
    far.end.sent(far.now)
    assert far.end.calls() == [], "nor all of it"
    assert parse(first + far.end.transmit(far.now)) == [Heard("RATED", {"rate": 921_600})]
    assert far.end.calls() == [], "nor sent"
    far.end.sent(far.now)
    assert far.end.calls() == [Rate(921_600)]
    far.end.sent(far.now)
    assert far.end.calls() == []


def test_the_first_packet_at_another_rate_has_a_00_before_it(far: FarHost) -> None:
    changed(far)
    far.say("ECHO", number=0, data=b"")
    assert far.end.transmit(far.now)[0] == 0
    far.say("ECHO", number=1, data=b"")
    assert far.end.transmit(far.now)[0] != 0


def test_after_rated_and_until_the_host_is_heard_at_the_new_rate_nothing_is_sent(far: FarHost) -> None:
    asks_for(far, 921_600)
    far.end.edge(0, True, far.now)
    assert far.hear() == []
    far.end.sent(far.now)
    assert far.passes(50, alive=False) == []
    far.say("ECHO", number=0, data=b"x" * 99)
    assert names(far.hear()) == ["ECHOED", "EDGE"]


@pytest.mark.parametrize("rate", [0, 9600, 921_601, 0xFFFFFFFF])
def test_a_rate_that_it_does_not_have_is_answered_with_the_present_one(far: FarHost, rate: int) -> None:
    assert asks_for(far, rate) == [Heard("RATED", {"rate": BASE})]
    far.end.sent(far.now)
    far.end.edge(0, True, far.now)
    assert names(far.hear()) == ["EDGE"]
    assert far.end.calls() == []


def test_the_present_rate_and_the_base_rate_can_be_asked_for(far: FarHost) -> None:
    changed(far)
    far.end.receive(ALIVE, far.now)
    assert asks_for(far, 921_600) == [Heard("RATED", {"rate": 921_600})]
    far.end.sent(far.now)
    assert far.end.calls() == []
    assert asks_for(far, BASE) == [Heard("RATED", {"rate": BASE})]
    far.end.sent(far.now)
    assert far.end.calls() == [Rate(BASE)]


def test_a_change_after_which_the_host_is_not_heard_for_300_ms_is_taken_back(far: FarHost) -> None:
    changed(far)
    far.end.receive(b"\x80noise" * 20 + b"\0", far.now)
    assert far.passes(299, alive=False) == []
    assert names(far.passes(1, alive=False)) == ["HERE"]
    assert far.end.calls() == [Rate(BASE), Session(False)]


def test_once_the_host_was_heard_the_line_dies_after_a_second_as_always(far: FarHost) -> None:
    changed(far)
    far.end.receive(ALIVE, far.now)
    assert far.passes(999, alive=False) == []
    assert names(far.passes(1, alive=False)) == ["HERE"]
    assert far.end.calls() == [Rate(BASE), Session(False)]


def test_a_line_that_dies_before_rated_is_sent_keeps_its_rate(far: FarHost) -> None:
    asks_for(far, 921_600)
    assert names(far.passes(1000, alive=False)) == ["HERE"]
    far.end.sent(far.now)
    assert far.end.calls() == [Session(False)]


def test_two_echos_are_held_and_come_back_in_order(far: FarHost) -> None:
    far.say("ECHO", number=1, data=b"a" * 119)
    far.say("ECHO", number=2, data=b"")
    assert far.hear() == [
        Heard("ECHOED", {"number": 1, "data": b"a" * 119}),
        Heard("ECHOED", {"number": 2, "data": b""}),
    ]


def test_an_echo_may_come_while_another_goes(far: FarHost) -> None:
    far.say("ECHO", number=1, data=b"a" * 99)
    data = far.end.transmit(far.now, room=50)
    far.say("ECHO", number=2, data=b"b" * 99)
    data += far.end.transmit(far.now)
    far.say("ECHO", number=3, data=b"c" * 99)
    heard = parse(data + far.end.transmit(far.now))
    assert [(each["number"], each["data"]) for each in heard] == [(1, b"a" * 99), (2, b"b" * 99), (3, b"c" * 99)]


def test_a_00_goes_before_a_packet_after_a_pause_and_only_then(far: FarHost) -> None:
    far.say("PING", number=1)
    assert far.end.transmit(far.now)[0] != 0
    far.passes(19)
    far.say("PING", number=2)
    assert far.end.transmit(far.now)[0] != 0
    far.passes(20)
    far.say("PING", number=3)
    assert far.end.transmit(far.now)[0] == 0


def test_a_packet_that_takes_longer_than_a_pause_is_not_parted(far: FarHost) -> None:
    far.ask(chunk=1000)
    far.end.picture(b"\xff" * 3000)
    data = b""
    for _ in range(400):
        far.now += 2 * MS
        far.end.receive(ALIVE, far.now)
        far.end.poll(far.now)
        data += far.end.transmit(far.now, room=23)
    assert names(parse(data))[:6] == ["ACK", "PICTURE", "CHUNK", "CHUNK", "CHUNK", "END"]
