"""What may stand for a character that a font lacks: one table, for displays of cells and for those of pixels.

In this order: the same letter in another form (é of two code points as one, full width as half, an emoji without its
shade, the first of joined ones), punctuation and signs that mean the same, what Unicode says that it is compatible with
(½ → 1/2, ① → (1), m² → m^2), the letter without its accents.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_JOINER = "\u200d"
_SHADES = frozenset({"\ufe0e", "\ufe0f", *map(chr, range(0x1F3FB, 0x1F400))})  # variations, colours of skin


def near(grapheme: str) -> Iterator[str]:
    """Yield what may stand for a grapheme, the truest first; it may take more cells.

    Of joined emoji only the first: fonts that lack the picture of all draw them side by side. A flag is whole or none.
    """
    composed = unicodedata.normalize("NFC", "".join(c for c in grapheme if c not in _SHADES) or grapheme)
    first = composed[0]
    if len(composed) == 1 or not (unicodedata.category(first) == "So" and not _is_flag(first)):
        yield composed
    if not _is_flag(first):
        yield first
        yield from _forms(first)


def _forms(char: str) -> Iterator[str]:
    kind, _, codes = unicodedata.decomposition(char).rpartition("> ")
    whole = "".join(chr(int(code, 16)) for code in codes.split()).replace("\u2044", "/").strip()
    if kind in _BEFORE:
        whole = f"{_BEFORE[kind]}{whole}{')' if kind == '<circle' else ''}"
    without_marks = "".join(c for c in unicodedata.normalize("NFD", char) if not unicodedata.combining(c))
    alike = _ALIKE.get(char, "").split()
    yield from (form for form in (*alike, whole, without_marks) if form != char)


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
