"""What a config says of a bridge."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from glassd_drivers.link.config import BridgeConfig


@pytest.mark.parametrize(
    "device", ["/dev/ttyUSB0", "/dev/serial/by-id/usb-FTDI_x-if00", "socket://10.0.0.7:7000", "socket://[::1]:7000"]
)
def test_an_address_is_a_path_or_a_socket(device: str) -> None:
    assert BridgeConfig.model_validate({"device": device}).device == device


@pytest.mark.parametrize(
    "device",
    ["ttyUSB0", "socket://host", "socket://host:0", "socket://host:70000", "socket://u@h:1", "http://h:1", "/a b", ""],
)
def test_anything_else_says_what_was_expected(device: str) -> None:
    with pytest.raises(ValidationError, match="the path of a serial line such as /dev/glassd/bridge, or socket://HOST"):
        BridgeConfig.model_validate({"device": device})


@pytest.mark.parametrize(
    ("rate", "good"), [("auto", True), (921_600, True), (9600, False), (20_000_000, False), ("fast", False)]
)
def test_a_rate_is_auto_or_a_baud_that_a_line_can_have(rate: object, good: bool) -> None:
    try:
        BridgeConfig.model_validate({"rate": rate}, strict=True)
    except ValidationError:
        assert not good
    else:
        assert good
