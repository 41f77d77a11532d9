"""docs/errors.md, made from the catalogue: `python -m glassd.messages.page docs/errors.md` writes it anew."""

from __future__ import annotations

import sys
from pathlib import Path

from glassd.messages.catalogue import LANGUAGES, lines
from glassd.messages.codes import Code

_HEAD = """\
# Error codes

What a wearer reads when something goes wrong: two lines in the configured language, what happened and what to do or
what happens next. The code is stable: once released it keeps its meaning. Displays with a third row show it in
brackets; the log and `--json` carry it with the detail. Where a server says when to come back, the second line tells
that time instead.

This page is made from the catalogue by `python -m glassd.messages.page docs/errors.md`; a test keeps it current.

| code | 中文 | English |
| --- | --- | --- |
"""


def page() -> str:
    """Return the whole of docs/errors.md."""
    return _HEAD + "".join(
        f"| `{code}` | {' | '.join('<br>'.join(lines(code, language)) for language in LANGUAGES)} |\n" for code in Code
    )


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
