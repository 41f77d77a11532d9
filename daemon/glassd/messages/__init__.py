"""What glassd itself says to the wearer: two lines for every code, a word for every mark, a few notes, in zh and en."""

from glassd.messages.catalogue import CELLS, LANGUAGES, Language, Note, lines, mark_word, note
from glassd.messages.codes import Code

__all__ = ["CELLS", "LANGUAGES", "Code", "Language", "Note", "lines", "mark_word", "note"]
