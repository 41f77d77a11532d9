"""Wheels made by hand: as small as a wheel can be, with what a test wants in it."""

from __future__ import annotations

import hashlib
import zipfile
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

CAMERA = """
from collections.abc import AsyncIterator
from typing import Any
from glassd_drivers.contracts import DriverConfig

class Camera:
    \"\"\"A camera that never opens.\"\"\"
    contract = {contract}
    Config = DriverConfig
    kind = "stream"
    def __init__(self, config: Any, context: Any) -> None: ...
    async def open(self) -> None: ...
    async def close(self) -> None: ...
    def frames(self) -> Any: ...
"""


def make_wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    files: Mapping[str, str] = {},
    *,
    requires: Sequence[str] = (),
    points: str = "",
    tag: str = "py3-none-any",
    more: str = "",
) -> Path:
    """Return a wheel of these files; `points` is its entry_points.txt, `more` further lines of its metadata."""
    module = name.replace("-", "_")
    about = f"{module}-{version}.dist-info"
    metadata = "".join(f"Requires-Dist: {each}\n" for each in requires) + more
    contents = dict(files) | {
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{metadata}",
        f"{about}/WHEEL": f"Wheel-Version: 1.0\nGenerator: by hand\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    if points:
        contents[f"{about}/entry_points.txt"] = points
    record = "".join(f"{path},sha256={_hash(text)},{len(text.encode())}\n" for path, text in contents.items())
    contents[f"{about}/RECORD"] = f"{record}{about}/RECORD,,\n"
    path = folder / f"{module}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for file, text in contents.items():
            wheel.writestr(file, text)
    return path


def camera_wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    *,
    driver: str = "toy",
    contract: int = 1,
    requires: Sequence[str] = (),
) -> Path:
    """Return a wheel with one camera, called `driver`, that the registry takes where `contract` is glassd's."""
    module = name.replace("-", "_")
    return make_wheel(
        folder,
        name,
        version,
        {f"{module}/__init__.py": CAMERA.format(contract=contract)},
        requires=requires,
        points=f"[glassd.cameras]\n{driver} = {module}:Camera\n",
    )


def _hash(text: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
