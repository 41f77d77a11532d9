"""Which language setup speaks, and its words in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glassd.messages import Language
    from glassd.setup.texts import Texts


def texts_in(language: str) -> Texts:
    """Return the texts of a language: zh or en."""
    # One at a time: a run speaks one language.
    if language == "zh":
        from glassd.setup.chinese import TEXTS  # noqa: PLC0415
    else:
        from glassd.setup.english import TEXTS  # noqa: PLC0415
    return TEXTS


def spoken(language: str, terminal: str) -> Language:
    """Return the language that a terminal of this kind ($TERM) can show: the kernel's own console has no Chinese."""
    return "zh" if language == "zh" and terminal != "linux" else "en"
