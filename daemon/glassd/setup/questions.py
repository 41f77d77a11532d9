"""The conversation: what can only have one answer is not asked, and the summary at the end changes any of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glassd.setup import ask_buttons, ask_model, presses
from glassd.setup.answers import KEEP, Answers, ModelAnswers
from glassd.setup.ask_bridge import BridgeAsker
from glassd.setup.console import clipped, padded
from glassd.setup.document import compose, mistakes_in, resolve
from glassd.setup.found import camera_section, framebuffer_section
from glassd.setup.languages import spoken, texts_in
from glassd.setup.own_options import option_answers
from glassd.setup.present import ASKED
from glassd.setup.summary import LANGUAGES, summary_of, summary_of_present

if TYPE_CHECKING:
    from collections.abc import Callable

    from glassd.setup.console import Console
    from glassd.setup.found import Found
    from glassd.setup.places import Places
    from glassd.setup.present import Present
    from glassd_drivers.discover import FoundFramebuffer

ORDER = ("language", *(name for name in ASKED if name != "language"))
"""The lines of the summary."""
Option = tuple[str, Any]
"""What stands in a list, and the answer, or what asks for it; told whether this is the first time round."""
HEAD_CELLS = 16
"""How wide the names of these lines are."""


class Conversation:
    """Asks one person. `answers` and `key` are what came of it; `key` is None where none was typed."""

    def __init__(
        self,
        console: Console,
        found: Found,
        present: Present | None,
        places: Places,
        *,
        language: str,
        terminal: str,
    ) -> None:
        """Begin in a language; `terminal` is the kind of terminal, $TERM."""
        self.answers = Answers(
            language="zh" if language == "zh" else "en",
            model=ModelAnswers(service=KEEP if present else "dashscope"),
            **dict.fromkeys(("camera", "buttons", "displays", "triggers"), KEEP) if present else {},
        )
        self.key: str | None = None
        self._console = console
        self._found = found
        self._present = present
        self._places = places
        self._terminal = terminal
        self._texts = texts_in(spoken(language, terminal))
        self._ask: dict[str, Callable[[], None]] = {
            "language": self._language,
            "model": self._model,
            "camera": self._camera,
            "buttons": self._buttons,
            "displays": self._displays,
            "triggers": self._triggers,
        }

    def hold(self) -> Answers:
        """Ask what must be asked, show it all, and return it once the person says so."""
        self._language()
        self._console.say(f"\n{self._texts.welcome}\n")
        self._tell_what_is_found()
        if self._present is None:
            self._model()
            found = self._found
            if len(found.cameras) > 1 or found.serial_lines or found.drivers_of("cameras"):
                self._camera()
            if found.inputs or found.chips or found.serial_lines or found.drivers_of("buttons"):
                self._buttons(first_time=True)
            self._displays()
        while (name := self._to_change()) is not None:
            self._ask[name]()
        return self.answers

    # -- the summary ----------------------------------------------------------------------------------------------

    def _to_change(self) -> str | None:
        """Show the summary and return the line to change; None where it is to be written."""
        texts, console = self._texts, self._console
        sections = resolve(self.answers, self._found, self._present)
        lines = summary_of(self.answers, sections, self._present, texts)
        console.say(f"\n{texts.summary}")
        for number, name in enumerate(ORDER, 1):
            head = padded(f"  {number}  {texts.sections[name]}", HEAD_CELLS)
            for at, line in enumerate(lines[name]):
                console.say(clipped(f"{head if at == 0 else ' ' * HEAD_CELLS}{line}"))
        mistakes = mistakes_in(compose(self.answers, sections, self._present, self._places), self._places)
        if mistakes:
            console.say(texts.mistakes)
            for mistake in mistakes:
                console.say(f"  {mistake}")
        while True:
            line = console.ask(texts.change, texts)
            if not line and not mistakes:
                return None
            if line.isascii() and line.isdigit() and len(line) == 1 and 1 <= int(line) <= len(ORDER):
                return ORDER[int(line) - 1]
            console.say(texts.number.format(len(ORDER)))

    def _tell_what_is_found(self) -> None:
        texts, found = self._texts, self._found
        rows = [
            ("camera", [one.name or str(one.path) for one in found.cameras]),
            ("buttons", [*map(ask_buttons.named, found.inputs), *map(ask_buttons.named, found.chips)]),
            ("bridge", [line.name or str(line.path) for line in found.serial_lines]),
            ("display", [self._places_of_screen()] * found.has_screen + [*map(self._named, found.framebuffers)]),
            *((_ROLE[driver.role], [f"{driver.name} ({driver.package})"]) for driver in found.drivers),
            *(("problem", [problem]) for problem in found.problems),
        ]
        self._console.say(texts.found)
        for role, names in rows:
            for name in names or ([texts.nothing] if role != "problem" else []):
                self._console.say(clipped(f"  {texts.roles[role]}: {name}"))

    def _places_of_screen(self) -> str:
        return self._texts.screen.format("tty1")

    # -- the questions --------------------------------------------------------------------------------------------

    def _language(self) -> None:
        names = list(LANGUAGES)
        at = self._console.choose(
            "Language / 语言", list(LANGUAGES.values()), self._texts, names.index(self.answers.language)
        )
        self._set(language=names[at])
        self._texts = texts_in(spoken(names[at], self._terminal))
        if names[at] != spoken(names[at], self._terminal):
            self._console.say(self._texts.only_english)

    @property
    def _bridges(self) -> BridgeAsker:
        return BridgeAsker(self._console, self._texts, self._found)

    def _model(self) -> None:
        now = self.answers.model
        kept = self._kept("model")
        model, key = ask_model.ask(self._console, self._texts, now, self._places, kept)
        self.key = key
        self._set(model=model)

    def _camera(self) -> None:
        texts, found = self._texts, self._found
        options: list[Option] = [
            *((f"{one.name or one.path}  ({one.node})", camera_section(one)) for one in found.cameras),
            *self._bridges.options(),
            *([] if found.cameras else [(texts.camera_later, "auto")]),
            *self._strangers("cameras"),
            (texts.none_camera, "none"),
        ]
        self._set(camera=self._chosen("camera", texts.camera, options))

    def _buttons(self, *, first_time: bool = False) -> None:
        asker = ask_buttons.ButtonsAsker(self._console, self._texts, self._found)
        own, of_bridge = asker.options(), self._bridges.button_options()
        ways = [*own, *of_bridge] if self._found.inputs else [*of_bridge, *own]
        options = [*ways, *self._strangers("buttons"), (self._texts.none_buttons, "none")]
        if first_time and len(options) == 2 and self._found.inputs:  # one way, and none: no question
            answer = options[0][1](first_time)
        else:
            answer = self._chosen("buttons", self._texts.buttons, options, first_time=first_time)
        self._set(buttons=[answer] if isinstance(answer, dict) else answer)
        self._fit_triggers()

    def _displays(self) -> None:
        texts = self._texts
        options: list[Option] = [
            *self._bridges.options(),
            *([(self._places_of_screen(), self._own_screen)] if self._found.has_screen else []),
            *((self._named(screen), framebuffer_section(screen)) for screen in self._found.framebuffers),
            (texts.serial, self._other_terminal),
            *self._strangers("displays"),
            (texts.none_display, "none"),
        ]
        sits_there = self._console.name == str(self._places.dev / "tty1")
        has_one = self._found.serial_lines or (self._found.has_screen and not sits_there)
        default = 0 if has_one else len(options) - 1
        answer = self._chosen("displays", texts.display, options, default)
        self._set(displays=[answer] if isinstance(answer, dict) else answer)

    def _named(self, screen: FoundFramebuffer) -> str:
        return self._texts.framebuffer.format(screen.path, f"{screen.name}, {screen.width}x{screen.height}")

    def _own_screen(self, _first_time: bool) -> str:
        self._set(terminal="/dev/tty1")
        return "terminal"

    def _other_terminal(self, _first_time: bool) -> str:
        while True:
            name = self._console.ask(self._texts.terminal, self._texts, "/dev/ttyS1")
            path = self._places.dev / name.removeprefix("/dev/")
            if name.startswith("/dev/") and " " not in name and path.exists():
                self._set(terminal=name)
                return "terminal"
            self._console.say(self._texts.bad_terminal)

    def _triggers(self) -> None:
        """Ask for one press what it is to do."""
        texts = self._texts
        sections = resolve(self.answers, self._found, self._present)
        buttons = self._button_names()
        triggers = sections.triggers
        if triggers is None:
            assert self._present is not None, "what is kept is there"
            triggers = self._present.triggers
        taken = {str(one["when"]) for one in triggers}
        free: list[presses.Trigger] = [{"when": event} for event in presses.events(buttons) if event not in taken]
        rows = [*triggers, *free]
        if not rows:
            return
        effects = [presses.effect(one if one in triggers else None, texts) for one in rows]
        names = [presses.event_name(one, texts) for one in rows]
        lines = [f"{name}: {effect}" for name, effect in zip(names, effects, strict=True)]
        at = self._console.choose(texts.sections["triggers"], lines, texts)
        waits_for = {key: value for key, value in rows[at].items() if key in ("when", "if")}
        file = texts_in(self.answers.language).file
        actions = [texts.actions[action].format(getattr(file, action, "")) for action in presses.ACTIONS]
        action = presses.ACTIONS[self._console.choose(texts.action, actions, texts)]
        if action == presses.OWN:
            while not (question := self._console.ask(texts.own, texts)):
                pass
            rows[at] = {**waits_for, "ask": question}
        elif action == presses.NOTHING:
            rows[at] = waits_for
        else:
            rows[at] = {**waits_for, **presses.trigger(waits_for["when"], action, file)}
        self._set(triggers=[one for one in rows if "ask" in one or "do" in one])

    # -- what they share ------------------------------------------------------------------------------------------

    def _chosen(
        self, name: str, question: str, options: list[Option], default: int = 0, *, first_time: bool = False
    ) -> Any:
        """Return the answer that is chosen, or that is asked for then; the first one keeps what is there, if any."""
        if (kept := self._kept(name)) is not None:
            options = [(self._texts.as_it_is.format(kept), KEEP), *options]
            default = 0
        at = self._console.choose(question, [label for label, _ in options], self._texts, default)
        answer = options[at][1]
        return answer(first_time) if callable(answer) else answer

    def _kept(self, name: str) -> str | None:
        """Return what a section says that may be kept; None where there is none."""
        if self._present is None or name not in self._present.sections:
            return None
        return "; ".join(summary_of_present(self._present, self._texts)[name])

    def _strangers(self, role: str) -> list[Option]:
        """Return an option for each driver of a third party."""
        return [
            (
                f"{driver.name}: {driver.summary}",
                lambda _first_time, driver=driver: option_answers(driver, self._console, self._texts),
            )
            for driver in self._found.drivers_of(role)
        ]

    def _button_names(self) -> list[str]:
        sections = resolve(self.answers, self._found, self._present)
        if sections.buttons is None:
            assert self._present is not None, "what is kept is there"
            return self._present.buttons
        return presses.buttons_of(sections.buttons)

    def _fit_triggers(self) -> None:
        """Take the good default set where a trigger waits for a button that is no more."""
        names = self._button_names()
        triggers = self.answers.triggers
        if triggers == KEEP and self._present is not None:
            triggers = self._present.triggers
        if not presses.of_buttons(one for one in triggers if isinstance(one, dict)) <= set(names):
            self._set(triggers="standard")

    def _set(self, **answers: Any) -> None:
        self.answers = self.answers.model_copy(update=answers)


_ROLE = {"cameras": "camera", "buttons": "buttons", "displays": "display"}
