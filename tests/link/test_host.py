"""The host end of one life of the line, against a far end that says exactly what a test wants (docs/link.md)."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
import wire
from hypothesis import given
from hypothesis import strategies as st

from glassd_drivers.contracts import Mark, Screen
from glassd_drivers.link.events import (
    CameraMode,
    Dead,
    EdgeSeen,
    EdgesHad,
    Event,
    Failure,
    Greeted,
    Incompatible,
    PictureCame,
    PictureFailed,
    Shown,
)
from glassd_drivers.link.host import HostEnd
from glassd_drivers.link.line import LEAD_S, LOOSE_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

SESSION = 0x0BAD_CAFE
START = 500.0
BOOT = 99
EVERYTHING: list[list[Any]] = [
    ["name", "glasses"],
    ["room", 1024],
    ["window", 8],
    ["largest", 256],
    ["display", 20, 4, 50],
    ["camera", 3, 4096, 80],
    ["sizes", [1600, 1200]],
    ["button", "main"],
    ["button", "back"],
]


class FarEnd:
    """A host end, and what a device would hear and say."""

    def __init__(self, **how: Any) -> None:
        self.now = START
        how.setdefault("rate", None)
        self.host = HostEnd(lambda: SESSION, **how)
        self.host.start(self.now)
        self.sequences = {"BUTTONS": 0, "CONTROL": 0}
        self.acked = {"DISPLAY": 0, "CONTROL": 0}

    def heard(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the packets that the host has for the line now."""
        packets = []
        while data := self.host.outgoing(self.now):
            packets += [wire.read(each, SESSION) for each in data.split(b"\0") if each]
        return packets

    def messages(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the messages of the host that are new, in order, and acknowledge them."""
        said = []
        for name, fields in self.heard():
            if name in self.acked and fields["sequence"] == self.acked[name]:
                self.acked[name] = (self.acked[name] + 1) & 0xFF
                kinds = ("LINE", "SHOW") if name == "DISPLAY" else ("CAMERA", "DONE")
                said.append(wire.read_message(fields["message"], kinds))
        self.says("ACK", buttons=0, display=self.acked["DISPLAY"], control=self.acked["CONTROL"])
        return said

    def says(self, name: str, **fields: Any) -> None:
        """Have the device say a packet."""
        self.host.receive(wire.packet(name, 0 if name in ("HERE", "WELCOME") else SESSION, **fields), self.now)

    def tells(self, class_: str, name: str, **fields: Any) -> None:
        """Have the device send its next message."""
        sequence = self.sequences[class_]
        self.sequences[class_] = (sequence + 1) & 0xFF
        self.says(class_, sequence=sequence, message=wire.message(name, **fields))

    def welcome(self, fields: Sequence[Sequence[Any]] = EVERYTHING, **changes: Any) -> None:
        said = {"version": 1, "session": SESSION, "boot": BOOT, "fields": list(fields)} | changes
        self.says("WELCOME", **said)

    def begun(self) -> FarEnd:
        """Greet, and answer the first PING: the clocks are equal, in microseconds."""
        self.heard()
        self.welcome()
        self.pong()
        self.host.events()
        return self

    def pong(self) -> None:
        for name, fields in self.heard():
            if name == "PING":
                clock = self.microseconds()
                self.says("PONG", number=fields["number"], received=clock, sent=clock, bad=0, overrun=0)

    def microseconds(self, ago: float = 0.0) -> int:
        return int((self.now - ago) * 1e6) % 2**32

    def passes(self, seconds: float, *, alive: bool = True) -> list[Event]:
        """Let time pass, with a device that answers PINGs or with none."""
        end, events = self.now + seconds, []
        while self.now < end:
            self.now = min(end, max(self.now + 0.001, self.host.due()))
            self.host.tick(self.now)
            if alive:
                self.pong()
            else:
                self.heard()
            events += self.host.events()
        return events


def only(events: list[Event], kind: type[Event]) -> list[Any]:
    return [each for each in events if isinstance(each, kind)]


# -- the greeting ------------------------------------------------------------------------------------------------------


def test_it_greets_at_once_and_every_200_ms_until_it_is_answered() -> None:
    far = FarEnd()
    hello = ("HELLO", {"lowest": 1, "highest": 1, "session": SESSION, "largest": 4102})
    assert far.heard() == [hello]
    assert far.host.due() == pytest.approx(START + 0.2)
    assert far.heard() == []
    far.now = far.host.due()
    far.host.tick(far.now)
    assert far.heard() == [hello]
    far.welcome()
    far.now += 0.2
    assert "HELLO" not in [name for name, _ in far.heard()]


def test_what_the_device_says_of_itself_is_told() -> None:
    far = FarEnd()
    far.welcome([*EVERYTHING, ["firmware", "2.1\x1b[2J"], ["rates", 921_600], [0xEE, "0011"], ["name", "again"]])
    [greeted] = far.host.events()
    assert isinstance(greeted, Greeted)
    device = greeted.device
    assert (device.name, device.firmware, device.boot) == ("glasses", "2.1[2J", BOOT)
    assert (device.room, device.window, device.largest) == (1024, 8, 256)
    assert device.display is not None
    assert (device.display.columns, device.display.rows, device.display.interval) == (20, 4, 0.05)
    assert device.camera is not None
    assert (device.camera.chunk, device.camera.delay, device.camera.sizes) == (4096, 0.08, ((1600, 1200),))
    assert (device.buttons, device.rates) == (("main", "back"), (921_600,))


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [[0x04, "01"], [0x05, ""], [0x03, "ff"], [0x06, "0102"], [0x07, "0102"], [0x0A, "0102"]],  # all too short
        [["room", 3], ["window", 0], ["largest", 5], ["display", 0, 9, 0], [0x01, "fffe"], [0x01, "41"]],
    ],
)
def test_a_device_that_says_nothing_or_nonsense_of_itself_has_the_least(fields: list[list[Any]]) -> None:
    far = FarEnd()
    far.welcome(fields)
    [greeted] = far.host.events()
    assert isinstance(greeted, Greeted)
    device = greeted.device
    assert (device.name, device.room, device.window, device.largest) == ("bridge", 256, 1, 128)
    assert (device.display, device.camera, device.buttons, device.rates) == (None, None, (), ())


def test_a_field_that_runs_beyond_the_end_and_those_after_it_are_not_there() -> None:
    far = FarEnd()
    far.says("WELCOME", version=1, session=SESSION, boot=1, fields=b"\x05\x01\x09" + b"\x04\xff\x00")
    [greeted] = far.host.events()
    assert isinstance(greeted, Greeted)
    assert (greeted.device.window, greeted.device.room) == (9, 256)


@pytest.mark.parametrize("changes", [{"session": SESSION + 1}, {"version": 2}, {"version": 0}])
def test_a_welcome_that_answers_another_hello_begins_nothing(changes: dict[str, int]) -> None:
    far = FarEnd()
    far.welcome(**changes)
    assert far.host.events() == []


def test_a_device_that_speaks_only_other_versions_ends_it() -> None:
    far = FarEnd()
    far.says("HERE", lowest=1, highest=4, boot=1)
    assert far.host.events() == []
    far.says("HERE", lowest=2, highest=4, boot=1)
    assert far.host.events() == [Incompatible(2, 4)]
    assert far.heard() == []
    assert far.host.due() == float("inf")


# -- alive and dead ----------------------------------------------------------------------------------------------------


def test_it_pings_eight_times_quickly_and_then_every_250_ms() -> None:
    far = FarEnd()
    far.heard()
    far.welcome()
    at = []
    while len(at) < 12:
        far.host.tick(far.now)
        at += [far.now for name, _ in far.heard() if name == "PING"]
        clock = far.microseconds()
        far.says("PONG", number=len(at) - 1, received=clock, sent=clock, bad=0, overrun=0)
        far.now = far.host.due()
    waits = [later - earlier for earlier, later in zip(at, at[1:], strict=False)]
    assert waits == pytest.approx([0.02] * 7 + [0.25] * 4)


def test_a_device_that_is_not_heard_for_a_second_is_dead() -> None:
    far = FarEnd().begun()
    assert far.passes(0.99, alive=False) == []
    assert far.passes(0.02, alive=False) == [Dead("nothing was heard for 1 s")]
    assert far.heard() == []
    assert far.host.due() == float("inf")


def test_a_device_that_answers_but_never_acknowledges_is_dead_after_five_seconds() -> None:
    far = FarEnd().begun()
    far.host.show(Screen(("text",)))
    assert far.passes(4.99) == []
    assert far.passes(0.1) == [Dead("what was sent is not acknowledged")]


def test_a_device_that_starts_anew_in_a_session_ends_it() -> None:
    far = FarEnd().begun()
    far.says("HERE", lowest=1, highest=1, boot=BOOT + 1)
    assert far.host.events() == [Dead("the device has dropped the session")]


def test_bye_is_said_twice_and_nothing_after_it() -> None:
    far = FarEnd().begun()
    far.host.show(Screen(("text",)))
    far.host.bye(far.now)
    assert far.host.events() == [Dead("this end has ended the session")]
    assert far.heard() == [("BYE", {}), ("BYE", {})]
    assert far.host.due() == float("inf")
    far.tells("BUTTONS", "EDGE", number=0, button=0, down=1, time=0)
    assert far.host.events() == []


# -- buttons -----------------------------------------------------------------------------------------------------------


def test_an_edge_is_told_once_with_its_instant_and_acknowledged() -> None:
    far = FarEnd().begun()
    for _ in range(2):  # as it comes again when its ACK was lost
        far.says(
            "BUTTONS", sequence=0, message=wire.message("EDGE", number=7, button=1, down=1, time=far.microseconds(0.2))
        )
    [edge] = far.host.events()
    assert edge == EdgeSeen(1, True, pytest.approx(far.now - 0.2, abs=1e-4), 7)
    assert far.heard() == [("ACK", {"buttons": 1, "display": 0, "control": 0})]


def test_an_edge_out_of_order_is_passed_over_and_the_ack_says_what_is_expected() -> None:
    far = FarEnd().begun()
    far.says("BUTTONS", sequence=1, message=wire.message("EDGE", number=8, button=1, down=1, time=0))
    assert far.host.events() == []
    assert far.heard() == [("ACK", {"buttons": 0, "display": 0, "control": 0})]


def test_edges_that_come_before_the_clock_is_known_wait_for_it() -> None:
    far = FarEnd()
    far.heard()
    far.welcome()
    far.host.events()
    far.tells("BUTTONS", "EDGE", number=0, button=0, down=1, time=far.microseconds(1.5))
    assert far.host.events() == []
    far.pong()
    [edge] = far.host.events()
    assert edge == EdgeSeen(0, True, pytest.approx(far.now - 1.5, abs=1e-4), 0)


def test_edges_that_were_had_in_the_life_before_do_not_come_again_and_missing_ones_are_counted() -> None:
    far = FarEnd().begun()
    far.tells("BUTTONS", "EDGE", number=254, button=0, down=1, time=far.microseconds(0.3))
    had = far.host.had
    assert had == EdgesHad(BOOT, 254, far.microseconds(0.3))
    again = FarEnd(had=had).begun()
    for number, ago in ((253, 0.4), (254, 0.3), (255, 0.2), (2, 0.1)):
        again.tells("BUTTONS", "EDGE", number=number, button=0, down=number % 2, time=again.microseconds(ago))
    assert [(edge.number, edge.missed) for edge in only(again.host.events(), EdgeSeen)] == [(255, 0), (2, 2)]


def test_after_a_restart_of_the_device_its_numbers_begin_anew() -> None:
    far = FarEnd(had=EdgesHad(BOOT - 1, 3, 5_000_000)).begun()
    far.tells("BUTTONS", "EDGE", number=3, button=0, down=1, time=far.microseconds())
    assert [edge.missed for edge in only(far.host.events(), EdgeSeen)] == [0]


def test_an_edge_of_a_button_without_a_name_is_passed_over() -> None:
    far = FarEnd().begun()
    far.tells("BUTTONS", "EDGE", number=0, button=2, down=1, time=0)
    far.tells("BUTTONS", "EDGE", number=1, button=0, down=1, time=far.microseconds())
    assert [edge.number for edge in only(far.host.events(), EdgeSeen)] == [1]


# -- the display -------------------------------------------------------------------------------------------------------


def test_only_rows_that_changed_travel_and_it_is_shown_once_show_is_acknowledged() -> None:
    far = FarEnd().begun()
    first = far.host.show(Screen(("一行", "two"), mark=Mark.LOOKING, camera=True))
    assert far.messages() == [
        ("LINE", {"row": 0, "text": "一行"}),
        ("LINE", {"row": 1, "text": "two"}),
        ("SHOW", {"page": 1, "pages": 1, "mark": 1, "signs": 1}),
    ]
    second = far.host.show(Screen(("一行",), page=2, pages=3, mark=Mark.CUT_OFF))
    assert far.messages() == [
        ("LINE", {"row": 1, "text": ""}),
        ("SHOW", {"page": 2, "pages": 3, "mark": 6, "signs": 0}),
    ]
    assert far.host.events() == [Shown(first), Shown(second)]


def test_a_screen_that_waits_is_replaced_by_a_newer_one() -> None:
    far = FarEnd().begun()
    far.host.show(Screen(("first",)))
    heard = [name for name, _ in far.heard()]
    far.host.show(Screen(("second",)))
    newest = far.host.show(Screen(("third",)))
    assert far.heard() == []  # one screen is on its way
    far.says("ACK", buttons=0, display=heard.count("DISPLAY"), control=0)
    far.acked["DISPLAY"] = heard.count("DISPLAY")
    assert [fields["text"] for name, fields in far.messages() if name == "LINE"] == ["third"]
    assert only(far.host.events(), Shown)[-1] == Shown(newest)


def test_rows_beyond_the_display_do_not_travel_and_long_ones_are_cut_between_characters() -> None:
    far = FarEnd()
    far.heard()
    far.welcome([["display", 20, 2, 50], ["window", 8]])  # a packet of 128 bytes is the largest
    far.pong()
    far.host.show(Screen(("字" * 100, "b", "c", "d")))
    texts = [fields["text"] for name, fields in far.messages() if name == "LINE"]
    assert texts == ["字" * 40, "b"]


def test_a_screen_wanted_before_the_greeting_is_shown_after_it() -> None:
    far = FarEnd()
    far.host.show(Screen(("early",)))
    far.heard()
    far.welcome()
    assert ("LINE", {"row": 0, "text": "early"}) in far.messages()


# -- the camera --------------------------------------------------------------------------------------------------------


def still(far: FarEnd, data: bytes, *, picture: int = 0, request: int = 1, chunk: int = 100) -> None:
    """Have the device send a picture."""
    far.tells(
        "CONTROL",
        "PICTURE",
        **{"picture": picture, "request": request, "size": len(data), "chunk": chunk},
        **{"width": 640, "height": 480, "format": 1, "time": far.microseconds(0.05)},
    )
    for at in range(0, len(data), chunk):
        far.says("CHUNK", picture=picture, index=at // chunk & 0xFF, data=data[at : at + chunk])
    far.tells("CONTROL", "END", picture=picture, check=wire.binascii.crc32(data))


def test_a_still_comes_whole_with_its_instant_and_the_device_may_forget_it() -> None:
    far = FarEnd().begun()
    assert far.host.camera(CameraMode.STILL, 1600, 1200, 80) == 1
    [(name, asked)] = far.messages()
    assert (name, asked) == (
        "CAMERA",
        {"request": 1, "mode": 1, "width": 1600, "height": 1200, "quality": 80, "chunk": 4096, "interval": 0},
    )
    data = bytes(range(256)) * 10
    still(far, data)
    [came] = far.host.events()
    assert came == PictureCame(1, data, 640, 480, pytest.approx(far.now - 0.05, abs=1e-4))
    assert far.messages() == [("DONE", {"picture": 0, "result": 0})]


def test_one_still_is_one_picture_and_a_stream_is_many() -> None:
    far = FarEnd().begun()
    for request, mode, comes in ((1, CameraMode.STILL, 1), (2, CameraMode.STREAM, 3), (3, CameraMode.OFF, 0)):
        assert far.host.camera(mode) == request
        far.messages()
        for picture in range(3):
            still(far, b"jpeg", picture=picture, request=request)
        assert len(only(far.host.events(), PictureCame)) == comes
        results = [fields["result"] for name, fields in far.messages() if name == "DONE"]
        assert results == [0] * comes + [2] * (3 - comes)


def test_pictures_of_a_request_that_was_replaced_are_not_wanted() -> None:
    far = FarEnd().begun()
    far.host.camera(CameraMode.STREAM)
    far.messages()
    far.tells("CONTROL", "PICTURE", picture=0, request=1, size=64, chunk=64, width=1, height=1, format=1, time=0)
    far.host.camera(CameraMode.STILL)
    assert ("DONE", {"picture": 0, "result": 2}) in far.messages()
    still(far, b"old", picture=1, request=1)
    still(far, b"new", picture=2, request=2)
    assert [came.data for came in only(far.host.events(), PictureCame)] == [b"new"]


@pytest.mark.parametrize(("reason", "told"), [(2, Failure.NO_MEMORY), (77, Failure.OTHER), (0, Failure.OTHER)])
def test_a_device_that_cannot_says_why(reason: int, told: Failure) -> None:
    far = FarEnd().begun()
    far.host.camera(CameraMode.STILL)
    far.messages()
    far.tells("CONTROL", "FAILED", request=1, reason=reason)
    far.tells("CONTROL", "FAILED", request=9, reason=reason)  # nobody asked
    assert far.host.events() == [PictureFailed(1, told)]


def test_a_device_without_a_camera_is_not_asked() -> None:
    far = FarEnd()
    far.heard()
    far.welcome([])
    far.host.events()
    request = far.host.camera(CameraMode.STILL)
    assert far.messages() == []
    assert far.host.events() == [PictureFailed(request, Failure.NO_CAMERA)]


def test_a_picture_with_a_wrong_check_is_not_given() -> None:
    far = FarEnd().begun()
    far.host.camera(CameraMode.STREAM)
    far.messages()
    far.tells("CONTROL", "PICTURE", picture=5, request=1, size=64, chunk=64, width=1, height=1, format=1, time=0)
    far.says("CHUNK", picture=5, index=0, data=bytes(64))
    far.tells("CONTROL", "END", picture=5, check=12345)
    assert far.host.events() == [PictureFailed(1, Failure.WRONG_CHECK)]
    assert far.messages() == [("DONE", {"picture": 5, "result": 3})]


def test_a_picture_that_falls_silent_is_given_up() -> None:
    far = FarEnd().begun()
    far.host.camera(CameraMode.STREAM)
    far.messages()
    far.tells("CONTROL", "PICTURE", picture=5, request=1, size=640, chunk=64, width=1, height=1, format=1, time=0)
    far.says("CHUNK", picture=5, index=0, data=bytes(64))
    assert far.passes(1.99) == []
    assert far.passes(0.02) == [PictureFailed(1, Failure.SILENT)]


def test_a_picture_that_the_device_lost_makes_way_for_the_next_one() -> None:
    far = FarEnd().begun()
    far.host.camera(CameraMode.STREAM)
    far.messages()
    far.tells("CONTROL", "PICTURE", picture=5, request=1, size=640, chunk=64, width=1, height=1, format=1, time=0)
    still(far, b"next", picture=6)
    lost, came = far.host.events()
    assert lost == PictureFailed(1, Failure.LOST)
    assert isinstance(came, PictureCame)


def test_a_still_that_was_asked_for_and_not_sent_yet_is_replaced() -> None:
    far = FarEnd()
    far.heard()
    far.host.camera(CameraMode.STREAM)
    far.host.camera(CameraMode.OFF)
    far.welcome()
    assert [fields["request"] for name, fields in far.messages() if name == "CAMERA"] == [2]


# -- urgency, room, pace -----------------------------------------------------------------------------------------------


def test_the_order_of_urgency() -> None:
    far = FarEnd()
    far.heard()
    far.welcome()
    far.host.show(Screen(("text",)))
    far.host.camera(CameraMode.STREAM)
    far.tells("BUTTONS", "EDGE", number=0, button=0, down=1, time=0)
    assert [name for name, _ in far.heard()] == ["ACK", "PING", "DISPLAY", "DISPLAY", "CONTROL"]


@given(st.integers(256, 700), st.integers(1, 32), st.lists(st.text("字a\0", max_size=80), max_size=8))
def test_the_room_and_the_window_of_the_device_are_kept(room: int, window: int, lines: list[str]) -> None:
    far = FarEnd()
    far.heard()
    far.welcome([["room", room], ["window", window], ["display", 40, 8, 0], ["camera", 3, 64, 0], ["largest", 4000]])
    far.host.camera(CameraMode.STREAM)
    far.host.show(Screen(tuple(lines)))
    out = 0
    count = {"DISPLAY": 0, "CONTROL": 0}
    while data := far.host.outgoing(far.now):
        name, _ = wire.read(data.strip(b"\0"), SESSION)
        if name in count:
            count[name] += 1
            out += len(data.lstrip(b"\0"))
    assert out <= room
    assert max(count.values()) <= window
    assert sum(count.values())


def test_what_is_not_acknowledged_never_comes_faster_than_a_slow_device_reads() -> None:
    far = FarEnd().begun()
    far.host.camera(CameraMode.STREAM)
    far.messages()
    far.tells("CONTROL", "PICTURE", picture=0, request=1, size=640_000, chunk=64, width=1, height=1, format=1, time=0)
    given_out: list[tuple[float, int]] = []
    for place in range(0, 4000, 2):  # every other chunk is lost
        far.says("CHUNK", picture=0, index=place & 0xFF, data=bytes(64))
        far.now += 0.000_2
        far.host.tick(far.now)
        while data := far.host.outgoing(far.now):
            given_out.append((far.now, len(data)))
    for at, _ in given_out:
        assert sum(size for later, size in given_out if at <= later < at + 0.01) <= 2 * LOOSE_BYTES


def test_on_a_line_with_a_rate_little_is_given_out_ahead() -> None:
    far = FarEnd(rate=115_200).begun()
    far.host.show(Screen(("x" * 19, "y" * 19, "z" * 19)))
    far.passes(0.9)
    carried, began = 0.0, far.now
    while carried < 80:
        data = far.host.outgoing(far.now)
        carried += len(data)
        assert began + carried * 10 / 115_200 <= far.now + LEAD_S + 40 * 10 / 115_200
        if not data:
            assert far.host.due() > far.now
            far.now = far.host.due()
            far.host.tick(far.now)


# -- hostile far ends --------------------------------------------------------------------------------------------------


def test_a_picture_of_4_gb_is_refused_before_a_byte_is_held() -> None:
    far = FarEnd().begun()
    far.host.camera(CameraMode.STREAM)
    far.messages()
    tracemalloc.start()
    for picture in range(100):
        far.tells(
            "CONTROL",
            "PICTURE",
            **{"picture": picture, "request": 1, "size": 0xFFFF_FFFF, "chunk": 4096},
            **{"width": 1, "height": 1, "format": 1, "time": 0},
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
