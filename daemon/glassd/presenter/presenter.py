"""What happens, folded into what one display's wearer sees.

A pure fold: every method takes one thing that happened and returns the newest screen. It has no clock and waits for
nothing; when and whether a screen reaches the display is the compositor's business.

An ask goes looking → sending → thinking → writing, and ends as done, cut off or an error. What has come stays: a note
stands below a text that was cut off, an error stands on a page after it. A cancel clears the screen but for one word.
A pause takes all of it away, and its two lines stay until it is undone.

A notice is told beside what stands there and takes nothing away: below the text, while that is written as far as the
page has room for both; with nothing there, or under a pause, once there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from glassd.answer import Delta, Outcome, OutcomeKind, Problem
from glassd.messages import Code, Note, lines, mark_word, note
from glassd.presenter.characters import Font
from glassd.presenter.layout import Layout
from glassd.presenter.markup import Markup
from glassd.presenter.pages import Pages
from glassd_drivers.contracts import Mark, Screen

if TYPE_CHECKING:
    from glassd.answer import AnswerEvent
    from glassd.messages import Language
    from glassd_drivers.contracts import Profile, Sign

TEXT_LIMIT = 1_000_000
"""Characters of one answer that are laid out; the model client ends an answer long before."""


class Presenter:
    """Folds one wearer's asks for one display. Only what belongs to the newest ask may be told."""

    def __init__(self, profile: Profile, language: Language) -> None:
        self._profile = profile
        self._font = None if profile.characters is None else Font(profile.characters)
        self._language: Language = language
        self.number = 0
        """Grows whenever the time begins anew that the screen stays: with an ask, its end, a page, what is told."""
        self.paced = False
        """Whether the next answer goes on page by page as it is read, in place of following the newest."""
        self._camera = False
        self._warning = False
        self._signs: tuple[Sign, ...] = ()
        self._answering = False
        self._paused = False
        self._notices: list[Code] = []  # told for good at the end of the answer, or of the pause, that is under way
        self._below: tuple[str, ...] = ()  # our own lines after the text
        self._below_at = 0  # the line that they begin at
        self._blank(Mark.IDLE)

    @property
    def screen(self) -> Screen:
        """The newest screen."""
        return self._screen()

    @property
    def more(self) -> bool:
        """Whether there is a page to turn to by itself, once the one in view is read."""
        return self._pages.more(self._count())

    @property
    def rests(self) -> Literal["answer", "note"] | None:
        """What stands there and is to be read, nothing being under way: an answer, or an error or a word of ours."""
        if self._answering or self._paused or not self._count():
            return None
        return "answer" if self._mark in (Mark.DONE, Mark.CUT_OFF) else "note"

    def looking(self) -> Screen:
        """An ask begins: its picture is being chosen. What the ask before showed is gone."""
        self._blank(Mark.LOOKING)
        self._answering = True
        return self._screen()

    def asked(self) -> Screen:
        """The question is on its way to a model."""
        self._blank(Mark.SENDING)
        self._answering = True
        return self._screen()

    def event(self, event: AnswerEvent) -> Screen:
        """Something came back for the ask under way; what comes after its end is passed over."""
        if not self._answering:
            return self._screen()
        match event:
            case Delta(text) if text:
                self._feed(text)
                self._mark = Mark.THINKING if self._markup.thinking else Mark.WRITING
            case Outcome():
                self._end(event)
                return self._ended()
            case _ if self._mark is not Mark.WRITING:  # Sent, Reasoning, a delta with nothing in it
                self._mark = Mark.THINKING
        return self._screen()

    def problem(self, problem: Problem) -> Screen:
        """Something went wrong with the ask under way, or with none; a pause is told over anything else."""
        if self._paused:
            return self.clear()
        if not self._answering:
            self._blank(Mark.IDLE)
        self._fail(problem)
        return self._ended()

    def late_answer(self, outcome: Outcome) -> Screen:
        """An answer has come to a question that nobody waits for any more: whole, under a heading, from the start."""
        self._blank(Mark.WRITING)
        if outcome.text:
            self._layout.feed(f"{lines(Code.ANSWER_CAME, self._language)[0]}\n")
            self._feed(outcome.text)
            if not self.paced:
                self._pages.go(0)
        self._end(outcome)
        return self._ended()

    def notice(self, code: Code) -> Screen:
        """Something is to be told beside what stands there."""
        if not (self._answering or self._paused):
            self._put_notice(code)
        elif code not in self._notices:
            self._notices.append(code)
        self.number += not self._answering
        return self._screen(must_show=True)

    def turn(self) -> Screen:
        """The page in view is read: show the next one, if there is one."""
        self._pages.turn(self._count())
        self.number += 1
        return self._screen()

    def next_page(self) -> Screen:
        """Turn a page on."""
        self._pages.next(self._count())
        self.number += 1
        return self._screen()

    def previous_page(self) -> Screen:
        """Turn a page back, and stay there while the text grows."""
        self._pages.previous(self._count())
        self.number += 1
        return self._screen()

    def clear(self) -> Screen:
        """Show nothing: the wearer sees the world, and while paused that it is so."""
        self._blank(Mark.IDLE)
        if not self._paused:
            self._notices.clear()
            return self._ended()
        self._answering = False
        self._below = self._wrapped("\n".join(lines(Code.PAUSED, self._language)))
        self._pages.go(0)
        return self._screen(must_show=True)

    def pause(self, *, on: bool) -> Screen:
        """Nothing is looked at and nothing leaves from now on; or no longer. What was shown is gone."""
        self._paused = on
        if on:
            return self.clear()
        self._blank(Mark.IDLE)
        return self._ended()

    def camera(self, on: bool) -> Screen:
        """Frames are being taken from now on, or no longer."""
        self._camera = on
        return self._screen()

    def warning(self, on: bool) -> Screen:
        """Something of glassd's own does not work from now on; or it works again."""
        self._warning = on
        return self._screen()

    def signs(self, signs: tuple[Sign, ...]) -> Screen:
        """These are shown from now on, in this order."""
        self._signs = signs
        return self._screen()

    # -- how an ask ends -----------------------------------------------------------------------------------------------

    def _ended(self) -> Screen:
        """Nothing is under way any more, and what had to wait for that is told."""
        self._answering = False
        self.number += 1
        held, self._notices = self._notices, []
        for code in held:
            self._put_notice(code)
        return self._screen(must_show=True)

    def _end(self, outcome: Outcome) -> None:
        problem = outcome.problem
        if problem is not None and problem.code is Code.CANCELLED:
            self._blank(Mark.IDLE)
            self._below = self._wrapped(lines(Code.CANCELLED, self._language)[0])
        elif outcome.kind is OutcomeKind.FINISHED or problem is None:
            self._finish(outcome)
        elif outcome.kind is OutcomeKind.CUT_OFF:
            self._layout.finish()
            self._mark = Mark.CUT_OFF
            why = lines(problem.code, self._language)[0]
            self._add_note(f"{mark_word(Mark.CUT_OFF, self._language)}{_COLON[self._language]}{why}")
        else:
            self._fail(problem)

    def _finish(self, outcome: Outcome) -> None:
        if outcome.refusal:
            self._feed(f"\n{note(Note.REFUSAL, self._language)}\n{outcome.refusal}")
        self._layout.finish()
        if not self._layout.full and outcome.finish_reason not in _NOTES:
            self._fail(Problem(Code.EMPTY, "the answer holds nothing to show"))
            return
        self._mark = Mark.DONE
        if outcome.finish_reason in _NOTES:
            self._add_note(note(_NOTES[outcome.finish_reason], self._language))

    def _fail(self, problem: Problem) -> None:
        """Show the two lines, and the code where a row is left for it, on a page after what has come."""
        self._layout.finish()
        told = lines(problem.code, self._language, retry_after_s=problem.retry_after_s)
        code = [f"[{problem.code}]"] if self._profile.rows > len(told) else []
        self._below = self._wrapped("\n".join([*told, *code]))
        self._below_at = self._page_after_text() * self._profile.rows
        self._pages.go(self._page_after_text())
        self._mark = Mark.ERROR

    def _put_notice(self, code: Code) -> None:
        """Put a notice below what stands there; both its lines where nothing does."""
        told = lines(code, self._language)
        if not self._count():
            self._below = self._wrapped("\n".join(told))
            self._pages.go(0)
        else:
            self._add_note(told[0])

    def _add_note(self, text: str) -> None:
        """Put a note below all else; where its last page has no room, on a next one, and what is in view stays so."""
        if self._below:
            self._pages.stay(self._count())
            self._below += self._wrapped(text)
            return
        self._below = self._wrapped(text)
        count = len(self._layout.full)
        self._below_at = count
        if count and self._pages.total(count + len(self._below)) > self._pages.total(count):
            self._pages.stay(count)
            self._below_at = self._page_after_text() * self._profile.rows

    def _page_after_text(self) -> int:
        count = len(self._layout.full)
        return self._pages.total(count) if count else 0

    # -- the sheet -----------------------------------------------------------------------------------------------------

    def _blank(self, mark: Mark) -> None:
        self._mark = mark
        self._markup: Markup = Markup()
        self._layout = self._new_layout(self._markup)
        self._pages = Pages(self._profile.rows, paced=self.paced)
        self.number += 1
        self._room = TEXT_LIMIT
        self._below, self._below_at = (), 0

    def _new_layout(self, markup: Markup | None = None) -> Layout:
        return Layout(self._profile.columns, markup, self._font, visual=self._profile.order == "visual")

    def _feed(self, text: str) -> None:
        self._layout.feed(text[: self._room])
        self._room -= min(len(text), self._room)

    def _wrapped(self, text: str) -> tuple[str, ...]:
        layout = self._new_layout()
        layout.feed(text)
        layout.finish()
        return tuple(layout.full)

    def _count(self) -> int:
        if self._below:
            return self._below_at + len(self._below)
        return len(self._layout.full) + len(self._layout.open)

    def _screen(self, *, must_show: bool = False) -> Screen:
        """Cut out the page in view; costs its rows, not the text's length."""
        full, rows = self._layout.full, self._pages.rows
        after, after_at = (self._below, self._below_at) if self._below else (self._layout.open, len(full))
        after = (*after, *self._beside(after_at + len(after)))
        count = after_at + len(after)
        page = self._pages.in_view(count)
        start, stop = page * rows, (page + 1) * rows
        return Screen(
            lines=(*full[start:stop], *after[max(0, start - after_at) : max(0, stop - after_at)]),
            page=page + 1,
            pages=self._pages.total(count),
            mark=self._mark,
            camera=self._camera,
            must_show=must_show,
            warning=self._warning,
            signs=self._signs,
        )

    def _beside(self, count: int) -> tuple[str, ...]:
        """Return the notices that stand below a text of `count` lines while it is written: they turn no page."""
        if not (self._notices and self._answering):
            return ()
        told = tuple(line for code in self._notices for line in self._wrapped(lines(code, self._language)[0]))
        return told if self._pages.total(count + len(told)) == self._pages.total(count) else ()


_COLON: dict[Language, str] = {"zh": "：", "en": ": "}
_NOTES = {"content_filter": Note.FILTERED, "length": Note.LENGTH}
"""What a finish_reason other than `stop` means to the wearer."""
