"""The C end compiles anywhere, needs nothing but its struct, and stands what the fuzzer has for it."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from device_end import CORE, FIRMWARE, FLAGS, DeviceEnd, defines

from paths import TREE

if TYPE_CHECKING:
    from pathlib import Path

STRICT = (*FLAGS, "-ffreestanding", "-Wconversion", "-Wshadow", "-Wstrict-prototypes", "-Wvla")
SMALLEST = {"GL_PACKET_MAX": 128, "GL_ROOM": 256, "GL_CHUNK_MAX": 64, "GL_EDGES": 8, "GL_ROWS": 1, "GL_ROW_BYTES": 1}
LARGEST = {
    "GL_PACKET_MAX": 4102,
    "GL_ROOM": 65535,
    "GL_CHUNK_MAX": 4096,
    "GL_EDGES": 128,
    "GL_ROWS": 32,
    "GL_ROW_BYTES": 255,
}
OF_THE_COMPILER = {"memcpy", "memset", "memmove", "memcmp"}
"""What gcc asks of any environment, a freestanding one too."""


def compiled(folder: Path, *options: str, source: Path = CORE[0]) -> Path:
    made = folder / "made.o"
    subprocess.run(["gcc", *options, f"-I{FIRMWARE}", "-c", str(source), "-o", str(made)], check=True, timeout=60)
    return made


@pytest.mark.parametrize("sizes", [{}, SMALLEST, LARGEST], ids=["as-it-is", "smallest", "largest"])
@pytest.mark.parametrize("machine", [(), ("-m32",)], ids=["this-machine", "32-bits"])
def test_it_compiles_without_a_warning_and_without_a_library(
    tmp_path: Path, machine: tuple[str, ...], sizes: dict[str, int]
) -> None:
    compiled(tmp_path, *STRICT, *machine, "-Os", *defines(sizes))


def test_its_header_stands_alone_and_may_be_included_twice(tmp_path: Path) -> None:
    source = tmp_path / "port.c"
    source.write_text('#include "glassd_link.h"\n#include "glassd_link.h"\nstruct gl_link link_of_the_port;\n')
    compiled(tmp_path, *STRICT, source=source)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GL_PACKET_MAX", 127),
        ("GL_ROOM", 255),
        ("GL_CHUNK_MAX", 4097),
        ("GL_EDGES", 7),
        ("GL_ROWS", 33),
        ("GL_ROW_BYTES", 0),
    ],
)
def test_a_size_that_the_link_does_not_allow_is_no_program(name: str, value: int) -> None:
    command = ["gcc", f"-D{name}={value}", "-fsyntax-only", str(CORE[0])]
    told = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert told.returncode != 0
    assert f"{name}_is_" in told.stderr, "the error says which, and from what to what"


def test_it_has_no_data_of_its_own_and_calls_nobody(tmp_path: Path) -> None:
    """Floating point and 64-bit division would call the compiler's library here, allocation the C library."""
    made = compiled(tmp_path, *STRICT, "-m32", "-Os", "-fno-pic", "-msoft-float", "-mno-80387")
    symbols = [
        line.split()[-2:]
        for line in subprocess.run(["nm", made], check=True, capture_output=True, text=True).stdout.splitlines()
    ]
    assert {kind for kind, _ in symbols} <= {"T", "t", "r", "U"}
    assert {name for kind, name in symbols if kind == "U"} <= OF_THE_COMPILER
    sizes = subprocess.run(["size", made], check=True, capture_output=True, text=True).stdout.split()
    assert dict(zip(sizes[:4], sizes[6:10], strict=True)) == {
        "text": sizes[6],
        "data": "0",
        "bss": "0",
        "dec": sizes[6],
    }
    assert int(sizes[6]) < 12_000


def test_its_memory_and_the_ports_buffer_fit_8_kilobytes() -> None:
    assert DeviceEnd().link_size + 896 + 128 < 4096
    assert DeviceEnd(sizes=SMALLEST).link_size < 1280


def test_no_function_needs_much_stack(tmp_path: Path) -> None:
    made = compiled(tmp_path, *STRICT, "-m32", "-Os", "-fstack-usage")
    frames = [line.split("\t") for line in made.with_suffix(".su").read_text().splitlines()]
    assert {kind for *_, kind in frames} <= {"static", "dynamic,bounded"}
    assert max(int(size) for _, size, _ in frames) <= 160


def test_the_example_compiles_and_links(tmp_path: Path) -> None:
    command = [
        "gcc",
        *FLAGS,
        "-Wconversion",
        f"-I{FIRMWARE}",
        str(CORE[0]),
        str(FIRMWARE / "example" / "main.c"),
        "-o",
        str(tmp_path / "example"),
    ]
    subprocess.run(command, check=True, timeout=60)


@pytest.mark.fuzz
@pytest.mark.timeout(0)
def test_it_stands_any_bytes_times_and_calls_under_the_sanitizers(tmp_path: Path) -> None:
    """A few seconds of the same seeds; with FUZZ=full ten minutes of new ones."""
    fuzzer = tmp_path / "device_fuzz"
    sanitizers = ["-O1", "-g", "-fsanitize=address,undefined,bounds-strict", "-fno-sanitize-recover=all"]
    source = TREE / "tests" / "link" / "device_fuzz.c"
    subprocess.run(
        ["gcc", *FLAGS, *sanitizers, f"-I{FIRMWARE}", str(source), str(CORE[0]), "-o", str(fuzzer)],
        check=True,
        timeout=60,
    )
    full = os.environ.get("FUZZ") == "full"
    how_long = [str(int.from_bytes(os.urandom(6), "big")), "1", "600"] if full else ["0", "150"]
    told = subprocess.run(
        [fuzzer, *how_long], check=False, capture_output=True, text=True, timeout=None if full else 55
    )
    assert told.returncode == 0, told.stderr[-4000:]
    assert "seeds " in told.stdout
