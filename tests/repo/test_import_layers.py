"""The contracts of import-linter stay complete: `make lint` checks what they name, this that they name all."""

from __future__ import annotations

import configparser

from paths import TREE


def test_every_driver_is_among_those_that_must_not_know_each_other() -> None:
    settings = configparser.ConfigParser(delimiters=("=",))
    settings.read(TREE / "setup.cfg", encoding="utf-8")
    groups = ("glassd.cameras", "glassd.buttons", "glassd.displays")
    lines = "".join(settings["options.entry_points"][group] for group in groups).split("\n")
    drivers = {line.partition("=")[2].partition(":")[0].strip() for line in lines if line}
    contract = settings["importlinter:contract:drivers-apart"]["modules"].split()
    assert sorted(drivers) == sorted(contract)
