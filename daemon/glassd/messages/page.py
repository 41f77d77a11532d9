"""What is made from the catalogue: docs/errors.md, and the words of the pages.

    python -m glassd.messages.page docs/errors.md daemon/glassd/api/site/js/words-errors.js

writes both anew.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from glassd.messages.catalogue import LANGUAGES, lines
from glassd.messages.codes import Code

COMMAND = "python -m glassd.messages.page docs/errors.md daemon/glassd/api/site/js/words-errors.js"
"""What writes both."""

_HEAD = f"""\
# Error codes

What a wearer reads when something goes wrong: two lines in the configured language, what happened and what to do or
what happens next. The code is stable: once released it keeps its meaning. Displays with a third row show it in
brackets; the log and `--json` carry it with the detail. Where a server says when to come back, the second line tells
that time instead.

This page is made from the catalogue by `{COMMAND}`; a test keeps it current.

| code | 中文 | English |
| --- | --- | --- |
"""
_WORDS_HEAD = f"""\
// What happened and what to do, by error code: Chinese, then English. Made from the catalogue by
// `{COMMAND}`; a test keeps it current.

export default {{
"""
_BETWEEN = {"zh": "。", "en": ". "}


def page() -> str:
    """Return the whole of docs/errors.md."""
    return _HEAD + "".join(
        f"| `{code}` | {' | '.join('<br>'.join(lines(code, language)) for language in LANGUAGES)} |\n" for code in Code
    )


def site_words() -> str:
    """Return the whole of the pages' words-errors.js."""
    rows = {
        f"error.{code}": [_sentences(lines(code, language), _BETWEEN[language]) for language in LANGUAGES]
        for code in Code
    }
    body = "".join(f"  {json.dumps(key)}: {json.dumps(both, ensure_ascii=False)},\n" for key, both in rows.items())
    return f"{_WORDS_HEAD}{body}}};\n"


def _sentences(two: tuple[str, str], between: str) -> str:
    return between.join(two) + between.strip()


if __name__ == "__main__":
    for name, text in zip(sys.argv[1:], (page(), site_words()), strict=True):
        Path(name).write_text(text, encoding="utf-8")
