"""Characters that a display's font lacks, each replaced by a near one that it has, and never dropped.

In this order: the same letter in another form (é of two code points as one, full width as half), punctuation and signs
that mean the same, what Unicode says that it is compatible with (½ → 1/2, ① → (1), m² → m^2), the letter without its
accents, and a box.
"""

from __future__ import annotations

import codecs
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glassd_drivers.contracts import Characters

_STEPS_LIMIT = 4
"""Replacements of a replacement: ㎡ is m², and ² is ^2."""


class Font:
    """What a font has."""

    def __init__(self, characters: Characters) -> None:
        if isinstance(characters, str):
            codecs.lookup(characters)  # LookupError: no such character set
        self._characters = characters
        self.fitted = lru_cache(maxsize=4096)(self._fitted)

    def _fitted(self, grapheme: str) -> Sequence[str]:
        """Return the graphemes to show for one."""
        from glassd.presenter.tables import iter_graphemes  # noqa: PLC0415  after READY: see there

        if self._has_all(grapheme):
            return (grapheme,)
        return tuple(iter_graphemes(self._near(grapheme, _STEPS_LIMIT)))

    def has(self, char: str) -> bool:
        """Tell whether it has one character."""
        if not isinstance(self._characters, str):
            return any(first <= ord(char) <= last for first, last in self._characters)
        try:
            char.encode(self._characters)
        except UnicodeEncodeError:
            return False
        return True

    def _has_all(self, text: str) -> bool:
        return all(char == "\n" or self.has(char) for char in text)

    def _near(self, grapheme: str, steps: int) -> str:
        composed = unicodedata.normalize("NFC", grapheme)
        if self._has_all(composed):
            return composed
        base = composed[0]
        if base.isspace():
            return " "
        if len(composed) > 1 and "\u200d" not in composed and not _is_flag(base):  # accents and selectors
            return base if self.has(base) else self._near(base, steps)
        if steps and len(composed) == 1:
            for near in _forms(base):
                if near and self._has_all(near):
                    return near
            for near in _forms(base):
                if near and near != base and (shown := self._each_near(near, steps - 1)):
                    return shown
        return next((box for box in "□▯\ufffd?" if self.has(box)), " ")

    def _each_near(self, text: str, steps: int) -> str:
        shown = [char if self.has(char) else self._near(char, steps) for char in text]
        return "".join(shown) if not any(each in "□▯\ufffd? " for each in shown) else ""


def _forms(char: str) -> list[str]:
    """Return what means the same as a character, the nearest first."""
    kind, _, codes = unicodedata.decomposition(char).rpartition("> ")
    whole = "".join(chr(int(code, 16)) for code in codes.split()).replace("\u2044", "/").strip()
    if kind in _BEFORE:
        whole = f"{_BEFORE[kind]}{whole}{')' if kind == '<circle' else ''}"
    without_marks = "".join(c for c in unicodedata.normalize("NFD", char) if not unicodedata.combining(c))
    return [*_ALIKE.get(char, "").split(" "), whole, without_marks]


def _is_flag(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


_BEFORE = {"<super": "^", "<sub": "_", "<circle": "("}
_ALIKE = {
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "″": '"', "‘": "'", "’": "'", "‚": "'", "′": "'", "`": "'",
    "–": "-", "—": "― -", "―": "-", "−": "-", "‐": "-", "‑": "-", "‒": "-", "…": "...", "‥": "..", "⋯": "... …",
    "•": "· ・ -", "·": "・ .", "・": "· .", "●": "• *", "○": "o", "◦": "o", "■": "▪ *", "▪": "■ *", "★": "*", "☆": "*",
    "。": ".", "、": ", ，", "，": ",", "：": ":", "；": ";", "！": "!", "？": "?", "（": "(", "）": ")", "～": "~",
    "「": '“ "', "」": '” "', "『": '“ "', "』": '” "', "《": '« "', "》": '» "', "〈": "<", "〉": ">", "【": "[",
    "】": "]", "〔": "[", "〕": "]", "×": "x", "÷": "/", "±": "+/-", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~",
    "∼": "~", "≡": "=", "→": "->", "←": "<-", "↑": "^", "↓": "v", "⇒": "=>", "⇔": "<=>", "∞": "inf", "√": "sqrt",
    "∛": "cbrt", "°": "o", "℃": "°C oC", "℉": "°F oF", "‰": "o/oo", "∙": "· .", "⋅": "· .", "∗": "*",
    "∕": "/", "∣": "|",
    "∑": "Σ Sum", "∏": "Π Prod", "∫": "Int", "∂": "d", "∆": "Δ", "Δ": "Delta", "Ω": "Ohm", "µ": "μ u", "μ": "µ u",
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "θ": "theta", "λ": "lambda", "π": "pi",
    "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "phi", "ω": "omega", "Σ": "Sigma", "Π": "Pi", "￥": "¥ RMB", "¥": "￥ Y",
    "€": "EUR", "£": "GBP", "©": "(c)", "®": "(R)", "™": "(TM)", "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE",
    "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "ı": "i", "✓": "√ [x]", "✔": "√ [x]", "✅": "√ [x]", "✗": "× [ ]",
    "✘": "× [ ]", "❌": "× [ ]", "❗": "！ !", "❓": "？ ?", "⚠": "！ !", "➡": "→ ->", "⬅": "← <-", "⬆": "↑ ^",
    "⬇": "↓ v", "►": "▶ >", "▶": "► >", "￡": "£ GBP", "〇": "○ 0", "ー": "— -",
}  # fmt: skip
