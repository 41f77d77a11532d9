"""Print the lock for a folder of wheels: each package with its one version and the hash of each of its wheels."""

from __future__ import annotations

import hashlib
import sys
from collections import defaultdict
from pathlib import Path

from packaging.utils import parse_wheel_filename


def main() -> int:
    """Print requirements in pip's hash-checking form; fail where two versions of one package are there."""
    found: defaultdict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for wheel in Path(sys.argv[1]).rglob("*.whl"):
        name, number, _, _ = parse_wheel_filename(wheel.name)
        found[name][str(number)].add(hashlib.sha256(wheel.read_bytes()).hexdigest())
    print("# What the Debian package ships, exactly. Written by `make deb-lock`.")
    for package, versions in sorted(found.items()):
        if len(versions) > 1:
            print(f"{package}: no one version serves every release: {', '.join(sorted(versions))}", file=sys.stderr)
            return 1
        ((version, hashes),) = versions.items()
        print(" \\\n    ".join([f"{package}=={version}", *(f"--hash=sha256:{each}" for each in sorted(hashes))]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
