"""The Debian package's life on a board: installed, set up, upgraded, taken back, purged, with a driver beside it."""

from __future__ import annotations

import re
import sqlite3
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from glassd import __version__
from rig.glasses import CONFIG, picture
from rig.snapshots import DEB
from strangers import EXAMPLE, wheel_of

if TYPE_CHECKING:
    from rig.board import Board

HERE = Path(__file__).parents[2]
OLDER = "0.0.9"
INSTALL_LIMIT_S = 300.0
KEY = "sk-a-key-that-nobody-may-see"
ANSWERS = """
language: en
model: {{service: server, url: "{url}", vision: qwen-vl-plus}}
buttons:
  - driver: evdev
    device: /dev/glassd/buttons
    map: {{KEY_ENTER: main}}
"""
OTHERS = (
    "/proc",
    "/sys",
    "/dev",
    "/run",
    "/tmp",
    "/root",
    "/srv",
    "/var/log",
    "/var/cache",
    "/var/lib/dpkg",
    "/var/lib/apt",
)
"""Where a system keeps book of itself: what is there is no leftover of a package."""
PRUNED = " -o ".join(f"-path {place}" for place in OTHERS)
ALL_FILES = f"find / \\( {PRUNED} \\) -prune -o -print | sort; cat /etc/passwd /etc/group"


@pytest.fixture(scope="module")
def older() -> Path:
    """The package of a glassd that came before."""
    subprocess.run(["sh", "systemd/deb/build.sh", "bookworm", "amd64", OLDER], cwd=HERE, check=True)
    return DEB.with_name(DEB.name.replace(__version__, OLDER))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the stranger's package in tests/example_driver."""
    return wheel_of(EXAMPLE, tmp_path_factory.mktemp("wheel"))


def install(board: Board, package: Path) -> str:
    """Install a package as a script would, with nobody to answer a question; return what it said."""
    board.push(package, f"/srv/{package.name}")
    command = f"DEBIAN_FRONTEND=noninteractive apt-get install -y --allow-downgrades /srv/{package.name} </dev/null"
    return board.run(command, limit_s=INSTALL_LIMIT_S).out


def version(board: Board) -> str:
    return board.shell("glassd --version").removeprefix("glassd ")


def test_a_fresh_install_is_set_up_by_a_file_of_answers(board: Board) -> None:
    board.camera.plug()
    board.buttons.plug()
    board.until("ls /dev/glassd/camera /dev/glassd/buttons")
    board.write("/srv/answers.yaml", ANSWERS.format(url=board.model.url))
    board.model.answer_next("A red mug.")
    said = board.run("glassd setup --answers /srv/answers.yaml", limit_s=120).out
    assert "A red mug." in said
    data = picture(board.model.request()[1])
    assert data in [sent.data for sent in board.camera.sent]
    assert board.shell("systemctl is-enabled glassd; systemctl is-active glassd") == "enabled\nactive"
    assert board.run(f"glassd check {CONFIG}").err == ""


@pytest.mark.timeout(900)
def test_upgrade_downgrade_and_purge(bare_board: Board, older: Path, wheel: Path) -> None:
    board = bare_board
    before = board.shell(ALL_FILES)
    install(board, older)
    board.write("/srv/answers.yaml", ANSWERS.format(url=board.model.url) + "test: false\n")
    board.run("glassd setup --answers /srv/answers.yaml", limit_s=120)
    board.push(wheel, f"/srv/{wheel.name}")
    board.run(f"glassd driver add /srv/{wheel.name}")
    board.write("/etc/credstore/glassd/vendor", KEY, 0o600)
    kept = f"cat {CONFIG} /etc/credstore/glassd/vendor"
    config = board.shell(kept)

    install(board, DEB)
    assert version(board) == __version__
    assert board.shell("systemctl is-active glassd") == "active"
    assert __version__ in board.shell("glassd status")
    assert board.shell(kept) == config
    assert re.search(r"^cameras +example +example-glasses 0\.3", board.shell("glassd drivers"), re.MULTILINE)

    leave_a_newer_journal(board)
    journal = board.shell("sha256sum /var/lib/glassd/journal.sqlite")
    board.run("systemctl disable glassd")
    install(board, older)
    assert version(board) == OLDER
    assert board.shell("systemctl is-active glassd; systemctl is-enabled glassd || true") == "active\ndisabled"
    assert board.shell(kept) == config
    assert "newer glassd" in board.journal()
    assert board.shell("sha256sum /var/lib/glassd/journal.sqlite") == journal
    assert "example-glasses 0.3" in board.shell("glassd drivers")

    board.run("DEBIAN_FRONTEND=noninteractive apt-get remove -y glassd")
    assert board.shell(kept) == config
    board.run("DEBIAN_FRONTEND=noninteractive apt-get purge -y glassd")
    assert difference(before, board.shell(ALL_FILES)) == ""


def leave_a_newer_journal(board: Board) -> None:
    """Put the journal there of a glassd that is newer than any of this test."""
    board.run("systemctl stop glassd && rm -f /var/lib/glassd/journal.sqlite*")
    database = sqlite3.connect(":memory:")
    database.executescript("create table asks (id text); pragma user_version = 99;")
    board.write("/var/lib/glassd/journal.sqlite", database.serialize())
    database.close()
    board.run("chown glassd: /var/lib/glassd/journal.sqlite && systemctl start glassd")


def difference(before: str, after: str) -> str:
    """Return the lines that are in one of the two alone."""
    one, other = set(before.splitlines()), set(after.splitlines())
    return "\n".join([f"- {line}" for line in sorted(one - other)] + [f"+ {line}" for line in sorted(other - one)])


def test_what_ships_is_whole(board: Board) -> None:
    """Every module can be imported by the board's own Python."""
    code = (
        "import importlib, pkgutil, glassd, glassd_drivers\n"
        "for package in (glassd, glassd_drivers):\n"
        "    for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        if not module.name.endswith(('__main__', 'probe', 'testing', 'harness')):\n"
        "            importlib.import_module(module.name)\n"
    )
    board.write("/run/all.py", code)
    board.run("/usr/lib/glassd/bin/python3 /run/all.py", limit_s=120)
