"""A prompt's variables: `{time}`, `{date}` and `{answer}` become what they stand for when it is asked."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from glassd.config.prompts import VARIABLES

if TYPE_CHECKING:
    from glassd.wall import Wall

UNKNOWN = "?"
"""What stands for the time and the date while the clock is not known to be right: a wrong one would be believed."""
_VARIABLE = re.compile(rf"\{{({'|'.join(VARIABLES)})\}}")
_FORMATS = {"time": "%H:%M", "date": "%Y-%m-%d"}


def filled(prompt: str, instant: float, wall: Wall, answer: str) -> str:
    """Return a prompt with its variables filled in, as of an instant; an answer's own braces stay as they are."""
    if "{" not in prompt:
        return prompt

    def value(match: re.Match[str]) -> str:
        if match[1] == "answer":
            return answer
        return time.strftime(_FORMATS[match[1]], time.gmtime(wall.local(instant))) if wall.known else UNKNOWN

    return _VARIABLE.sub(value, prompt)
