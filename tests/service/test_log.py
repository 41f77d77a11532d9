"""The log as the journal reads it."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
import logging
from glassd.service.log import log_to_stderr
log_to_stderr("info")
logging.getLogger("glassd.app").warning("two\\nlines")
logging.getLogger("glassd.app").info("one")
"""


def logged(*, to_the_journal: bool) -> list[str]:
    """Return what a process logs whose stderr is a pipe, which systemd has or has not made."""
    reading, writing = os.pipe()
    pipe = os.fstat(writing)
    stream = f"{pipe.st_dev}:{pipe.st_ino}" if to_the_journal else "1:1"
    environment = os.environ | {"JOURNAL_STREAM": stream}
    with os.fdopen(reading, encoding="utf-8") as lines, os.fdopen(writing) as end:
        subprocess.run([sys.executable, "-c", PROGRAM], stderr=end, env=environment, check=True, timeout=60)
        end.close()
        return lines.read().splitlines()


def test_each_line_for_the_journal_begins_with_its_priority() -> None:
    assert logged(to_the_journal=True) == ["<4>WARNING glassd.app: two", "<4>lines", "<6>INFO glassd.app: one"]


def test_a_log_that_goes_elsewhere_has_the_time_instead() -> None:
    first, second, third = logged(to_the_journal=False)
    assert first.endswith(" WARNING glassd.app: two")
    assert first[:2] == third[:2] == "20"
    assert second == "lines"
