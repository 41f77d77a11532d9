"""Print the report of a wearer's day on the virtual clock: python tests/tools/day_report.py [SEED]."""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "scheduler")]

from day import lived, report  # noqa: E402  its folders come first

print(report(lived(int(sys.argv[1]) if sys.argv[1:] else 0)))
