"""The guest's kernel and disk, made from Debian 12's packages; no version of one is named: apt knows the newest."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from rig.cache import key, made
from rig.machine import Image

RELEASE = "bookworm"
DISK_SIZE = "3G"
GUEST = Path(__file__).parent / "guest"
_SOURCES = Path("/etc/apt/sources.list.d/debian.sources")


@functools.cache
def image() -> Image:
    """Return the image, made where it is not there yet or where Debian has a newer kernel."""
    steps = _kernel(Path("folder")), _disk(Path("folder"))
    folder = made("image", key(GUEST, repr(steps), newest_kernel()), _make)
    return Image(folder / "vmlinuz", folder / "initrd", folder / "root.ext4")


def newest_kernel() -> str:
    """Return the version of Debian 12's newest kernel, as far as this machine's apt knows one; else nothing."""
    if not _host_is_the_release() or not shutil.which("apt-cache"):
        return ""
    command = ["apt-cache", "policy", "linux-image-amd64"]
    policy = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": "C"})
    found = re.search(r"Candidate: (\d\S+)", policy.stdout)
    return found[1] if found else ""


def tell(what: str) -> None:
    """Tell whoever waits what is made."""
    sys.stderr.write(f"the virtual board: making {what}\n")
    sys.stderr.flush()


def _make(folder: Path) -> None:
    try:
        tell("the guest's kernel, about a minute")
        _as_root(_kernel(folder))
        tell("the guest's disk, about a minute")
        for command in _disk(folder):
            _as_root(command)
    finally:
        _as_root(["rm", "-rf", "--one-file-system", str(folder / "root"), str(folder / "modules")])
        _as_root(["chown", "-R", f"{os.getuid()}:{os.getgid()}", str(folder)])


def _kernel(folder: Path) -> list[str]:
    """Return the command that makes vmlinuz, initrd and modules/ in the folder."""
    return [
        *("mmdebstrap", "--mode=root", "--variant=extract", "--format=null", _packages("workshop")),
        '--extract-hook=mkdir "$1/rig"',
        f"--extract-hook=sync-in {GUEST} /rig",
        '--extract-hook=chroot "$1" sh /rig/kernel.sh',
        f"--extract-hook=sync-out /out {folder}",
        *(RELEASE, "-", *_sources()),
    ]


def _disk(folder: Path) -> list[list[str]]:
    """Return the commands that make root.ext4 in the folder, of Debian's packages and of modules/."""
    root, disk = str(folder / "root"), str(folder / "root.ext4")
    install = [
        *("mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory", _packages("packages")),
        '--aptopt=APT::Install-Recommends "false"',
        *(f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("man", "locale", "doc")),
        # what glassd's own package brings is looked at by its tests
        "--dpkgopt=path-include=/usr/share/doc/glassd/*",
        f"--customize-hook=sync-in {GUEST / 'root'} /",
        f"--customize-hook=copy-in {folder / 'modules'} /usr/lib",
        f"--customize-hook=copy-in {GUEST / 'finish.sh'} /tmp",
        '--customize-hook=chroot "$1" sh /tmp/finish.sh && rm "$1/tmp/finish.sh"',
        *(RELEASE, root, *_sources()),
    ]
    # From a folder, so that no loop device and no mount is needed.
    fill = ["/sbin/mke2fs", "-q", "-t", "ext4", "-m", "0", "-d", root, disk, DISK_SIZE]
    return [install, fill]


def _packages(name: str) -> str:
    words = re.sub("#.*", "", (GUEST / name).read_text()).split()
    return f"--include={','.join(words)}"


def _sources() -> list[str]:
    """Return where packages come from: for this machine's own, if it is the same Debian; else mmdebstrap knows."""
    return [str(_SOURCES)] if _host_is_the_release() and _SOURCES.exists() else []


def _host_is_the_release() -> bool:
    facts = Path("/etc/os-release")
    return facts.exists() and f"VERSION_CODENAME={RELEASE}" in facts.read_text().splitlines()


def _as_root(command: list[str]) -> None:
    prefix = [] if os.geteuid() == 0 else ["sudo"]
    if prefix and not shutil.which("sudo"):
        raise RuntimeError(
            f"{command[0]} needs root to make the virtual board's disk: run this as root, or install sudo"
        )
    done = subprocess.run([*prefix, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n" + done.stdout.decode(errors="replace")[-4000:])
