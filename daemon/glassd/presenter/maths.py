r"""LaTeX, as models write it, in characters that a line can hold: `\frac{a+b}{2}` → (a+b)/2, `x^2` → x².

Only what has an everyday plain form is turned into it; a command that is not known here stays as it is written.
"""

from __future__ import annotations

import re

DEPTH_LIMIT = 12
"""Groups within groups; what lies deeper stays as it is."""


def plain(tex: str) -> str:
    """Return a formula without its delimiters as text."""
    return re.sub(" +", " ", _Reader(re.sub(r"\\(?:left|right)\.", "", tex)).until_end()).strip()


def knows(command: str) -> bool:
    r"""Tell whether a command (`\times`) means something outside of a formula too."""
    name = command[1:]
    return name in _SYMBOLS or name in _TAKING


def bare(text: str) -> tuple[int, str] | None:
    """Turn the known command, or the `^` or `_` with its group, that `text` begins with, outside of any delimiters.

    Returns its length and its plain form; None where it needs more text than there is.
    """
    reader = _Reader(text, may_go_on=True)
    try:
        shown = reader.next()
    except _OpenError:
        return None
    return reader.at, shown


def raised(text: str) -> str:
    """Return text as a superscript: x² where there are such characters, else x^(n/2)."""
    return _script(text, _SUPERSCRIPTS, "^")


def lowered(text: str) -> str:
    """Return text as a subscript: H₂O where there are such characters, else v_max."""
    return _script(text, _SUBSCRIPTS, "_")


class _OpenError(Exception):
    """What comes after the end of the text would matter."""


class _Reader:
    """Reads one formula from left to right."""

    def __init__(self, tex: str, depth: int = 0, *, may_go_on: bool = False) -> None:
        self._tex = tex
        self._depth = depth
        self._may_go_on = may_go_on
        self.at = 0

    def until_end(self) -> str:
        """Read all."""
        parts = []
        while self.at < len(self._tex):
            parts.append(self.next())
        return "".join(parts)

    def next(self) -> str:
        """Read one thing."""
        char = self._tex[self.at]
        if char == "\\":
            return self._command()
        if char == "{":
            return self._argument()
        self.at += 1
        if char in "^_":
            group = self._argument()
            return raised(group) if char == "^" else lowered(group)
        return _PLAIN.get(char, char)

    def _command(self) -> str:
        found = re.compile(r"\\(?:[A-Za-z]+|.)?", re.DOTALL).match(self._tex, self.at)
        assert found is not None
        written, name = found[0], found[0][1:]
        self.at = found.end()
        if self._may_go_on and self.at == len(self._tex):
            raise _OpenError
        if name in _SYMBOLS:
            return self._without_its_space(_SYMBOLS[name])
        if name.endswith("frac") and name in _TAKING:
            above, below = self._argument(), self._argument()
            return f"{_grouped(above)}/{_grouped(below, factors=False)}"
        if name == "sqrt":
            root = self._option()
            return _ROOTS.get(root, f"{raised(root)}√") + _grouped(self._argument())
        if name in _TAKING:
            return self._argument()
        if name in {"begin", "end"}:
            self._argument()
            return ""
        return f"{written}{{{self._argument()}}}" if self._tex.startswith("{", self.at) else written

    def _without_its_space(self, symbol: str) -> str:
        r"""Pass over a space that only ends the name of a letter: `\alpha x` is αx."""
        if symbol.isalpha() and len(symbol) == 1 and not self._may_go_on:
            self.at += bool(re.compile(" [A-Za-z0-9]").match(self._tex, self.at))
        return symbol

    def _argument(self) -> str:
        """Read a group, a command or a character."""
        while self._tex.startswith(" ", self.at):
            self.at += 1
        if self.at >= len(self._tex):
            if self._may_go_on:
                raise _OpenError
            return ""
        if self._tex[self.at] == "\\":
            return self._command()
        end = _closing(self._tex, self.at)
        if end < 0 and self._may_go_on:
            raise _OpenError
        start, self.at = self.at, max(end, self.at) + 1
        if end <= start:
            return self._tex[start]
        inner = self._tex[start + 1 : end]
        return inner if self._depth >= DEPTH_LIMIT else _Reader(inner, self._depth + 1).until_end().strip(" ")

    def _option(self) -> str:
        """Read `[3]`, if that comes."""
        if self._may_go_on and re.compile(r"\[[^\]]*\Z|\Z").match(self._tex, self.at):
            raise _OpenError
        found = re.compile(r"\[([^\[\]{}]{1,8})\]").match(self._tex, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found[1]


def _closing(tex: str, start: int) -> int:
    """Return the place of the brace that closes the one at `start` (where none is, `start`); -1: none does."""
    depth = 0
    if tex[start] != "{":
        return start
    for brace in re.compile(r"\\.|[{}]", re.DOTALL).finditer(tex, start):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if not depth:
            return brace.start()
    return -1


def _grouped(text: str, *, factors: bool = True) -> str:
    """Put what is more than one number or name in brackets; with `factors`, 2x² is one thing too."""
    one = r"[\w.%°′√⁰¹²³⁴-⁹]*" if factors else r"[0-9.]*|[^\W0-9_]*[⁰¹²³⁴-⁹]*"
    return text if re.fullmatch(rf"{one}|.|\([^()]*\)", text) else f"({text})"


def _script(text: str, known: dict[str, str], mark: str) -> str:
    if text in {"°", "∘", "′", "″"} and mark == "^":
        return "°" if text == "∘" else text
    if text and all(char in known for char in text):
        return "".join(known[char] for char in text)
    one = r"[0-9]*|.|\(.*\)" if mark == "^" else r"\w*|."
    return f"{mark}{text}" if re.fullmatch(one, text) else f"{mark}({text})"


_SUPERSCRIPTS = dict(zip("0123456789+-−=()nix", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱˣ", strict=True))
_SUBSCRIPTS = dict(zip("0123456789+-−=()aeoxn", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₒₓₙ", strict=True))
_ROOTS = {"": "√", "2": "√", "3": "∛", "4": "∜"}
_PLAIN = {"&": " ", "~": " ", "}": ""}
_TAKING = frozenset({
    "frac", "dfrac", "tfrac", "cfrac", "sqrt", "text", "textbf", "textit", "textrm", "mathrm", "mathbf",
    "mathit", "mathsf", "mathbb", "mathcal", "operatorname", "boxed", "overline", "underline", "vec", "hat",
    "bar",
})  # fmt: skip
"""Commands with arguments."""
_NAMES = (
    "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "log", "ln", "lg", "exp", "lim",
    "max", "min", "gcd", "det",
)  # fmt: skip
"""Commands that are their own names."""
_LAYOUT = (
    "left", "right", "big", "Big", "displaystyle", "limits", "mathopen", "mathclose",
)  # fmt: skip
"""Commands that only tell how a formula is set."""
_SYMBOLS = {
    "times": "×", "cdot": "·", "div": "÷", "pm": "±", "mp": "∓", "ast": "*", "star": "★", "le": "≤", "leq": "≤",
    "leqslant": "≤", "ge": "≥", "geq": "≥", "geqslant": "≥", "ne": "≠", "neq": "≠", "approx": "≈", "sim": "~",
    "equiv": "≡", "cong": "≅", "propto": "∝", "ll": "≪", "gg": "≫", "infty": "∞", "to": "→", "rightarrow": "→",
    "longrightarrow": "→", "leftarrow": "←", "Rightarrow": "⇒", "Leftarrow": "⇐", "leftrightarrow": "↔",
    "implies": "⇒", "iff": "⇔", "Leftrightarrow": "⇔", "uparrow": "↑", "downarrow": "↓", "sum": "∑",
    "prod": "∏", "int": "∫", "oint": "∮", "partial": "∂", "nabla": "∇", "in": "∈", "notin": "∉", "subset": "⊂",
    "subseteq": "⊆", "supset": "⊃", "cup": "∪", "cap": "∩", "emptyset": "∅", "forall": "∀", "exists": "∃",
    "neg": "¬", "land": "∧", "lor": "∨", "wedge": "∧", "vee": "∨", "oplus": "⊕", "otimes": "⊗", "degree": "°",
    "circ": "∘", "prime": "′", "angle": "∠", "perp": "⊥", "parallel": "∥", "triangle": "△", "square": "□",
    "because": "∵", "therefore": "∴", "mid": "|", "ldots": "…", "cdots": "…", "dots": "…", "vdots": "⋮",
    "checkmark": "✓", "hbar": "ℏ", "ell": "ℓ", "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ",
    "epsilon": "ε", "varepsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ", "vartheta": "ϑ", "iota": "ι",
    "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ",
    "tau": "τ", "upsilon": "υ", "phi": "φ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ",
    "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Upsilon": "Υ", "Phi": "Φ",
    "Psi": "Ψ", "Omega": "Ω", "quad": " ", "qquad": "  ", ",": " ", ";": " ", ":": " ", " ": " ", "!": "",
    "{": "{", "}": "}", "%": "%", "$": "$", "#": "#", "&": "&", "_": "_", "|": "‖", "\\": "\n",
} | {name: name for name in _NAMES} | dict.fromkeys(_LAYOUT, "")  # fmt: skip
