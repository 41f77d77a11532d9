from __future__ import annotations

from glassd.timeline import time_line


def test_the_stations_stand_in_their_order_in_milliseconds_from_the_press() -> None:
    times = {
        "gesture": 0.0002,
        "frame": 0.0041,
        "body": 0.0049,
        "connected": 0.005,
        "sent": 0.0056,
        "first_delta": 0.333,
        "first_screen": 0.35,
        "done": 0.9215,
    }
    assert time_line({"times_s": times, "frame_offset_s": -0.11}) == [
        "press             0 ms",
        "begun             0 ms",
        "frame             4 ms   (taken 110 ms before the press)",
        "body built        5 ms",
        "connected         5 ms",
        "request sent      6 ms",
        "first word      333 ms",
        "on display      350 ms",
        "done            922 ms",
    ]


def test_an_ask_that_got_no_picture_has_only_the_stations_that_it_reached() -> None:
    assert time_line({"times_s": {"done": 0.5}, "frame_offset_s": None}) == [
        "press             0 ms",
        "done            500 ms",
    ]


def test_what_a_scene_change_asked_counts_from_the_change() -> None:
    ask = {"origin": "scene", "times_s": {"frame": 0.0041}, "frame_offset_s": 0.0}
    assert time_line(ask) == [
        "change            0 ms",
        "frame             4 ms   (taken 0 ms before the change)",
    ]
