"""The words in braces of a trigger's prompt that stand for something: `{time}`, `{date}`, `{answer}`.

All other braces are text, so that a prompt may hold JSON or code; but a word that is nearly one of these is a slip.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, get_args

from glassd.config.mistakes import nearest, readable

if TYPE_CHECKING:
    from collections.abc import Mapping

Variable = Literal["time", "date", "answer"]
VARIABLES: tuple[Variable, ...] = get_args(Variable)

_LIKE_ONE: Final = re.compile(r"[{｛]\s*([^{}｛｝\s:\"',，]{1,20})\s*[}｝]")
_IN_CHINESE: Final[Mapping[str, Variable]] = {
    "时间": "time",
    "时刻": "time",
    "日期": "date",
    "今天": "date",
    "回答": "answer",
    "答案": "answer",
}


def checked_prompt(prompt: str) -> str:
    """Return a prompt as it is; raise ValueError for one without words, or with a slip in a variable."""
    if not prompt.strip():
        raise ValueError("a question, not blanks alone")
    for match in _LIKE_ONE.finditer(prompt):
        if match[0] not in [f"{{{name}}}" for name in VARIABLES] and (meant := _meant(match[1])):
            known = ", ".join(f"{{{name}}}" for name in VARIABLES)
            raise ValueError(
                f"a prompt whose words in braces are among {known}, not {readable(match[0])}; did you mean {{{meant}}}?"
            )
    return prompt


def _meant(word: str) -> str | None:
    return _IN_CHINESE.get(word) or nearest(word, VARIABLES)
