"""What systemd and udev are given, read by systemd's own tools: no key that it does not know, no sandbox with a hole.

What it does on a board is tested there: tests/rig/test_service_*.py.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from paths import TREE

if TYPE_CHECKING:
    from pathlib import Path

SYSTEMD = TREE / "systemd"
UNITS = ("glassd.service", "glassd@.service")
ADB_UNITS = ("glassd-adb.service", "glassd-adb@.service")
DROP_INS = sorted((SYSTEMD / "drop-ins").glob("*.conf"))
EXPOSURE_LIMIT = 20
"""Of `systemd-analyze security`, in tenths."""
OTHER_UNITS = (
    "sysinit.target",
    "basic.target",
    "shutdown.target",
    "getty@.service",
    "systemd-modules-load.service",
)
"""What ours name: of systemd itself, and needed by what loads a unit."""


def tool(*command: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "SYSTEMD_LOG_LEVEL": "info", "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, env=environment, input=stdin
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make the root of a system that glassd is installed in, as far as its units look at it."""
    for program in ("usr/bin/glassd", "usr/bin/adb", "bin/sh"):
        (tmp_path / program).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / program).touch(0o755)
    folder = tmp_path / "etc/systemd/system"
    folder.mkdir(parents=True)
    for name in OTHER_UNITS:
        section = "[Service]\nExecStart=/bin/sh\n" if name.endswith(".service") else ""
        (folder / name).write_text(f"[Unit]\nDefaultDependencies=no\n{section}")
    for name in UNITS + ADB_UNITS:
        shutil.copy(SYSTEMD / name, folder)
    return tmp_path


@pytest.mark.parametrize(
    "unit", ["glassd.service", "glassd@left.service", "glassd-adb.service", "glassd-adb@0123456789ABCDEF.service"]
)
def test_systemd_has_nothing_to_say_about_the_units(unit: str, root: Path) -> None:
    done = tool("systemd-analyze", "verify", "--man=no", f"--root={root}", unit)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("drop_in", DROP_INS, ids=lambda path: path.name)
def test_nor_about_a_drop_in(drop_in: Path, root: Path) -> None:
    folder = root / "etc/systemd/system/glassd.service.d"
    folder.mkdir()
    shutil.copy(drop_in, folder)
    done = tool("systemd-analyze", "verify", "--man=no", f"--root={root}", "glassd.service")
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("drop_in", [None, *DROP_INS], ids=lambda path: path.name if path else "alone")
@pytest.mark.parametrize("unit", ["glassd.service", "glassd@left.service"])
def test_the_sandbox_leaves_little_open(unit: str, drop_in: Path | None, root: Path) -> None:
    if drop_in is not None:
        folder = root / f"etc/systemd/system/{unit}.d"
        folder.mkdir()
        shutil.copy(drop_in, folder)
    analyse = ("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_LIMIT}", "--no-pager")
    done = tool(*analyse, f"--root={root}", unit)
    assert done.returncode == 0, done.stdout + done.stderr
    assert float(re.findall(r"exposure level for \S+: ([0-9.]+)", done.stdout)[0]) <= EXPOSURE_LIMIT / 10


@pytest.mark.parametrize("unit", ["glassd-adb.service", "glassd-adb@0123456789ABCDEF.service"])
def test_nor_do_those_of_adb_which_are_off_until_a_rule_starts_them(unit: str, root: Path) -> None:
    analyse = ("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_LIMIT}", "--no-pager")
    done = tool(*analyse, f"--root={root}", unit)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ADB_UNITS:
        assert "[Install]" not in (SYSTEMD / name).read_text(encoding="utf-8")


def test_the_template_is_the_unit_but_for_the_names() -> None:
    unit, template = ((SYSTEMD / name).read_text(encoding="utf-8") for name in UNITS)
    in_the_template = {
        "a pair of smart glasses": "the pair of smart glasses %i",
        "Environment=GLASSD_CONFIG=/etc/glassd/glassd.yaml": (
            "Environment=GLASSD_INSTANCE=%i GLASSD_CONFIG=/etc/glassd/%i/glassd.yaml"
        ),
        "run glassd setup": "run glassd -i $GLASSD_INSTANCE setup",
        "RuntimeDirectory=glassd": "RuntimeDirectory=glassd-%i",
        "StateDirectory=glassd": "StateDirectory=glassd-%i",
        "/etc/credstore/glassd": "/etc/credstore/glassd-%i",
    }
    body = unit[unit.index("[Unit]") :]
    for name, its in in_the_template.items():
        assert body.count(name) == 1, name
        body = body.replace(name, its)
    assert body == template[template.index("[Unit]") :]


def test_each_drop_in_says_how_it_is_used() -> None:
    assert {path.name for path in DROP_INS} == {"drm.conf", "framebuffer.conf", "sound.conf", "terminal.conf"}
    for path in DROP_INS:
        text = path.read_text(encoding="utf-8")
        assert f"install -D -m 644 {path.name} /etc/systemd/system/glassd.service.d/{path.name}" in text


def test_sysusers_makes_one_user_with_the_groups_of_the_devices(tmp_path: Path) -> None:
    done = tool(
        "systemd-sysusers",
        "--dry-run",
        f"--root={tmp_path}",
        "-",
        stdin=(SYSTEMD / "glassd.sysusers").read_text(encoding="utf-8"),
    )
    assert done.returncode == 0, done.stderr
    made = re.findall(r"Creating (user|group) '(\w+)'", done.stdout + done.stderr)
    assert [name for kind, name in made if kind == "user"] == ["glassd"]
    assert {name for kind, name in made if kind == "group"} == {"glassd", "video", "input", "dialout", "gpio"}


def test_tmpfiles_makes_the_folders_and_keeps_that_of_the_keys_to_root(tmp_path: Path) -> None:
    lines = (SYSTEMD / "glassd.tmpfiles").read_text(encoding="utf-8")
    assert lines.count(" root root -\n") == 3
    ours = lines.replace(" root root ", f" {os.geteuid()} {os.getegid()} ")  # so that no root is needed here
    done = tool("systemd-tmpfiles", "--create", f"--root={tmp_path}", "-", stdin=ours)
    assert (done.returncode, done.stderr) == (0, "")
    modes = {str(path.relative_to(tmp_path)): path.stat().st_mode & 0o7777 for path in tmp_path.rglob("*")}
    modes.pop("etc")
    assert modes == {"etc/glassd": 0o755, "etc/credstore": 0o700, "etc/credstore/glassd": 0o700}


# -- the udev rules: `udevadm verify` came with systemd 254 -----------------------------------------------------------

RULES = SYSTEMD / "70-glassd.rules"
PAIR = re.compile(r'(?P<key>[A-Z_]+(?:\{[^}]+\})?) ?(?P<operator>==|!=|\+=|=)"(?P<value>[^"]*)"')
MATCHES = {"ACTION", "SUBSYSTEM", "SUBSYSTEMS", "KERNEL", "DRIVERS", "ENV", "ATTR", "ATTRS"}
ASSIGNMENTS = {"GROUP", "MODE", "ENV", "TAG", "SYMLINK", "OPTIONS", "GOTO", "LABEL"}


def rules(file: Path = RULES) -> list[list[tuple[str, str, str]]]:
    """Return each rule as its (key, operator, value); fail on what is none."""
    found = []
    for line in file.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            pairs = [PAIR.fullmatch(pair) for pair in line.split(", ")]
            found.append([(pair["key"], pair["operator"], pair["value"]) for pair in pairs if pair is not None])
            assert None not in pairs, line
    return found


def test_each_rule_is_well_formed_and_each_goto_has_its_label_after_it() -> None:
    labels_to_come: list[str] = []
    for rule in rules():
        for key, operator, value in rule:
            name = key.partition("{")[0]
            assert name in (MATCHES if operator in ("==", "!=") else ASSIGNMENTS), key
            if name == "GOTO":
                labels_to_come.append(value)
            if name == "LABEL":
                assert value in labels_to_come, f"nothing goes to {value}"
                labels_to_come = [label for label in labels_to_come if label != value]
    assert labels_to_come == []


def test_the_rules_come_after_those_whose_findings_they_read() -> None:
    assert RULES.name > "60-serial.rules"
    assert RULES.name < "99-systemd.rules"  # which makes units of what is tagged


@pytest.mark.parametrize("name", ["adb.rules", "framebuffer.rules"])
def test_a_rule_that_is_off_is_well_formed_and_says_how_it_is_put_in_place(name: str) -> None:
    file = SYSTEMD / "drop-ins" / name
    assert f"install -D -m 644 {name} /etc/udev/rules.d/71-glassd-{name}" in file.read_text(encoding="utf-8")
    (rule,) = rules(file)
    for key, operator, _ in rule:
        assigns = operator not in ("==", "!=") and key != "ATTR{bind}"
        assert key.partition("{")[0] in (ASSIGNMENTS if assigns else MATCHES), key


def test_the_rule_of_adb_starts_a_unit_for_no_serial_number_but_those_that_stand_in_it() -> None:
    facts = {(key, operator): value for key, operator, value in rules(SYSTEMD / "drop-ins/adb.rules")[0]}
    assert facts["ENV{ID_SERIAL_SHORT}", "=="] == "SERIAL"
    assert facts["ENV{SYSTEMD_WANTS}", "+="] == "glassd-adb@$env{ID_SERIAL_SHORT}.service"


def priority(kernel: str) -> int:
    """Return what udev compares of the devices that want one name."""
    last = 0
    for rule in rules():
        facts = {key: value for key, _, value in rule}
        if facts.get("OPTIONS", "").startswith("link_priority="):
            patterns = facts.get("KERNEL", "*").split("|")
            if any(fnmatchcase(kernel, pattern) for pattern in patterns):
                last = int(facts["OPTIONS"].partition("=")[2])
    return last


@pytest.mark.parametrize("kind", ["video", "event", "ttyUSB", "ttyACM"])
def test_the_first_device_is_the_one_with_the_lowest_number(kind: str) -> None:
    priorities = [priority(f"{kind}{number}") for number in range(16)]
    assert all(earlier > later for earlier, later in pairwise(priorities))


def test_of_two_serial_lines_with_one_number_the_adapter_is_the_first() -> None:
    lines = [f"tty{kind}{number}" for number in range(16) for kind in ("USB", "ACM")]
    assert sorted(lines, key=priority, reverse=True) == lines
