"""`glassd adb`: what it has the glasses do, with a program in adb's place that notes what it is told.

The real adb needs glasses at a cable.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassd.cli import main
from glassd.cli.adb import Glasses
from glassd.cli.daemon_socket import DaemonError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from running import Daemon

CONFIG = """
language: en
model: {endpoints: [{url: "http://127.0.0.1:9/v1", vision: some-model}]}
api: {listen: "127.0.0.1:0", token: door}
camera: {driver: web}
buttons: [{driver: web}]
displays: [{driver: web}]
triggers: [{when: main press, ask: "What is this?"}]
"""
ADB = """#!{python}
import json, os, sys, time
with open({told!r}, "a") as told:
    told.write(json.dumps([sys.argv[1:], sys.stdin.read()]) + "\\n")
{then}
"""
SERIAL = "0123456789ABCDEF"


class Adb:
    """What stands in adb's place, and what it was told."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        self._told = folder / "told"
        self.then()

    def then(self, code: str = "") -> None:
        """Say what it does once it has noted what it was told."""
        program = self._folder / "adb"
        program.write_text(ADB.format(python=sys.executable, told=str(self._told), then=code))
        program.chmod(0o755)

    def told(self) -> list[tuple[list[str], str]]:
        if not self._told.exists():
            return []
        return [(words, given) for words, given in map(json.loads, self._told.read_text().splitlines())]


@pytest.fixture
def adb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Adb:
    adb = Adb(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return adb


def test_it_waits_for_the_glasses_makes_their_localhost_the_boards_opens_the_page_and_stays(
    start: Callable[..., Daemon], adb: Adb
) -> None:
    daemon = start(CONFIG, GLASSD_KEY_DOOR="a-token-of-the-test-that-is-long-enough")
    assert daemon.glassd("adb", "--stay", SERIAL).stdout == f"The page is open on the glasses {SERIAL}.\n"
    (waits, _), (reverses, _), (opens, given), (stays, _) = adb.told()
    assert waits == ["-s", SERIAL, "wait-for-device"]
    port = reverses[-1]
    assert reverses == ["-s", SERIAL, "reverse", port, port]
    assert opens == ["-s", SERIAL, "shell", "-T"]
    assert stays == ["-s", SERIAL, "wait-for-disconnect"]
    am = shlex.split(given.removesuffix("; exit\n"))
    assert am[:-1] == ["am", "start", "-a", "android.intent.action.VIEW", "-d"]
    page, code = am[-1].split("#code=")
    assert page == f"http://localhost:{port.removeprefix('tcp:')}/glasses"
    status, _ = daemon.get("/api/sessions", body={"code": code})
    assert status == 200
    assert code not in "".join(daemon.log.all)


def test_the_only_glasses_need_no_serial_number(adb: Adb) -> None:
    Glasses(None).reverse(8733)
    assert adb.told() == [(["reverse", "tcp:8733", "tcp:8733"], "")]


@pytest.mark.parametrize("serial", ["-H", "--help", "a b", "$(reboot)", "x;reboot", "x\nreboot", "../x", "", "x" * 65])
def test_what_is_no_serial_number_reaches_no_program(serial: str, adb: Adb, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["adb", "--", serial]) == 5
    assert capsys.readouterr().err == f"glassd adb: {serial!r} is no serial number of adb's: `adb devices` lists them\n"
    assert adb.told() == []


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60))
def test_an_address_is_one_word_to_the_glasses_shell(text: str) -> None:
    said: list[str] = []

    class Shell(Glasses):
        def _do(self, *_: str, words: str = "", **__: Any) -> str:
            said.append(words)
            return ""

    Shell(None).open(text)
    command = said[0].replace("am start", "printf '%s\\0'", 1)
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=True, cwd="/")
    assert done.stdout == b"\0".join([b"-a", b"android.intent.action.VIEW", b"-d", text.encode(), b""])


@pytest.mark.parametrize(
    ("then", "said"),
    [
        ("sys.exit('error: device offline\\n\\x1b[2J')", "adb shell: error: device offline [2J"),
        ("sys.exit(3)", "adb shell: status 3"),
        (
            "print('Starting: Intent { dat=… }\\nError: Activity not started, unable to resolve h/#code=ab-cd x')",
            "the page cannot be opened on the glasses: Error: Activity not started, unable to resolve h/#code=… x",
        ),
        ("sys.exit('x' * 100000)", "adb shell: " + "x" * 200),
    ],
)
def test_what_went_wrong_is_said_in_one_line_without_the_code(then: str, said: str, adb: Adb) -> None:
    adb.then(then)
    with pytest.raises(DaemonError) as error:
        Glasses(SERIAL).open("http://localhost:8733/glasses#code=ab-cd")
    assert str(error.value) == said


def test_glasses_that_never_come_are_told_with_what_to_do(adb: Adb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glassd.cli.adb.DEVICE_LIMIT_S", 0.1)
    adb.then("time.sleep(100)")
    with pytest.raises(DaemonError, match="switch USB debugging on, and allow this board on the glasses"):
        Glasses(SERIAL).wait_for()


def test_without_adb_it_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["adb"]) == 5
    assert capsys.readouterr().err == "glassd adb: adb is not installed: apt install adb\n"
