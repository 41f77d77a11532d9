"""Make the virtual environment of the package, or install glassd into it: run inside a clean root of a Debian release.

`environment.py make EPOCH WHEEL...` makes /usr/lib/glassd anew with other people's wheels; `environment.py add EPOCH
WHEEL` puts glassd's own into it. Wheels are only unpacked, by the `installer` library: so those of another architecture
will do, and there is no pip in what ships. Whatever it makes bears the date EPOCH, and is compiled where it will lie:
the same input gives the same bytes, and a start on the board compiles nothing.
"""

from __future__ import annotations

import compileall
import os
import py_compile
import shutil
import sys
import venv
from pathlib import Path

from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.sources import WheelFile

PLACE = Path("/usr/lib/glassd")
PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
PACKAGES = PLACE / "lib" / PYTHON / "site-packages"
DRIVERS = "/usr/local/lib/glassd/drivers"
"""Where `glassd driver add` puts the drivers of others: outside of what dpkg owns, so that they outlive an upgrade."""

NEVER_USED = (
    "numpy/**/tests",  # 6 MB
    "numpy/_core/_*_tests.*",
    "numpy/**/*.a",
    "numpy/_core/include",
    "installer/_scripts/*.exe",  # starters for Windows
    "uniseg/docs",  # 11 MB
    "cv2/data/*.xml",  # cascades for cv2.CascadeClassifier, which the reader has no use for
    "**/*.pyi",
)


def main() -> None:
    """Do what the command line says."""
    what, epoch, *wheels = sys.argv[1:]
    before = set(PLACE.rglob("*"))
    if what == "make":
        venv.EnvBuilder(symlinks=True, with_pip=False).create(PLACE)
        make_relative(PLACE / "bin" / PYTHON)
        (PACKAGES / "glassd-drivers.pth").write_text(f"{DRIVERS}\n", encoding="ascii")
    for wheel in wheels:
        unpack(Path(wheel))
    if what == "make":
        thin_out()
    date(before, int(epoch))
    # By date and size, not by hash: whoever mends a file on the board is not fooled by what was compiled before.
    compileall.compile_dir(PACKAGES, quiet=1, invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP)
    date(before, int(epoch))


def date(before: set[Path], epoch: int) -> None:
    """Give what was not there before its date, and the folder of it all."""
    for path in {PLACE, *PLACE.rglob("*")} - before:
        os.utime(path, (epoch, epoch), follow_symlinks=False)


def unpack(wheel: Path) -> None:
    """Install one wheel, whatever architecture it is for."""
    folders = {"purelib": PACKAGES, "platlib": PACKAGES, "scripts": PLACE / "bin"}
    destination = SchemeDictionaryDestination(
        {key: str(folder) for key, folder in folders.items()}
        | {"headers": str(PLACE / "unused"), "data": str(PLACE / "unused")},
        interpreter=str(PLACE / "bin/python3"),
        script_kind="posix",
    )
    with WheelFile.open(wheel) as source:
        install(source, destination, {"INSTALLER": b"glassd's package\n"})


def make_relative(link: Path) -> None:
    """Let a link lead to the same file from wherever the root lies."""
    target = os.path.relpath(link.readlink(), link.parent)
    link.unlink()
    link.symlink_to(target)


def thin_out() -> None:
    """Remove what no run of glassd ever reads."""
    bin_folder = PLACE / "bin"
    unused = [
        PLACE / "unused",
        PLACE / "include",
        *(file for file in bin_folder.iterdir() if "python" not in file.name),
    ]
    for pattern in NEVER_USED:
        unused += PACKAGES.glob(pattern)
    for path in unused:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for library in PACKAGES.rglob("*.so*"):
        library.chmod(0o644)  # nothing runs it as a program


if __name__ == "__main__":
    main()
