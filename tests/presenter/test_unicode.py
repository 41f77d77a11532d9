"""Unicode's own tests of graphemes and of line breaking, and by name what is done otherwise here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uniseg.linebreak import line_break  # type: ignore[import-untyped]  # it has annotations, but no py.typed
from wcwidth import iter_graphemes

from glassd.presenter.breaks import NEVER_STARTS, Breaker, unit
from glassd.presenter.graphemes import Cleaner, Graphemes
from paths import TREE

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = TREE / "tests" / "data" / "unicode"
MARKS = {"CM", "ZWJ"}
JAMO = {"JL", "JV", "JT", "H2", "H3"}
LETTERS = {"AL", "HL", "AI", "XX", "SA", "SG"}


def cases(name: str) -> Iterator[tuple[str, set[int]]]:
    """Yield each text with the places where it is broken, its ends left out."""
    for line in (DATA / f"{name}.txt").read_text(encoding="ascii").splitlines()[1:]:
        text, cuts = "", set()
        for number, piece in enumerate(line.split("/")):
            if number:
                cuts.add(len(text))
            text += "".join(chr(int(code, 16)) for code in piece.split(" "))
        yield text, cuts


def ends(pieces: list[str]) -> set[int]:
    return {sum(map(len, pieces[:count])) for count in range(1, len(pieces))}


def graphemes(text: str) -> list[str]:
    cutter = Graphemes()
    return [grapheme for grapheme in (*cutter.feed(text), cutter.finish()) if grapheme]


def test_graphemes_are_unicodes() -> None:
    other = [text for text, cuts in cases("GraphemeBreakTest") if ends(graphemes(text)) != cuts]
    # U+2701 is no Extended_Pictographic any more in the later Unicode that wcwidth knows.
    assert other == ["\u2701\u200d\u2701"]


def opportunities(text: str) -> set[int]:
    breaker = Breaker()
    pieces = list(iter_graphemes(text))
    decided = [d for piece in pieces if (d := breaker.push(unit(piece)))] + breaker.end()
    return {sum(map(len, pieces[:count])) for count, (_, may) in enumerate(decided) if may}


def exception(text: str, place: int) -> str:  # noqa: PLR0911  a return for each
    """Name why the test data, of Unicode 15.0, does not tell of this place in this text."""
    cleaner = Cleaner()
    if "\n" in text or cleaner.feed(text) + cleaner.finish() != text:
        return "line ends, tabs, controls and word joiners do not come this far"
    pieces = list(iter_graphemes(text))
    if place not in ends(pieces):
        return "a grapheme is never broken"
    if text[place] in NEVER_STARTS:
        return "kinsoku"
    if any(piece[0] == " " and len(piece) > 1 for piece in pieces):
        return "a space with a mark is a grapheme, and a space (LB10)"
    classes = [line_break(char).value for char in text]
    before = [kind for kind in classes[:place] if kind not in MARKS]
    left, now = before[-1:], classes[place]
    if classes[place - 1] in MARKS and ((left and left[0] in JAMO and now in JAMO) or (left == ["RI"] and now == "RI")):
        return "a mark ends a syllable of jamo and a flag (LB26, LB30a)"
    if left == ["HY"] and now in LETTERS and len(before) == 1:
        return "a hyphen at a word's start stays with it (LB20a, Unicode 16)"
    if before[-2:] in (["HL", "HY"], ["HL", "BA"]) and now == "HL":
        return "a hyphen parts Hebrew words (LB21a, Unicode 16)"
    if left == ["IS"] and now == "NU":
        return "a point before a number stays with it (LB25, Unicode 16)"
    if now == "OP" and [kind for kind in before if kind != "SP"][-1:] == ["QU"]:
        return "a quotation mark and a bracket may be parted at a space (LB15, up to Unicode 15)"
    return ""


def test_lines_break_where_unicode_says() -> None:
    told, agreed, exceptions = 0, 0, set[str]()
    for text, cuts in cases("LineBreakTest"):
        differ = opportunities(text) ^ cuts
        told += 1
        agreed += not differ
        names = {place: exception(text, place) for place in differ}
        assert all(names.values()), (ascii(text), cuts, opportunities(text))
        exceptions.update(names.values())
    assert (told, agreed, len(exceptions)) == (7654, 5941, 9)
