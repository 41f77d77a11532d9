"""What the Debian package is made of, as far as it shows without building one: lock, control file, scripts."""

from __future__ import annotations

import configparser
import hashlib
import os
import platform
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from paths import TREE

if TYPE_CHECKING:
    from pathlib import Path

DEB = TREE / "systemd/deb"
SCRIPTS = sorted([*DEB.glob("*.sh"), *(DEB / name for name in ("postinst", "prerm", "postrm"))])
RELEASE = platform.freedesktop_os_release()["VERSION_CODENAME"]
ARCHITECTURE = subprocess.run(
    ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True
).stdout.strip()
LOCKED = dict(re.findall(r"^([a-z0-9-]+)==(\S+) ", (DEB / "requirements.lock").read_text(), re.MULTILINE))


def source(folder: Path, *version: str) -> Path:
    """Lay out the source as the package is built from it."""
    subprocess.run(["sh", str(DEB / "source.sh"), str(folder), *version], cwd=TREE, check=True)
    return folder


def test_the_lock_holds_what_setup_cfg_asks_for_at_a_version_that_it_allows(tmp_path: Path) -> None:
    settings = configparser.ConfigParser()
    settings.read(source(tmp_path / "source") / "setup.cfg")
    wanted = [Requirement(line) for line in settings["options"]["install_requires"].split("\n") if line]
    assert "opencv-python-headless" in {each.name for each in wanted}
    for requirement in wanted:
        assert requirement.specifier.contains(LOCKED[canonicalize_name(requirement.name)]), "run make deb-lock"


def test_every_locked_package_has_hashes_and_a_row_among_the_third_parties() -> None:
    rows = set(re.findall(r"^\| (\S+) \|", (TREE / "THIRD_PARTY.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(LOCKED) <= rows
    blocks = re.split(r"(?m)^(?=[a-z0-9])", (DEB / "requirements.lock").read_text())[1:]
    assert len(blocks) == len(LOCKED)
    assert all("--hash=sha256:" in block for block in blocks)


def test_the_source_can_bear_another_version(tmp_path: Path) -> None:
    as_it_is, other = source(tmp_path / "one"), source(tmp_path / "two", "7.8.9")
    assert '__version__ = "7.8.9"' in (other / "daemon/glassd/__init__.py").read_text()
    assert (as_it_is / "daemon/glassd/__init__.py").read_text() == (TREE / "daemon/glassd/__init__.py").read_text()
    assert not list(other.rglob("__pycache__"))


@pytest.mark.parametrize(
    ("release", "number", "python", "next_python"), [("bookworm", 12, "3.11", "3.12"), ("trixie", 13, "3.13", "3.14")]
)
def test_the_control_file_ties_it_to_the_python_of_its_release(
    release: str, number: int, python: str, next_python: str
) -> None:
    control = control_of(release, "1.2.3")
    depends = re.split(r", *", control["Depends"])
    assert f"python3 (>= {python})" in depends
    assert f"python3 (<< {next_python})" in depends
    assert {"systemd (>= 252)", "udev"} <= set(depends)
    assert control["Version"] == f"1.2.3+deb{number}"
    assert control["Architecture"] == "arm64"


def control_of(release: str, version: str) -> dict[str, str]:
    """Return the fields of the control file for one release."""
    script = f'. {DEB}/releases.sh; fill_in "$1" "$2" arm64 100 0 <{DEB}/control'
    filled = subprocess.run(["sh", "-euc", script, "sh", release, version], capture_output=True, text=True, check=True)
    return dict(re.findall(r"^(\S+): (.*)$", filled.stdout, re.MULTILINE))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_script_can_be_read_by_a_plain_shell(script: Path) -> None:
    done = subprocess.run(["sh", "-n", str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    text = script.read_text(encoding="utf-8")
    assert text.startswith(("#!/bin/sh\n", "# shellcheck shell=sh"))
    if text.startswith("#!"):
        assert re.search(r"^set -eu?$", text, re.MULTILINE), "a failed command must not go unseen"


@pytest.mark.parametrize(
    ("release", "architecture", "said"),
    [
        ("buster", "amd64", "no package for the release buster; there is one for: bookworm trixie."),
        ("bookworm", "armhf", "no package for the architecture armhf; there is one for: amd64 arm64."),
    ],
)
def test_what_is_not_supported_is_said(release: str, architecture: str, said: str) -> None:
    script = f". {DEB}/releases.sh; about_release {release}; about_architecture {architecture}"
    done = subprocess.run(["sh", "-euc", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert said in done.stderr


# --- install.sh, as far as it goes before it changes anything


@pytest.fixture
def offline(tmp_path: Path) -> Path:
    """A folder as a release's offline tar holds it, made for this machine and damaged on its way."""
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages/glassd.deb").write_bytes(b"half a pack")
    (tmp_path / "SHA256SUMS").write_text(f"{hashlib.sha256(b'a package').hexdigest()}  packages/glassd.deb\n")
    (tmp_path / "made-for").write_text(f"{RELEASE} {ARCHITECTURE}\n")
    (tmp_path / "install.sh").write_bytes((DEB / "install.sh").read_bytes())
    return tmp_path


def install(folder: Path) -> str:
    command = ["sh", str(folder / "install.sh")]
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 1
    return done.stdout + done.stderr


def test_another_release_is_refused(offline: Path) -> None:
    (offline / "made-for").write_text(f"nowhere {ARCHITECTURE}\n")
    assert f"install.sh: this is for Debian's nowhere and what is built on it; this board has {RELEASE}" in install(
        offline
    )


def test_another_architecture_is_refused(offline: Path) -> None:
    (offline / "made-for").write_text(f"{RELEASE} vax\n")
    assert f"install.sh: this is for vax; this board's packages are {ARCHITECTURE}" in install(offline)


def test_what_was_damaged_on_its_way_is_refused(offline: Path) -> None:
    said = install(offline)
    assert "packages/glassd.deb: FAILED" in said
    assert "what is in this folder is damaged (see above). Copy it here again." in said
