"""Markup within a line: emphasis, code, links, HTML and LaTeX, each turned into its text or left as it is.

People and models write the same characters for other things (`2*3*4`, `snake_case`, `$5`), so that in doubt the text
stays as it is. What is told of a text here is also true once more text has come: whoever streams asks again with more
where the answer is None, and gets the same however the text was cut.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from glassd.presenter import maths
from glassd.presenter.graphemes import Cleaner

if TYPE_CHECKING:
    from collections.abc import Callable


class Found(NamedTuple):
    """What the beginning of a text is: how many characters it takes and what is shown for them."""

    length: int
    shown: str
    opens: str = ""
    """What it begins that lies further on than this text reaches: TARGET, or the closing mark of what is left as is."""


class Text(NamedTuple):
    """A piece of text that begins with a character that SPECIAL finds."""

    text: str
    before: str
    """The character before it, or nothing."""
    closed: bool
    """No more text of this line comes into reach."""
    cut: bool = False
    """The reach ends here, the line does not."""
    tip: bool = False
    """More may come, but what stands now is to be shown: marks that may yet be closed are left out."""


TARGET = "]("

# Texts, which `re` compiles when the first text comes and then keeps: a start need not wait for that.
SPECIAL = r"[\\`*_\[!<&$^\n]|://"
URL = r"[A-Za-z0-9\-._~:/?#@!$&'+,;=%]*"
"""What goes on with a URL after its `://`, in a text that may go on with anything."""


def rendered(text: str) -> str:
    """Return a piece of one line, whole, as it is shown."""
    shown, at = [], 0
    while at < len(text):
        place = re.compile(SPECIAL).search(text, at)
        if place is None:
            shown.append(text[at:])
            break
        shown.append(text[at : place.start()])
        at = place.start()
        found = special(Text(text[at:], text[at - 1 : at], closed=True))
        assert found is not None
        shown.append(found.shown)
        at += found.length
        if found.opens == TARGET:
            shown.append("(")
    return "".join(shown)


def special(text: Text) -> Found | None:
    """Return what the text begins with; None: more text is needed to tell, which is never so where it is closed."""
    found = _KINDS.get(text.text[0], _url)(text)
    return found or (_as_is(text) if text.closed else None)


def _as_is(text: Text, length: int = 1, opens: str = "") -> Found:
    return Found(length, text.text[:length], opens)


# -- emphasis and code -------------------------------------------------------------------------------------------------


def _emphasis(text: Text) -> Found | None:  # noqa: PLR0911  a return for each form
    """`*` and `_`: CommonMark's flanking, less strict beside Chinese, stricter where it may be arithmetic."""
    run = _run(text.text)
    after = text.text[len(run) : len(run) + 1]
    if not after:
        return Found(len(run), "") if text.tip else _as_is(text, len(run)) if text.closed else None
    if not _can_open(run, text.before, after):
        return _as_is(text, len(run))
    end = _closer(text, run)
    if end is None:
        return None
    if end > 0:
        content = text.text[len(run) : end]
        if run in {"*", "_", "__"} and not _worth(run, content):
            return _as_is(text, end + len(run))
        return Found(end + len(run), rendered(content))
    if text.tip and end and run[0] != "_":
        return Found(len(run), "")
    return _as_is(text, len(run), run if text.cut and end else "")


def _can_open(run: str, before: str, after: str) -> bool:
    if len(run) > len(_LONGEST[run[0]]) or after.isspace():
        return False
    if run in {"*", "_", "__"}:
        return not (before.isalnum() or before in _OPERATORS or after == "/")
    return not (_latin(before) and _latin(after))


def can_close(run: str, before: str, after: str) -> bool:
    """Tell whether a run of marks can end what such a run has begun."""
    if not before or before.isspace():
        return False
    if run in {"*", "_", "__"}:
        return not (after.isalnum() or after in _OPERATORS)
    return not (before in ",(=[{" and _latin(after))


def _closer(text: Text, run: str) -> int | None:
    """Return where the marks begin that close this run; 0: it opens nothing; -1: nowhere here; None: not known yet."""
    for place in re.compile(_SKIPPED[run[0]]).finditer(text.text, len(run)):
        marks = place[0]
        if not text.closed and (marks == "`" or (marks == "](" and not re.search(r"[()\s]", text.text[place.end() :]))):
            return None  # whether what follows is passed over is not known yet
        if marks[0] != run[0] or len(marks) < len(run) or (len(marks) > len(run) and len(marks) != len("***")):
            continue
        start, after = place.end() - len(run), text.text[place.end() : place.end() + 1]
        if not after and not text.closed:
            return None
        if can_close(run, text.text[place.start() - 1 : place.start()], after):
            return start
        if len(run) == 1 and not text.text[place.start() - 1].isspace():
            return 0  # `*a*b`: no emphasis, this far
    return -1 if text.closed else None


def _worth(run: str, content: str) -> bool:
    """Tell a word or more from what only looks like emphasis: `*3*`, `_init_`."""
    if run == "*":
        return any(char.isalpha() for char in content)
    return not re.fullmatch("[A-Za-z0-9_]+", content)


def _code(text: Text) -> Found | None:
    run = _run(text.text)
    if len(run) == len(text.text):
        return Found(len(run), "") if text.tip else _as_is(text, len(run)) if text.closed else None
    for ticks in re.compile("`+").finditer(text.text, len(run)):
        if ticks[0] == run:
            if ticks.end() == len(text.text) and not text.closed:
                return None  # a longer run, it may be
            content = text.text[len(run) : ticks.start()]
            if content.startswith(" ") and content.endswith(" ") and content.strip(" "):
                content = content[1:-1]
            return Found(ticks.end(), content)
    if not text.closed:
        return None
    return Found(len(run), "") if text.tip else _as_is(text, len(run), run if text.cut else "")


# -- links -------------------------------------------------------------------------------------------------------------


def _link(text: Text) -> Found | None:  # noqa: PLR0911  a return for each form
    """`[words](address)`: the words. An address is told by its look, for Chinese text has such brackets too."""
    if text.text[0] == "!":
        if text.text[1:2] != "[":
            return _as_is(text) if text.text[1:] else None
        inner = _link(Text(text.text[1:], "!", *text[2:]))
        return inner and (Found(inner.length + 1, *inner[1:]) if inner.length > 1 else _as_is(text))
    end = _bracket(text.text)
    if end < 0 or len(text.text) < end + 2:
        return None
    if text.text[end + 1] != "(" or _latin(text.before):
        return _as_is(text)
    words, address = text.text[1:end], text.text[end + 2 :]
    if whole := re.match(_ADDRESS, address):
        return Found(end + 2 + whole.end(), rendered(words) or whole[1])
    if words and re.match(_SCHEME, address):
        return Found(end + 2, rendered(words), TARGET)
    return None if re.fullmatch(_BEGUN_ADDRESS, address) else _as_is(text)


def _bracket(text: str) -> int:
    """Return the place of the bracket that closes the first one; -1: none does."""
    depth = 0
    for place in re.finditer(r"\\.|[\[\]]", text):
        depth += {"[": 1, "]": -1}.get(place[0], 0)
        if not depth:
            return place.start()
    return -1


def _url(text: Text) -> Found:
    """`://`: what follows is an address, in which no mark means anything. Whoever streams goes on where it is cut."""
    if text.text.startswith("://"):
        end = re.compile(URL).match(text.text, 3)
        assert end is not None
        return _as_is(text, end.end())
    return _as_is(text)


# -- HTML --------------------------------------------------------------------------------------------------------------


def _tag(text: Text) -> Found | None:  # noqa: PLR0911  a return for each form
    if whole := re.match(_SCRIPT, text.text):
        return Found(whole.end(), (maths.raised if whole[1] == "sup" else maths.lowered)(whole[2]))
    if text.text[1:4] in {"sub", "sup"} and not text.closed:
        return None
    if whole := re.match(_TAG, text.text):
        if len(whole[1]) == 1 and text.text[1] != "/" and f"</{whole[1]}>" not in text.text[1:]:
            return _as_is(text) if text.closed else None  # `a<b>c` is no tag
        return Found(whole.end(), "~~" if whole[1] in _STRUCK else "\n" if whole[1] == "br" else "")
    if whole := re.match(r"<(https?://[^\s<>]*)>", text.text):
        return Found(whole.end(), whole[1])
    for token in _TOKENS if text.before in {"", "\n"} else _BOXES:
        if text.text.startswith(token):
            return Found(len(token), "")
    return None if _may_be_tag(text.text) else _as_is(text)


def _may_be_tag(text: str) -> bool:
    """Tell whether more text could make a tag, an address or a token of this."""
    if any(token.startswith(text) for token in (*_TOKENS, "<http://", "<https://")):
        return True
    begun = re.fullmatch(r"</?([a-z]*)([ /][^<>\n]*)?", text)
    if begun is None:
        return re.fullmatch(r"<https?://[^\s<>]*", text) is not None
    names = _TAG_NAMES.split("|")
    return begun[1] in names if begun[2] else any(name.startswith(begun[1]) for name in names)


def _entity(text: Text) -> Found | None:
    if whole := re.match(r"&(#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});", text.text):
        import html  # noqa: PLC0415  two thousand names that few answers need

        cleaner = Cleaner()  # for `&#27;` is an escape character too
        return Found(whole.end(), cleaner.feed(html.unescape(whole[0])) + cleaner.finish())
    return None if re.fullmatch("&#?[A-Za-z0-9]{0,31}", text.text) else _as_is(text)


# -- LaTeX -------------------------------------------------------------------------------------------------------------


def _backslash(text: Text) -> Found | None:  # noqa: PLR0911  a return for each form
    after = text.text[1:2]
    if after == "(":
        end = text.text.find("\\)")
        return Found(end + 2, maths.plain(text.text[2:end])) if end > 0 else None
    if after == "[":
        end = text.text.find("\\]")
        return Found(end + 2, maths.plain(text.text[2:end])) if end > 0 else None
    if after and after in "\\`*_~#|$<>&{}![]()" and after != "\\":
        return Found(2, after)
    if after and after in ".-+" and (text.before.isdigit() or not text.before.strip()):
        return Found(2, after)  # `1\.`, `\- x`: no list
    command = re.match(r"\\[A-Za-z]*", text.text)
    assert command is not None
    if command.end() == len(text.text):
        return None
    in_path = text.before in _BEFORE_NAMES or (_latin(text.before) and text.before.isalpha())
    if in_path or not maths.knows(command[0]):
        return _as_is(text, command.end())
    return _formula(text)


def _formula(text: Text) -> Found | None:
    """A command, or a raised or lowered group, outside of any delimiters."""
    found = maths.bare(text.text + "\n" if text.closed else text.text)
    return Found(*found) if found and found[0] <= len(text.text) else None


def _caret(text: Text) -> Found | None:
    after = text.text[1:2]
    if after and after not in "{\\":
        return _as_is(text)
    return _formula(text) if after else None


def _underscore(text: Text) -> Found | None:
    if text.before.isalnum() and text.text[1:2] == "{":
        return _formula(text)
    return _emphasis(text)


def _dollar(text: Text) -> Found | None:
    """`$x$`: a formula only if it looks like one, for prices are written so too."""
    if text.text.startswith("$$"):
        place = text.text.find("$$", 2)
        return Found(place + 2, maths.plain(text.text[2:place])) if place > 2 else None  # not `$$$$`
    if len(text.text) == 1:
        return None
    end = re.compile(r"(?<![\s\\])\$").search(text.text, 1)
    if text.text[1].isspace() or text.before.isdigit():
        return _as_is(text)
    if end is None or (end.end() == len(text.text) and not text.closed):
        return None
    content, after = text.text[1 : end.start()], text.text[end.end() : end.end() + 1]
    if after.isdigit() or not re.fullmatch(_FORMULA, content):
        return _as_is(text)
    return Found(end.end(), maths.plain(content))


# -- helpers -----------------------------------------------------------------------------------------------------------


def _run(text: str) -> str:
    return text[: len(text) - len(text.lstrip(text[0]))]


def _latin(char: str) -> bool:
    return char.isascii() and char.isalnum()


_OPERATORS = tuple("/\\*")
_BEFORE_NAMES = tuple(":\\/.")
"""In `C:\\times`, what comes before a name that is no command."""
_LONGEST = {"*": "***", "_": "__"}
_SKIPPED = {mark: rf"(?s)\\.|`[^`]+`|`|\]\([^()\s]*\)|\]\(|://{URL}|{re.escape(mark)}+" for mark in "*_"}
"""Runs of a mark, and what is passed over whole on the way to one."""
_SCHEME = r"<?(?:https?://|data:|file://|www\.)"
_ADDRESS = r"<?((?:[^\s<>()]*[./#:@](?:[^\s<>()]|\([^\s<>()]*\))*)?)>?(?:\s+\"[^\"\n]*\")?\)"
_BEGUN_ADDRESS = r"<?[^\s<>()]*>?(?:\s+(?:\"[^\"\n]*\"?)?)?"
_STRUCK = ("s", "del", "strike")
_TAG_NAMES = "b|i|u|s|em|strong|del|strike|ins|small|mark|kbd|code|p|div|span|center|font|sub|sup|br"
_TAG = rf"</?({_TAG_NAMES})(?: +[a-z-]+ *= *(?:\"[^\"<>\n]*\"|'[^'<>\n]*'))* */?>"
_SCRIPT = r"<(su[bp])>([^<>\n]{1,16})</\1>"
_BOXES = ("<|begin_of_box|>", "<|end_of_box|>")
"""GLM's own tokens around an answer, which some servers leave there."""
_TOKENS = (*_BOXES, "</think>")
"""At the start of a line too: the end of a section that began in the prompt."""
_FORMULA = (
    r"-?[0-9.]+%?"  # a number
    r"|[A-Za-z]{1,3}"  # a variable, a triangle
    r"|(?=[^$]*[\\^_{}])[^$]*"  # LaTeX's own marks
    r"|(?=[^$]*[=<>+*/-])(?:[^$A-Za-z\u0080-\uffff]|[A-Za-z](?![A-Za-z]{2}))*"  # an equation without words
)
_KINDS: dict[str, Callable[[Text], Found | None]] = {
    "*": _emphasis, "_": _underscore, "`": _code, "[": _link, "!": _link, "<": _tag, "&": _entity,
    "\\": _backslash, "^": _caret, "$": _dollar,
}  # fmt: skip
