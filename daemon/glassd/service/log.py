"""The daemon's log: lines on stderr, as the journal or a person reads them, and the newest kept for a report."""

from __future__ import annotations

import logging
import os
import sys

from glassd.service.report import LogMemory


def log_to_stderr(level: str) -> LogMemory:
    """Log to stderr, for the journal or with the time where nobody else adds it, and remember the newest lines."""
    root = logging.getLogger()
    root.setLevel(level.upper())
    stderr, memory = logging.StreamHandler(), LogMemory()
    stderr.setFormatter(_JournalFormatter(_LINE) if _goes_to_the_journal() else logging.Formatter(_STAMPED_LINE))
    memory.setFormatter(logging.Formatter(_STAMPED_LINE))
    for handler in (stderr, memory):
        root.addHandler(handler)
    logging.getLogger("aiohttp.server").addFilter(_is_no_callers_fault)
    return memory


_LINE = "%(levelname)s %(name)s: %(message)s"
_STAMPED_LINE = f"%(asctime)s {_LINE}"
_PRIORITIES = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}


class _JournalFormatter(logging.Formatter):
    """Puts its priority before each line, as sd-daemon(3) has it, so that `journalctl -p warning` finds it."""

    def format(self, record: logging.LogRecord) -> str:
        priority = f"<{_PRIORITIES.get(record.levelno, 6)}>"
        return "\n".join(priority + line for line in super().format(record).splitlines())


def _goes_to_the_journal() -> bool:
    """Return whether stderr is the stream that systemd connected with the journal (systemd.exec(5))."""
    try:
        stderr = os.fstat(sys.stderr.fileno())
    except (AttributeError, OSError, ValueError):
        return False  # closed, or no file
    return os.environ.get("JOURNAL_STREAM") == f"{stderr.st_dev}:{stderr.st_ino}"


def _is_no_callers_fault(record: logging.LogRecord) -> bool:
    """Pass over what is no HTTP: the caller has been told, and the traceback would quote what it sent."""
    from aiohttp import web  # noqa: PLC0415  it is there: the record is its own
    from aiohttp.http_exceptions import HttpProcessingError  # noqa: PLC0415

    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError | web.RequestPayloadError))
