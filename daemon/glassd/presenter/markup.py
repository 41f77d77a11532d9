"""What models emit into what a display can show: Markdown, LaTeX, HTML and sections of thought, while they stream.

Text goes through in the order it comes. What may begin markup is held back until it is decided, at most LOOK_AHEAD
graphemes further on, and is then shown as it is; only the head of a table may be held longer, once it looks like one.
Nothing but marks is ever taken out, and the result is the same however the text was cut into deltas.

Headings and quotes lose their marks; bullets and numbers keep theirs; a rule is an empty line; code in fences is kept
line by line; a link is its words; a row of a table is a line `head: cell` for each of its cells.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import ClassVar

from glassd.presenter import maths
from glassd.presenter.inline import SPECIAL, TARGET, URL, Text, can_close, rendered, special
from glassd.presenter.reach import reach

HEAD_LIMIT = 64
"""Code points of one head of a table, which stands before each of its cells."""
HEADS_LIMIT = 1024
"""Code points of all heads of a table."""
ADDRESS_LIMIT = 2048
"""Code points of a link's address that are kept until its end is seen; a longer one is passed over to its end."""
_WINDOW = 256
"""Code points that are taken at a time, so that a long delta costs no more than its length."""


class _Mode(Enum):
    BEGIN = auto()  # nothing but sections of thought came yet
    THOUGHT = auto()
    LINE = auto()  # at the start of a line
    TEXT = auto()
    ADDRESS = auto()  # of a link, after `](`
    RULE = auto()  # what else there is of a rule
    FENCE = auto()  # at the start of a line of code
    CODE = auto()
    CELL = auto()  # at the start of a table's cell


class Markup:
    """Turns one answer's text into text without markup."""

    def __init__(self) -> None:
        self._mode = _Mode.BEGIN
        self._held = ""  # not decided yet
        self._before = ""  # the character before it
        self._left: tuple[str, ...] = ()  # marks of this line that are shown as they are, as their ends will be
        self._in_url = False
        self._formula = ""  # the mark that ends a formula longer than the look-ahead
        self._address: str | None = ""  # of a link; None: too long to be kept
        self._brackets = 0  # open ones in it
        self._in_title = False
        self._thought = ""  # the mark that ends a section of thought
        self._fence = ""  # the mark that ends code
        self._heads: tuple[str, ...] = ()  # of the table that this is in
        self._cell: int | None = None  # in which of its cells
        self._row_shown = False

    @property
    def thinking(self) -> bool:
        """Within a section of thought, of which nothing is shown."""
        return self._mode is _Mode.THOUGHT

    def feed(self, text: str) -> str:
        """Take the next piece of harmless text; return what is decided by it."""
        if len(text) <= _WINDOW:
            return self._advance(text)
        return "".join(self._advance(text[at : at + _WINDOW]) for at in range(0, len(text), _WINDOW))

    def finish(self) -> str:
        """Return what was held back, now that no more text comes."""
        return self._advance("", whole=True) + self._kept_address() + self._end_table()

    def tip(self) -> str:
        """Return what is held back as it is shown meanwhile: without marks that may be decided yet. Changes nothing."""
        if not self._held:
            return ""
        twin = Markup()
        vars(twin).update(vars(self))
        return twin._advance("", whole=True, tip=True)

    def _advance(self, text: str, *, whole: bool = False, tip: bool = False) -> str:
        self._held += text
        shown = []
        while self._held:
            if tip and self._mode in _HIDDEN:
                break
            step = self._STEPS[self._mode](self, whole, tip)
            if step is None:
                break
            length, words = step
            if length:
                self._before = self._held[length - 1]
                self._held = self._held[length:]
            shown.append(words)
        return "".join(shown)

    # -- each mode: how much of what is held is decided, and what is shown for it; None: more text is needed -----------

    def _begin(self, whole: bool, _tip: bool) -> tuple[int, str] | None:
        blank = len(self._held) - len(self._held.lstrip())
        if blank:
            return blank, self._held[:blank]
        for mark in _THOUGHTS:
            if self._held.startswith(mark):
                self._mode, self._thought = _Mode.THOUGHT, f"</{mark[1:]}"
                return len(mark), ""
        if not whole and any(mark.startswith(self._held) for mark in _THOUGHTS):
            return None
        self._mode = _Mode.LINE
        return 0, ""

    def _think(self, whole: bool, _tip: bool) -> tuple[int, str] | None:
        end = self._held.find(self._thought)
        if end >= 0:
            self._mode = _Mode.BEGIN
            return end + len(self._thought), ""
        length = len(self._held) if whole else len(self._held) - len(self._thought) + 1
        return (length, "") if length > 0 else None

    def _line(self, whole: bool, _tip: bool) -> tuple[int, str] | None:
        """What a line begins with: decides, passes over its mark, and leaves the rest to another mode."""
        window, cut = reach(self._held)
        body = window.lstrip(" ")
        indent = window[: len(window) - len(body)]
        if not body and not whole and not cut:
            return None
        if body.startswith("|"):
            return self._row(indent, window, whole=whole, cut=cut)
        if self._heads:
            return 0, self._end_table()
        return self._block(indent, body, whole or cut)

    def _block(self, indent: str, body: str, closed: bool) -> tuple[int, str] | None:  # noqa: PLR0911  one for each mark
        if found := re.match(_HEADING, body):
            return self._text(len(indent) + found.end(), "")
        if found := re.match(_QUOTE, body):
            return len(indent) + found.end(), indent  # and another mark may follow
        if found := re.match(_FENCE, body):
            self._mode, self._fence = _Mode.FENCE, found[1]
            return len(indent) + found.end(), "" if re.fullmatch(_LANGUAGE, found[2]) else f"{found[2]}\n"
        if found := re.match(_RULE, body):
            return len(indent) + found.end(), "\n"
        if not closed and re.fullmatch(_BEGUN, body):
            return None
        if closed and re.fullmatch(_RULE_BEGUN, body) and len(body.replace(" ", "")) > 2:  # `---`
            self._mode = _Mode.RULE
            return len(indent) + len(body), "\n"
        if found := re.match(_BULLET, body):
            return self._text(len(indent) + found.end(), f"{indent}{'-' if found[1] == '*' else found[1]} ")
        return self._text(len(indent), indent)

    def _text(self, length: int, shown: str) -> tuple[int, str]:
        self._mode = _Mode.TEXT
        return length, shown

    def _inline(self, whole: bool, tip: bool) -> tuple[int, str] | None:  # noqa: PLR0911  a return for each
        held = self._held
        if self._formula:
            return self._in_formula(whole)
        if self._in_url:
            end = re.match(URL, held).end()  # type: ignore[union-attr]  # it matches nothing, too
            self._in_url = end == len(held)
            if end:
                return end, held[:end]
        place = re.search(_SPECIAL_IN_CELL if self._cell is not None else SPECIAL, held)
        if place is None:
            end = len(held) if whole or not held.endswith((":", ":/")) else held.rindex(":")  # of a URL, it may be
            return (end, held[:end]) if end else None
        if place.start():
            return place.start(), held[: place.start()]
        if held[0] == "\n":
            return 1, self._end_line()
        if held[0] == "|":
            self._mode, self._cell = _Mode.CELL, (self._cell or 0) + 1
            self._left = ()
            return 1, "\n"
        return self._marked(whole, tip)

    def _marked(self, whole: bool, tip: bool) -> tuple[int, str] | None:
        """What begins with a character that may be markup."""
        for mark in self._left:
            if (step := self._as_left(mark, whole)) != (0, ""):
                return step
        window, cut = reach(self._held)
        end = None
        if self._cell is not None or not window.startswith(("$$", "\\[")):  # which alone may go on over lines
            end = re.search("\n" if self._cell is None else _CELL_END, window)
        text = window[: end.start()] if end else window
        if text.startswith("\\") and len(text) == 1 and end:
            return 1, "" if end[0] == "\n" else text  # a hard break of a line
        closes = _FORMULAS.get(window[:2])
        if closes and cut and end is None and closes not in window[2:] and re.search(_LATEX, window[2:]):
            self._formula = closes
            return 2, ""
        found = special(Text(text, self._before, whole or cut or end is not None, cut and end is None, tip and not end))
        if found is None:
            return None
        if found.opens == TARGET:
            self._mode, self._address = _Mode.ADDRESS, ""
        elif found.opens and found.opens not in self._left:
            self._left = (*self._left, found.opens)
        self._in_url = text.startswith("://") and found.length == len(text)
        return found.length, found.shown

    def _in_formula(self, whole: bool) -> tuple[int, str] | None:  # noqa: PLR0911  a return for each
        """A formula too long to be read whole: it is turned into text mark by mark, up to its end."""
        held = self._held
        place = re.search(r"[\\^_{}&$\n]", held)
        if place is None or place.start():
            length = place.start() if place else len(held)
            return length, held[:length]
        if held.startswith(self._formula) or (held.startswith("\n") and self._formula == "\\)"):
            length, self._formula = (0 if held[0] == "\n" else 2), ""
            return length, ""
        if len(held) == 1 and not whole:
            return None
        if held[0] == "\n":
            if held[1:2] == "\n":
                self._formula = ""  # an empty line ends it
            return 1, "\n"
        if held[0] in "{}&$":
            return 1, {"&": " ", "$": "$"}.get(held[0], "")
        window, cut = reach(held)
        found = maths.bare(window + " " if whole or cut else window)
        if found is None or found[0] > len(window):
            return (1, held[0]) if whole or cut else None
        return found[0], "" if found[1].isspace() and self._before == " " else found[1]

    def _as_left(self, mark: str, whole: bool) -> tuple[int, str] | None:
        """Show the end of something as it is, because its beginning was; (0, ""): this is none."""
        if mark[0] == "`":
            ticks = re.match("`*", self._held)
            assert ticks is not None
            if ticks.end() == len(self._held) and not whole:
                return None
            if ticks[0] == mark:
                self._left = tuple(other for other in self._left if other != mark)
            length = max(ticks.end(), 1)
            return length, self._held[:length]  # within code, nothing is markup
        run = self._held[: len(self._held) - len(self._held.lstrip(mark[0]))]
        if len(run) == len(self._held) and run and not whole:
            return None
        if run == mark and can_close(run, self._before, self._held[len(run) : len(run) + 1]):
            self._left = tuple(other for other in self._left if other != mark)
            return len(run), run
        return 0, ""

    def _end_line(self) -> str:
        self._mode, self._left, self._in_url = _Mode.LINE, (), False
        self._cell = None
        return "\n"

    def _in_address(self, whole: bool, _tip: bool) -> tuple[int, str] | None:
        """Pass over a link's address, which is shown after all where no bracket closes it."""
        held = self._held
        for place in re.finditer(_IN_TITLE if self._in_title else _IN_ADDRESS, held):
            char, at, after = place[0], place.start(), held[place.end() : place.end() + 1]
            if char == "(":
                self._brackets += 1
            elif char == ")" and self._brackets:
                self._brackets -= 1
            elif char == " " and after == '"':  # `(address "title")`
                self._in_title = True
                return self._keep(place.end() + 1), ""
            elif char in ' "' and not after and not whole:
                return (self._keep(at), "") if at else None
            elif char != '"' or after == ")":
                self._mode, self._in_title, self._brackets = _Mode.TEXT, False, 0
                if char in ')"':
                    self._address = ""
                    return place.end() + (char == '"'), ""
                return self._keep(at), self._kept_address()
        return self._keep(len(held)), ""

    def _keep(self, length: int) -> int:
        if self._address is not None:
            kept = self._address + self._held[:length]
            self._address = kept if len(kept) <= ADDRESS_LIMIT else None
        return length

    def _kept_address(self) -> str:
        if self._mode is _Mode.ADDRESS or self._address:
            kept, self._address = self._address, ""
            return f"({kept}" if kept else ""
        return ""

    def _rule(self, _whole: bool, _tip: bool) -> tuple[int, str] | None:
        """Pass over what else there is of a rule, or of the line under a table's head, with its line's end."""
        end = re.match(_RULE_END, self._held)
        assert end is not None
        if end.end() < len(self._held) or end[0].endswith("\n"):
            self._mode = _Mode.LINE
        return end.end(), ""

    def _code_line(self, whole: bool, _tip: bool) -> tuple[int, str] | None:
        found = re.match(rf" *{self._fence}{self._fence[0]}* *(\n|\Z)", self._held)
        if found and (found[1] or whole):
            self._mode = _Mode.LINE
            return found.end(), ""
        window, cut = reach(self._held)
        if not whole and not cut and re.fullmatch(rf" *{self._fence[0]}* *", window):
            return None
        self._mode = _Mode.CODE
        return 0, ""

    def _code(self, _whole: bool, _tip: bool) -> tuple[int, str] | None:
        end = self._held.find("\n") + 1
        if end:
            self._mode = _Mode.FENCE
        length = end or len(self._held)
        return length, self._held[:length]

    # -- tables --------------------------------------------------------------------------------------------------------

    def _row(self, indent: str, window: str, *, whole: bool, cut: bool) -> tuple[int, str] | None:
        if self._heads:
            self._mode, self._cell, self._row_shown = _Mode.CELL, 0, True
            return len(indent) + 1, ""
        looks = len(re.findall(_PIPE, window.partition("\n")[0])) > 2  # `|x|` has two
        if looks:  # like a table's head, which may be longer than other marks
            window, cut = self._held[:HEADS_LIMIT], len(self._held) > HEADS_LIMIT
        if found := re.match(_TABLE, window):
            row = found[1].strip(" ").removesuffix("|")
            heads = tuple(
                rendered(cell.strip().replace("\\|", "|")).replace("\n", " ") for cell in re.split(_PIPE, row)
            )
            if all(len(head) <= HEAD_LIMIT for head in heads):
                self._mode, self._heads, self._row_shown = _Mode.RULE, heads, False
                return found.end(), ""
        elif not whole and not cut and re.fullmatch(_TABLE_BEGUN, window):
            return None
        return self._text(len(indent), indent)

    def _begin_cell(self, _whole: bool, _tip: bool) -> tuple[int, str] | None:
        """At a cell: its head, and then its text as it comes."""
        blank = len(self._held) - len(self._held.lstrip(" "))
        after = self._held[blank : blank + 1]
        if not after:
            return (blank, "") if blank else None
        if after == "\n":
            self._end_line()
            return blank + 1, ""
        assert self._cell is not None
        head = self._heads[self._cell] if self._cell < len(self._heads) else ""
        if after == "|":
            self._cell += 1
            return blank + 1, f"{head}:\n" if head else ""
        return self._text(blank, f"{head}: " if head else "")

    def _end_table(self) -> str:
        """Leave a table; its heads are shown alone where nothing came below them."""
        heads, self._heads = self._heads, ()
        return f"{' | '.join(heads)}\n" if heads and not self._row_shown else ""

    _STEPS: ClassVar = {
        _Mode.BEGIN: _begin, _Mode.THOUGHT: _think, _Mode.LINE: _line, _Mode.TEXT: _inline, _Mode.CELL: _begin_cell,
        _Mode.ADDRESS: _in_address, _Mode.RULE: _rule, _Mode.FENCE: _code_line, _Mode.CODE: _code,
    }  # fmt: skip


_FORMULAS = {"\\(": "\\)", "\\[": "\\]", "$$": "$$"}
_LATEX = r"\\[A-Za-z]|[A-Za-z0-9)}][\^_]"
_THOUGHTS = ("<think>", "<thinking>")
_HIDDEN = frozenset({_Mode.BEGIN, _Mode.LINE, _Mode.FENCE, _Mode.CELL})
"""Where what is not decided yet is next to nothing, or a table's head, and would only jump: it is not shown before."""
# Texts, which `re` compiles when the first text comes and then keeps: a start need not wait for that.
_HEADING = r"#{1,6} +(?=[^ \n])"
_QUOTE = r"> ?(?=[^ \d=>])|> ?(?=\n)|> (?=>)"
_FENCE = r"(`{3,}|~{3,})([^`\n]*)\n"
_LANGUAGE = r" *[A-Za-z0-9_+#.:/-]*(?: *\{.*\}| +[a-z]+=.*)? *"
_RULE = r"(?:([-*_])(?: *\1){2,}|={3,}) *\n"
_RULE_BEGUN = r"([-*_])(?: *\1)* *|=+ *"
_BULLET = r"([-*+]) +(?=[^ \n])"
_BEGUN = rf"#{{1,6}} *|> ?|> |`{{1,2}}|`{{3,}}[^`\n]*|~{{1,2}}|~{{3,}}[^`\n]*|[-*+] *|{_RULE_BEGUN}"
"""What a mark at the start of a line may begin with, and then needs more text."""
_RULE_END = r"[-*_=:| ]*\n?"
_PIPE = r"(?<!\\)\|"
_TABLE = r" *\|([^\n]*)\n *\| *(?::?-+:? *\||:?---)"
_TABLE_BEGUN = r" *\|[^\n]*(?:\n *(?:\| *:?(?:-{0,2}|-+:?) *)?)?"
_SPECIAL_IN_CELL = rf"{SPECIAL}|\|"
_CELL_END = r"\n|(?<!\\)\|"
_IN_ADDRESS = r"[()\s]"
_IN_TITLE = r"[\"\n]"
