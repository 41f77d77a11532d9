"""Keys from the folder of credentials: the service has them, and nobody else finds them anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from rig.board import Board

FOLDER = "/etc/credstore/glassd"
KEY = "sk-4f1c9a7e-the-key-itself"
OTHER = "sk-another-one-altogether"
LIMIT_S = 120.0
"""Seconds for a start: the guest's processor is an emulated one."""


def start(board: Board, key: str = "vendor") -> None:
    """Start the service with one endpoint that wants a key."""
    # A key goes over plain http on the board itself alone: a port of the board's own leads to the model server here.
    port = int(board.model.url.split(":")[2].partition("/")[0])
    board.run(
        f"systemd-run --unit=way --socket-property=ListenStream=127.0.0.1:{port}"
        f" /lib/systemd/systemd-socket-proxyd 10.0.2.2:{port}"
    )
    endpoint = f"{{url: 'http://127.0.0.1:{port}/v1', vision: some-model, key: {key}}}"
    board.write("/etc/glassd/glassd.yaml", f"model: {{endpoints: [{endpoint}]}}\nlanguage: en\n")
    board.run("systemctl start glassd", limit_s=LIMIT_S)


def put(board: Board, name: str, key: str) -> None:
    board.write(f"{FOLDER}/{name}", key + "\n", 0o600)


def asked_with(board: Board) -> str:
    """Ask, and return the key that reached the model server."""
    board.model.answer_next("Yes.")
    assert board.run("glassd ask 'Is it so?'").out.strip() == "Yes."
    head, _ = board.model.request()
    return head["authorization"].removeprefix("Bearer ")


def test_each_file_of_the_folder_is_a_key_under_its_own_name(board: Board) -> None:
    put(board, "vendor", KEY)
    put(board, "another", OTHER)
    start(board)
    assert asked_with(board) == KEY
    board.run("sed -i 's/key: vendor/key: another/' /etc/glassd/glassd.yaml && systemctl reload glassd")
    assert asked_with(board) == OTHER


@pytest.mark.parametrize("folder", ["empty", "gone"])
def test_without_keys_the_service_runs_and_says_which_it_lacks(folder: str, board: Board) -> None:
    if folder == "gone":
        board.run(f"rmdir {FOLDER}")
    start(board)
    said = board.run("glassd ask 'Is it so?'", status=5)
    assert "key_missing" in said.err
    assert f"put it into {FOLDER}/vendor" in board.journal()


def test_a_key_that_lies_encrypted_on_the_disk_is_handed_over_plain(board: Board) -> None:
    """As docs/keys.md has it."""
    encrypted = "/etc/credstore.encrypted/key_vendor"
    board.write("/run/key", KEY, 0o600)
    board.run(
        "install -d -m 700 /etc/credstore.encrypted && systemd-creds setup"
        f" && systemd-creds encrypt --with-key=host --name=key_vendor /run/key {encrypted}"
    )
    board.write(
        "/etc/systemd/system/glassd.service.d/key.conf", f"[Service]\nLoadCredentialEncrypted=key_vendor:{encrypted}\n"
    )
    board.run(f"systemctl daemon-reload && ! grep -aF {KEY} {encrypted}")
    start(board)
    assert asked_with(board) == KEY


def test_a_key_is_readable_by_root_and_the_service_alone(board: Board) -> None:
    put(board, "vendor", KEY)
    start(board)
    loaded = "/run/credentials/glassd.service/key_vendor"
    assert board.run(f"cat {loaded}").out == KEY + "\n"
    board.run("useradd --no-create-home --groups glassd,video,input,dialout member")
    for user in ("nobody", "member"):
        for file in (loaded, f"{FOLDER}/vendor"):
            assert board.run(f"setpriv --reuid={user} --regid={user} --init-groups cat {file}", status=None).out == ""
    assert board.run(f"setpriv --reuid=glassd --regid=glassd --init-groups cat {loaded}").out == KEY + "\n"
    assert board.run(f"setpriv --reuid=glassd --regid=glassd --init-groups cat {FOLDER}/vendor", status=1).out == ""


def test_a_key_that_was_used_is_in_no_log_status_process_list_or_file(board: Board) -> None:
    put(board, "vendor", KEY)
    start(board)
    assert asked_with(board) == KEY
    board.model.answer_next("Yes.")
    board.run("glassd status --json; glassd report -o /run/report; systemctl reload glassd; systemctl status glassd")
    board.run("systemctl kill --signal=ABRT glassd; sleep 1")  # with what the watchdog would leave
    board.until("systemctl is-active glassd", "active", LIMIT_S)
    board.write("/srv/key", KEY)  # not on a command line of ours, where it would be found
    found = board.run(
        """exec 2>/dev/null
        journalctl --output=export --all | grep -acFf /srv/key
        { systemctl show glassd; systemctl status glassd; ps axeww; } | grep -acFf /srv/key
        cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | grep -acFf /srv/key
        grep -rlaFf /srv/key /var /run /etc /tmp /usr/lib/glassd /dev/shm --exclude-dir=credentials"""
    )
    assert found.out.splitlines() == ["0", "0", "0", f"{FOLDER}/vendor"]
