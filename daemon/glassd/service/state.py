"""What other versions of glassd have left in the state folder: it is looked at before it is used.

This version keeps no journal yet. Where it finds one, a newer glassd has been here and was taken back: its file is left
alone, so that the newer one finds it whole when it returns.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)

JOURNAL: Final = "journal.sqlite"
JOURNAL_VERSION: Final = 0
"""The newest layout of the journal that this glassd knows; 0: none."""

_MAGIC = b"SQLite format 3\0"
_USER_VERSION = slice(60, 64)  # big-endian: the SQLite file format, section 1.3, "the database header"


def refuse_newer_journal(folder: Path) -> None:
    """Say in one line that the journal of a newer glassd is left alone; nothing is opened for writing."""
    journal = folder / JOURNAL
    try:
        with journal.open("rb") as file:
            header = file.read(100)
    except OSError:
        return  # there is none, or it is not ours to see
    version = int.from_bytes(header[_USER_VERSION])
    if header.startswith(_MAGIC) and version > JOURNAL_VERSION:
        log.warning(
            "%s is of a newer glassd (layout %d, this one knows %d): it is left as it is and not written to; "
            "install the newer glassd again to use it, or move it away",
            journal,
            version,
            JOURNAL_VERSION,
        )
