"""Meet every known fault with the real client, and write down what came of it.

`python tests/tools/fault_table.py` prints the table; with `docs/faults.md` behind it, it renews the one on that page.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "model")]


def table() -> list[str]:
    """Return the table's lines."""
    from fault_server import Certificates
    from faults import FAULTS, HEADING, meet, row

    with tempfile.TemporaryDirectory() as folder:
        certificates = Certificates(Path(folder))
        return [HEADING, *(row(fault, meet(fault, certificates)) for fault in FAULTS)]


def main() -> None:
    """Print the table, or put it in its place on a page."""
    if len(sys.argv) < 2:
        print("\n".join(table()))
        return
    page = Path(sys.argv[1])
    prose = [line for line in page.read_text(encoding="utf-8").splitlines() if not line.startswith("|")]
    page.write_text("\n".join([*prose, *table()]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
