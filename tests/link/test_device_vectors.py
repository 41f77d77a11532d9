"""The C end against the published bytes, tests/data/link/vectors.json: it makes the device's, and takes the host's."""

from __future__ import annotations

import json
from typing import Any

import pytest
import wire
from device_end import Camera, Capture, DeviceEnd, Facts, Rate, Released, Screen, Session

from paths import TREE

VECTORS = json.loads((TREE / "tests" / "data" / "link" / "vectors.json").read_text(encoding="utf-8"))
SESSION = 3237998081
SIZES = {"GL_CHUNK_MAX": 4096, "GL_ROOM": 1024}


def titled(vector: dict[str, Any]) -> str:
    return " ".join(filter(None, (vector["name"], vector.get("message"), vector.get("note")))).replace(" ", "-")


def those(sender: str, name: str) -> list[dict[str, Any]]:
    """Return the vectors of a packet, or of a message, from this end."""
    return [each for each in VECTORS["packets"] if each["from"] == sender and each.get("message", each["name"]) == name]


def of_device(name: str) -> pytest.MarkDecorator:
    found = those("device", name)
    assert found
    return pytest.mark.parametrize("vector", found, ids=titled)


def bytes_of(name: str, number: int = 0) -> bytes:
    return bytes.fromhex(those("host", name)[number]["encoded"])


class Line:
    """A device in the vectors' session, and what it sent."""

    def __init__(self, facts: Facts | None = None, **start: int) -> None:
        self.end = DeviceEnd(facts or Facts(), sizes=SIZES, **start)
        self.sequence = 0
        self.takes(bytes_of("HELLO"))
        self.end.calls()

    def takes(self, data: bytes, now: int = 0) -> None:
        self.end.receive(data, now)
        self.end.poll(now)

    def says(self, name: str, **fields: Any) -> None:
        self.takes(wire.packet(name, SESSION, **fields))

    def tells(self, message: str, **says: int) -> None:
        self.says("CONTROL", sequence=self.sequence, message=wire.message(message, **says))
        self.sequence = (self.sequence + 1) % 256

    def asks(self, chunk: int, request: int = 1) -> None:
        self.tells("CAMERA", request=request, mode=1, width=0, height=0, quality=0, chunk=chunk, interval=0)

    def acknowledges(self, *, buttons: int = 0, control: int = 0) -> None:
        self.says("ACK", buttons=buttons % 256, display=0, control=control % 256)

    def sends(self, vector: dict[str, Any], now: int = 0) -> bool:
        """Whether this packet is among those that go now."""
        return bytes.fromhex(vector["encoded"])[:-1] in self.end.transmit(now).split(b"\0")


# --- what the device makes


@of_device("HERE")
def test_here(vector: dict[str, Any]) -> None:
    says = vector["fields"]
    end = DeviceEnd(Facts(lowest=says["lowest"], highest=says["highest"]), boot=says["boot"])
    assert end.transmit(0) == b"\0" + bytes.fromhex(vector["encoded"])


def test_welcome_with_everything() -> None:
    vector = next(each for each in VECTORS["packets"] if each.get("note") == "everything")
    said: dict[str, list[Any]] = {}
    for name, *values in vector["fields"]["fields"]:
        said.setdefault(name, []).append(values)
    columns, rows, screen_ms, _grows = said["display"][0]
    features, chunk, exposure_ms = said["camera"][0]
    facts = Facts(
        name=said["name"][0][0],
        firmware=said["firmware"][0][0],
        columns=columns,
        rows=rows,
        screen_ms=screen_ms,
        features=features,
        exposure_ms=exposure_ms,
        sizes=[(width, height) for width, height in said["sizes"][0]],
        buttons=[name for (name,) in said["button"]],
        rates=said["rates"][0],
        chunk_max=chunk,
        room=said["room"][0][0],
        window=said["window"][0][0],
    )
    assert said["largest"] == [[256]], "GL_PACKET_MAX, as the header has it"
    line = Line(facts, boot=vector["fields"]["boot"])
    assert line.sends(vector)


@of_device("PONG")
def test_pong(vector: dict[str, Any]) -> None:
    says = vector["fields"]
    line = Line()
    line.takes(b"\5\0" * says["bad"])
    line.end.overrun(says["overrun"])
    ping = next(each for each in those("host", "PING") if each["fields"]["number"] == says["number"])
    line.end.receive(bytes.fromhex(ping["encoded"]), says["received"])
    assert line.sends(vector, says["sent"])


@of_device("ACK")
def test_ack(vector: dict[str, Any]) -> None:
    line = Line()
    for sequence in range(vector["fields"]["display"]):
        line.says("DISPLAY", sequence=sequence, message=wire.message("LINE", row=0, text=""))
    for _ in range(vector["fields"]["control"]):
        line.tells("DONE", picture=0, result=0)
    assert line.sends(vector)


@of_device("RATED")
def test_rated(vector: dict[str, Any]) -> None:
    line = Line(Facts(rates=() if "note" in vector else (vector["fields"]["rate"],)))
    line.takes(bytes_of("RATE"))
    assert line.sends(vector)


@of_device("ECHOED")
def test_echoed(vector: dict[str, Any]) -> None:
    line = Line()
    line.takes(bytes_of("ECHO"))
    assert line.sends(vector)


@of_device("EDGE")
def test_an_edge(vector: dict[str, Any]) -> None:
    says, before = vector["says"], vector["fields"]["sequence"]
    line = Line(edge_number=(says["number"] - before) % 256)
    for n in range(before):
        line.end.edge(0, False, 0)
        line.end.transmit(0)
        line.acknowledges(buttons=n + 1)
    line.end.edge(says["button"], bool(says["down"]), says["time"])
    assert line.sends(vector)


@of_device("PICTURE")
def test_a_picture(vector: dict[str, Any]) -> None:
    says = vector["says"]
    line = Line()
    line.takes(bytes_of("CAMERA"))
    line.end.picture(bytes(says["size"]), says["width"], says["height"], says["time"])
    assert line.sends(vector)


@of_device("END")
def test_an_end(vector: dict[str, Any]) -> None:
    line = Line()
    line.asks(64)
    line.end.picture(b"123456789")  # of which CRC-32's check value is known
    assert line.sends(vector)


@of_device("FAILED")
def test_failed(vector: dict[str, Any]) -> None:
    line = Line()
    line.asks(64)
    line.end.picture(b"x")
    line.end.transmit(0)
    line.tells("DONE", picture=0, result=0)
    line.asks(64, request=vector["says"]["request"])
    line.end.failed(vector["says"]["reason"])
    assert line.sends(vector)


@of_device("CHUNK")
def test_a_chunk(vector: dict[str, Any]) -> None:
    data, picture, index = (
        bytes.fromhex(vector["fields"]["data"]),
        vector["fields"]["picture"],
        vector["fields"]["index"],
    )
    line = Line()
    for number in range(picture):
        line.asks(64)
        line.end.picture(b"x")
        line.end.transmit(0)
        line.acknowledges(control=2 * number + 2)
        line.tells("DONE", picture=number, result=0)
    line.asks(len(data))
    line.end.picture(data * (index + 1))
    for next_ in range(64, index + 1, 64):
        line.end.transmit(0)
        line.says("TAKEN", picture=picture, next=next_, limit=next_ + 64, missing=[])
    assert line.sends(vector)


# --- what it takes


def test_the_hosts_rows_that_grow() -> None:
    line = Line()
    for name in ("LINE", "SHOW", "TAIL", "EMPTY", "GROW"):
        for vector in those("host", name):
            line.takes(bytes.fromhex(vector["encoded"]))
    first, second = line.end.calls()
    assert first == Screen(("A café, 二号线", *[""] * 9), 1, 3, 4, True)
    assert second == Screen(("A café, 三号线，2 站", *[""] * 9), 1, 3, 4, True)


def test_the_hosts_rows_and_screen_and_bye() -> None:
    line = Line()
    for number, vector in enumerate((*those("host", "LINE"), *those("host", "SHOW"))):
        assert vector["fields"]["sequence"] == number
        line.takes(bytes.fromhex(vector["encoded"]))
    rows = [""] * 10
    for vector in those("host", "LINE"):
        rows[vector["says"]["row"]] = vector["says"]["text"]
    says = those("host", "SHOW")[0]["says"]
    assert line.end.calls() == [
        Screen(tuple(rows), says["page"], says["pages"], says["mark"], bool(says["signs"] & 1), bool(says["signs"] & 2))
    ]
    line.takes(bytes_of("BYE"))
    assert line.end.calls() == [Session(False)]


def test_the_hosts_requests_and_done() -> None:
    line = Line()
    for number in range(3):
        says = those("host", "CAMERA")[number]["says"]
        line.takes(bytes_of("CAMERA", number))
        calls = line.end.calls()
        wanted = (says["request"], says["mode"], says["width"], says["height"], says["quality"], says["interval"])
        assert Camera(*wanted) in calls
        if number == 0:
            assert Capture(*wanted) in calls
            line.end.picture(b"x")
            line.end.transmit(0)
    line.takes(bytes_of("DONE"))
    assert line.end.calls() == [Released(0)]


@pytest.mark.parametrize("vector", those("host", "TAKEN"), ids=titled)
def test_the_hosts_taken(vector: dict[str, Any]) -> None:
    says = vector["fields"]
    line = Line()
    for number in range(says["picture"]):
        line.asks(64)
        line.end.picture(b"x")
        line.end.transmit(0)
        line.acknowledges(control=2 * number + 2)
        line.tells("DONE", picture=number, result=0)
    line.asks(64)
    line.end.picture(bytes(64 * 2000))
    for next_ in (*range(64, says["next"], 64), says["next"]):
        line.end.transmit(0)
        line.says("TAKEN", picture=says["picture"], next=next_, limit=next_ + 64, missing=[])
    line.end.transmit(0)
    line.takes(bytes.fromhex(vector["encoded"]))
    heard = [wire.read(each, SESSION)[1] for each in line.end.transmit(0).split(b"\0") if each]
    assert [each["index"] for each in heard] == [each % 256 for each in says["missing"]]


def test_the_hosts_ack() -> None:
    line = Line()
    for _ in range(4):
        line.end.edge(0, True, 0)
    line.end.transmit(0)
    line.takes(bytes_of("ACK"))
    line.takes(bytes_of("BYE") + bytes_of("HELLO"))
    heard = [wire.read(each, SESSION) for each in line.end.transmit(0).split(b"\0") if each]
    edges = [
        wire.read_message(fields["message"], ("EDGE",))[1]["number"] for name, fields in heard if name == "BUTTONS"
    ]
    assert edges == [3], "three were had"


def test_the_hosts_rate() -> None:
    line = Line(Facts(rates=(921_600,)))
    line.takes(bytes_of("RATE"))
    line.end.transmit(0)
    line.end.sent(0)
    assert line.end.calls() == [Rate(921_600)]


@pytest.mark.parametrize("vector", VECTORS["nothing"], ids=lambda vector: vector["why"].replace(" ", "-"))
def test_what_is_nothing(vector: dict[str, Any]) -> None:
    line = Line()
    line.end.transmit(0)
    line.takes(bytes.fromhex(vector["encoded"]))
    assert (line.end.calls(), line.end.transmit(0)) == ([], b"")
    line.says("PING", number=0)
    ((_, pong),) = [wire.read(each, SESSION) for each in line.end.transmit(0).split(b"\0") if each]
    assert pong["bad"] == vector["bad"]
