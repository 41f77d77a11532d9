"""Buttons, display and camera as the host end serves them (docs/link.md, sections 5 to 7)."""

from __future__ import annotations

from zlib import crc32

import pytest
import wire
from far_device import BOOT, FarEnd, about, only

from glassd_drivers.contracts import Mark, Screen
from glassd_drivers.link.events import (
    CameraMode,
    EdgeSeen,
    EdgesHad,
    Failure,
    PictureCame,
    PictureFailed,
    Shown,
)

# -- buttons ----------------------------------------------------------------------------------------------------------


def test_an_edge_is_told_once_with_its_instant_and_acknowledged() -> None:
    far = FarEnd().begun()
    for _ in range(2):  # as it comes again when its ACK was lost
        far.says(
            "BUTTONS", sequence=0, message=wire.message("EDGE", number=7, button=1, down=1, time=far.microseconds(0.2))
        )
    [edge] = far.host.events()
    assert edge == EdgeSeen(1, True, about(far.now - 0.2, 1e-4), 7)
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
    assert edge == EdgeSeen(0, True, about(far.now - 1.5, 1e-4), 0)


def test_edges_that_were_had_in_the_life_before_do_not_come_again_and_missing_ones_are_counted() -> None:
    far = FarEnd().begun()
    far.tells("BUTTONS", "EDGE", number=254, button=0, down=1, time=far.microseconds(0.3))
    had = far.host.had
    assert had == EdgesHad(BOOT, 254, far.microseconds(0.3))
    again = FarEnd(had=had).begun()
    for number, ago in ((253, 0.4), (254, 0.3), (255, 0.2), (2, 0.1)):
        again.tells("BUTTONS", "EDGE", number=number, button=0, down=number % 2, time=again.microseconds(ago))
    assert [(edge.number, edge.missed) for edge in only(again.host.events(), EdgeSeen)] == [(255, 0), (2, 2)]


def test_numbers_that_came_round_while_nobody_listened_are_no_old_edges() -> None:
    before = FarEnd()
    far = FarEnd(had=EdgesHad(BOOT, 10, before.microseconds(60.0))).begun()
    far.tells("BUTTONS", "EDGE", number=250, button=0, down=1, time=far.microseconds())  # 240 edges later
    assert [edge.missed for edge in only(far.host.events(), EdgeSeen)] == [239]


def test_after_a_restart_of_the_device_its_numbers_begin_anew() -> None:
    far = FarEnd(had=EdgesHad(BOOT - 1, 3, 5_000_000)).begun()
    far.tells("BUTTONS", "EDGE", number=3, button=0, down=1, time=far.microseconds())
    assert [edge.missed for edge in only(far.host.events(), EdgeSeen)] == [0]


def test_an_edge_of_a_button_without_a_name_is_passed_over() -> None:
    far = FarEnd().begun()
    far.tells("BUTTONS", "EDGE", number=0, button=2, down=1, time=0)
    far.tells("BUTTONS", "EDGE", number=1, button=0, down=1, time=far.microseconds())
    assert [edge.number for edge in only(far.host.events(), EdgeSeen)] == [1]


# -- the display ------------------------------------------------------------------------------------------------------


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
    assert far.messages() == [("GROW", {"row": 0, "kept": 0, "text": "third"})]
    assert only(far.host.events(), Shown)[-1] == Shown(newest)


def test_rows_beyond_the_display_do_not_travel_and_long_ones_are_cut_between_characters() -> None:
    far = FarEnd()
    far.heard()
    far.welcome([["display of old", 20, 2, 50], ["window", 8]])  # a packet of 128 bytes is the largest
    far.pong()
    far.host.show(Screen(("字" * 100, "b", "c", "d")))
    texts = [fields["text"] for name, fields in far.messages() if name == "LINE"]
    assert texts == ["字" * 40, "b"]


def test_what_is_no_text_does_not_travel() -> None:
    far = FarEnd().begun()
    far.host.show(Screen(("a\0b\x1b[2Jc\x9dd\ud800e", "👩\u200d👧")))
    texts = [fields["text"] for name, fields in far.messages() if name == "LINE"]
    assert texts == ["a b [2Jc d?e", "👩\u200d👧"]


def test_a_screen_wanted_before_the_greeting_is_shown_after_it() -> None:
    far = FarEnd()
    far.host.show(Screen(("early",)))
    far.heard()
    far.welcome()
    assert ("LINE", {"row": 0, "text": "early"}) in far.messages()


# -- the camera -------------------------------------------------------------------------------------------------------


def still(far: FarEnd, data: bytes, *, picture: int = 0, request: int = 1, chunk: int = 100) -> None:
    """Have the device send a picture."""
    far.tells(
        "CONTROL",
        "PICTURE",
        picture=picture,
        request=request,
        size=len(data),
        chunk=chunk,
        width=640,
        height=480,
        format=1,
        time=far.microseconds(0.05),
    )
    for at in range(0, len(data), chunk):
        far.says("CHUNK", picture=picture, index=at // chunk & 0xFF, data=data[at : at + chunk])
    far.tells("CONTROL", "END", picture=picture, check=crc32(data))


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
    assert came == PictureCame(1, data, 640, 480, about(far.now - 0.05, 1e-4))
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
