"""The page out of the package: served at an address from within the sandbox, and opened on what is plugged in."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

from rig.glasses import CONFIG, config

if TYPE_CHECKING:
    from rig.board import Board

LIMIT_S = 120.0
"""Seconds for a start: the guest's processor is an emulated one."""
TOKEN = "a-token-of-the-test-that-is-long-enough"
PAGE = """
    api: {listen: "127.0.0.1:8733", token: page, tls: own}
    camera: {driver: web}
    buttons: [{driver: web}]
    displays: [{driver: web}]
    triggers: [{when: main press, ask: "What is this?"}]
"""
CALL = """
import http.client, json, ssl, sys
method, path, body, token = sys.argv[1:]
context = ssl.create_default_context(cafile="/var/lib/glassd/certificate.pem")
connection = http.client.HTTPSConnection("localhost", 8733, context=context, timeout=60)
headers = {"Authorization": f"Bearer {token}"} if token else {}
headers |= {"Content-Type": "application/json"} if body else {}
connection.request(method, path, body or None, headers)
answer = connection.getresponse()
print(json.dumps([answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()]))
"""
ADB = """#!/bin/sh
echo "$@" >>/var/lib/glassd-adb/told
cat >>/var/lib/glassd-adb/told
"""
SERVER = "setpriv --reuid=glassd --clear-groups env ADB_SERVER_SOCKET=localfilesystem:/run/glassd-adb/socket"


def call(
    board: Board, path: str, method: str = "GET", body: str = "", token: str = ""
) -> tuple[int, dict[str, str], str]:
    """Call the service at its address, from within the board."""
    words = ["python3", "-c", CALL, method, path, body, token]
    status, headers, text = json.loads(board.shell(shlex.join(words)))
    return status, headers, text


def serve(board: Board) -> None:
    board.write("/etc/credstore/glassd/page", TOKEN, 0o600)
    board.write(CONFIG, config(board, PAGE))
    board.run("systemctl start glassd", limit_s=LIMIT_S)
    board.until("test -e /var/lib/glassd/certificate.pem", limit_s=LIMIT_S)


def test_the_page_is_served_over_https_and_tells_nothing_to_a_stranger(board: Board) -> None:
    serve(board)
    for path in ("/", "/glasses"):
        status, headers, text = call(board, path)
        assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "<html" in text
    assert call(board, "/static/js/glasses.js")[0] == 200
    assert call(board, "/api/status")[0] == 401
    assert call(board, "/metrics")[0] == 401
    assert call(board, "/metrics", token=TOKEN)[0] == 200
    code = board.shell("glassd pair --url").split("#code=")[1]
    signed_in = call(board, "/api/sessions", "POST", json.dumps({"code": code}))
    assert (signed_in[0], json.loads(signed_in[2])["scope"]) == (200, "glasses")


def test_adbs_own_server_runs_in_its_sandbox_for_as_long_as_it_is_needed(board: Board) -> None:
    board.run("systemd-run --unit=needs-it -p Requires=glassd-adb.service -p After=glassd-adb.service sleep 1000")
    board.until("systemctl is-active needs-it", limit_s=LIMIT_S)
    assert board.shell(f"{SERVER} adb devices") == "List of devices attached"
    assert board.shell("stat -c '%U %a' /run/glassd-adb /var/lib/glassd-adb") == "glassd 700\nglassd 700"
    board.run("systemctl stop needs-it")
    board.until("! systemctl is-active --quiet glassd-adb")


def test_what_is_plugged_in_opens_the_page_once_the_rule_is_in_place_and_nothing_else_does(board: Board) -> None:
    serve(board)
    board.write("/usr/local/bin/adb", ADB, 0o755)
    board.write(
        "/etc/systemd/system/glassd-adb@.service.d/told.conf", "[Service]\nReadWritePaths=/var/lib/glassd-adb\n"
    )
    board.run("systemctl daemon-reload")
    board.buttons.plug()
    facts = dict(
        line.split("=", 1)
        for line in board.until("udevadm info -q property /dev/glassd/buttons", "ID_SERIAL_SHORT=").out.splitlines()
    )
    board.buttons.unplug()
    # A keyboard in the glasses' place: the rule's own words, but for the interface of Android's debug bridge.
    serial = facts["ID_SERIAL_SHORT"]
    rule = board.read("/usr/share/glassd/drop-ins/adb.rules").decode().replace("ff4201", "030101")
    board.write("/etc/udev/rules.d/71-glassd-adb.rules", rule)
    board.run("udevadm control --reload")
    board.buttons.plug()
    board.until("udevadm settle && test -e /dev/glassd/buttons")
    assert not board.shell("systemctl list-units --all --plain --no-legend 'glassd-adb*'"), "it was not in the rule"
    board.buttons.unplug()
    board.write("/etc/udev/rules.d/71-glassd-adb.rules", rule.replace('"SERIAL"', f'"{serial}"'))
    board.run("udevadm control --reload")
    board.buttons.plug()
    told = board.until("cat /var/lib/glassd-adb/told", "wait-for-disconnect", LIMIT_S).out.splitlines()
    link = told.pop(3)
    assert told == [
        f"-s {serial} wait-for-device",
        f"-s {serial} reverse tcp:8733 tcp:8733",
        f"-s {serial} shell -T",
        f"-s {serial} wait-for-disconnect",
    ]
    assert link.startswith("am start -a android.intent.action.VIEW -d 'https://localhost:8733/glasses#code=")
    board.until(f"! systemctl is-active --quiet 'glassd-adb@{serial}' && ! systemctl is-active --quiet glassd-adb")
