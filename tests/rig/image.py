"""The guest's kernel and disk, made from Debian 12's packages; no release of one is named here, apt knows the newest."""

from __future__ import annotations

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
_WORKSHOP = (
    "linux-image-amd64 linux-headers-amd64 linux-source gcc-12 make binutils kmod busybox-static cpio"
    " bash coreutils dash findutils grep gzip mawk perl-base sed tar xz-utils"
)
"""What kernel.sh needs, as packages that are unpacked without being installed."""


def image() -> Image:
    """Return the image, made where it is not there yet or Debian has a newer kernel."""
    folder = made("image", key(GUEST, Path(__file__), newest_kernel()), _make)
    return Image(folder / "vmlinuz", folder / "initrd", folder / "root.ext4")


def newest_kernel() -> str:
    """Return the version of Debian's newest kernel as far as this machine's apt knows, which a Debian 12 does; else ""."""
    if not _host_is_the_release() or not shutil.which("apt-cache"):
        return ""
    policy = subprocess.run(
        ["apt-cache", "policy", "linux-image-amd64"], capture_output=True, text=True, check=True, env={"LC_ALL": "C"}
    )
    found = re.search(r"Candidate: (\S+)", policy.stdout)
    return found[1] if found else ""


def _make(folder: Path) -> None:
    tell("the guest's kernel")
    _as_root(
        *("mmdebstrap", "--mode=root", "--variant=extract", "--format=null", f"--include={_WORKSHOP}"),
        '--extract-hook=mkdir "$1/rig"',
        f"--extract-hook=sync-in {GUEST} /rig",
        '--extract-hook=chroot "$1" sh /rig/kernel.sh',
        f"--extract-hook=sync-out /out {folder}",
        *(RELEASE, "-", *_sources()),
    )
    tell("the guest's disk")
    packages = re.sub("#.*", "", (GUEST / "packages").read_text()).split()
    root = folder / "root.d"
    _as_root(
        *("mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory", f"--include={','.join(packages)}"),
        '--aptopt=APT::Install-Recommends "false"',
        *(f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("man", "locale", "doc")),
        "--dpkgopt=path-include=/usr/share/doc/*/copyright",
        f"--customize-hook=sync-in {GUEST / 'root'} /",
        f"--customize-hook=copy-in {folder / 'modules'} /usr/lib",
        f"--customize-hook=copy-in {GUEST / 'finish.sh'} /tmp",
        '--customize-hook=chroot "$1" sh /tmp/finish.sh && rm "$1/tmp/finish.sh"',
        *(RELEASE, str(root), *_sources()),
    )
    disk = folder / "root.ext4"
    _as_root("/sbin/mke2fs", "-q", "-t", "ext4", "-m", "0", "-d", str(root), str(disk), DISK_SIZE)
    _as_root("rm", "-r", str(root), str(folder / "modules"))
    _as_root("chown", "-R", f"{os.getuid()}:{os.getgid()}", str(folder))


def tell(what: str) -> None:
    """Tell whoever waits what is made."""
    print(f"the virtual board: making {what}", file=sys.stderr, flush=True)  # noqa: T201 - minutes without a word would be worse


def _sources() -> list[str]:
    """Return where mmdebstrap finds Debian's packages: as this machine does, if it is the same Debian; else where Debian says."""
    return [str(_SOURCES)] if _host_is_the_release() and _SOURCES.exists() else []


def _host_is_the_release() -> bool:
    facts = Path("/etc/os-release")
    return facts.exists() and f"VERSION_CODENAME={RELEASE}" in facts.read_text().splitlines()


def _as_root(*command: str) -> None:
    prefix = [] if os.geteuid() == 0 else ["sudo"]
    done = subprocess.run([*prefix, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n" + done.stdout.decode(errors="replace")[-4000:])
