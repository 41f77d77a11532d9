"""The published bytes of every packet and message: as a second reading of docs/link.md has them, and the host end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import wire

from glassd_drivers.link.packets import Framer, seal, seed_of

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "link" / "vectors.json").read_text(encoding="utf-8"))
PACKETS: list[dict[str, Any]] = VECTORS["packets"]
NOTHING: list[dict[str, Any]] = VECTORS["nothing"]
SESSION = 3237998081


def named(vector: dict[str, Any]) -> str:
    return " ".join(filter(None, (vector["name"], vector.get("message"), vector.get("note")))).replace(" ", "-")


@pytest.mark.parametrize("vector", PACKETS, ids=named)
def test_a_second_reading_of_the_page_makes_the_same_bytes(vector: dict[str, Any]) -> None:
    fields = dict(vector["fields"])
    if "message" in vector:
        fields["message"] = wire.message(vector["message"], **vector["says"])
    if "data" in fields:
        fields["data"] = bytes.fromhex(fields["data"])
    plain = wire.decoded(vector["name"], vector["key"], **fields)
    assert plain.hex() == vector["decoded"]
    assert wire.stuffed(plain).hex() == vector["encoded"]


@pytest.mark.parametrize("vector", PACKETS, ids=named)
def test_the_host_end_seals_and_finds_each_packet(vector: dict[str, Any]) -> None:
    plain, encoded = bytes.fromhex(vector["decoded"]), bytes.fromhex(vector["encoded"])
    framer = Framer()
    framer.seed = seed_of(SESSION)
    assert seal(plain[0], plain[1:-4], seed_of(vector["key"])) == encoded
    assert framer.feed(encoded) == [plain]
    assert (framer.good, framer.bad) == (1, 0)


@pytest.mark.parametrize("vector", [each for each in NOTHING if each["bad"]], ids=lambda vector: vector["why"])
def test_what_is_bad_is_counted_and_never_given(vector: dict[str, Any]) -> None:
    framer = Framer()
    framer.seed = seed_of(SESSION)
    assert framer.feed(bytes.fromhex(vector["encoded"])) == []
    assert (framer.good, framer.bad) == (0, 1)


def test_every_packet_and_message_of_the_page_is_there() -> None:
    assert {each["name"] for each in PACKETS} == set(wire.PACKETS)
    assert {each["message"] for each in PACKETS if "message" in each} == set(wire.MESSAGES)
