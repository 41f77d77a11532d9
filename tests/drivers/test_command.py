"""Answers spoken: which sentences a program gets and when, and espeak-ng's own sound of them."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lives import context
from pydantic import ValidationError

from glassd.presenter.layout import Layout
from glassd_drivers import testing
from glassd_drivers.contracts import Mark, PermanentFault, Screen, TransientFault
from glassd_drivers.displays import voice
from glassd_drivers.displays.command import CommandConfig, CommandDisplay
from glassd_drivers.displays.profiles import SPEECH
from glassd_drivers.displays.sentences import SENTENCE_LIMIT, sentences
from glassd_drivers.displays.speech import Speech

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

ESPEAK = ["espeak-ng", "-v", "en", "--stdout"]
STEP_S = 0.005
"""How often a file that another program writes is looked at; the test's own limit ends a wait."""


def writing(text: str, mark: Mark = Mark.WRITING, **more: Any) -> Screen:
    """The screen of an answer, laid out as the presenter does for speech."""
    layout = Layout(SPEECH.columns)
    layout.feed(text)
    return Screen(layout.lines, mark=mark, **more)


def said(*screens: Screen) -> list[str]:
    """What is said of screens, with STOP where it falls silent."""
    speech, told = Speech(), []
    for screen in screens:
        silence, words = speech.update(screen)
        told += ["STOP", *words] if silence else words
    return told


# -- sentences --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "finished"),
    [
        ("门是绿色的。它", ["门是绿色的。"]),
        ("门是绿色的。", []),
        ("“欢迎光临！”他说。价格是 3.14 元？是", ["“欢迎光临！”", "他说。", "价格是 3.14 元？"]),
        ("これはペンです。「はい。」と", ["これはペンです。", "「はい。」"]),
        ("It is open. It", ["It is open. "]),
        ("Dr. Smith paid 3.50 at example.com. He", ["Dr. Smith paid 3.50 at example.com. "]),
        ("Red, e.g. this one! So", ["Red, e.g. this one! "]),
        ("1. Open it.\n2. Close it.\n3", ["1. Open it.\n", "2. Close it.\n"]),
        ("Three things:\nmilk", ["Three things:\n"]),
        ("Really?! Yes... well", ["Really?! ", "Yes... "]),
    ],
)
def test_a_sentence_is_finished_once_the_next_begins(text: str, finished: list[str]) -> None:
    assert sentences(text, complete=False) == finished


@given(st.text(alphabet="aB1.!?。！”)\n ，,…", max_size=80), st.data())
def test_what_was_finished_stays_so_however_the_text_goes_on(text: str, data: Any) -> None:
    cut = data.draw(st.integers(0, len(text)))
    begun = sentences(text[:cut], complete=False)
    assert sentences(text, complete=True)[: len(begun)] == begun


@given(st.text(max_size=2000))
def test_the_sentences_of_a_whole_text_are_the_text(text: str) -> None:
    found = sentences(text, complete=True)
    assert "".join(found) == text
    assert all(0 < len(sentence) <= SENTENCE_LIMIT + 1 for sentence in found)


# -- what is said of screens ------------------------------------------------------------------------------------------


@given(st.lists(st.text(alphabet="ab1.!。，\n ", min_size=1, max_size=12), min_size=1, max_size=20))
def test_an_answer_is_said_once_and_whole_however_its_text_came(deltas: list[str]) -> None:
    text = "".join(deltas)
    screens = [writing("".join(deltas[: count + 1])) for count in range(len(deltas))]
    told = said(Screen(), *screens, writing(text, Mark.DONE, must_show=True))
    at_once = said(Screen(), writing(text, Mark.DONE, must_show=True))
    assert told == at_once


def test_a_sentence_is_said_before_the_answer_is_finished() -> None:
    assert said(Screen(mark=Mark.THINKING), writing("The door is green. It")) == ["The door is green."]


def test_a_new_question_silences_the_old_answer() -> None:
    begun = writing("The door is green. It")
    assert said(Screen(), begun, Screen(mark=Mark.LOOKING), Screen(mark=Mark.SENDING)) == ["The door is green.", "STOP"]


def test_the_same_answer_to_a_new_question_is_said_again() -> None:
    answer = writing("It is red.", Mark.DONE, must_show=True)
    assert said(Screen(), answer, Screen(mark=Mark.LOOKING), answer) == ["It is red.", "STOP", "It is red."]


def test_a_clear_silences() -> None:
    assert said(Screen(), writing("One. Two", Mark.DONE), Screen(must_show=True)) == ["One.", "Two", "STOP"]


def test_another_answer_is_told_even_where_no_question_was_seen() -> None:
    one, other = writing("It is red.", Mark.DONE), writing("No, blue.", Mark.DONE)
    assert said(Screen(), one, other) == ["It is red.", "STOP", "No, blue."]


def test_an_error_is_said_after_what_had_come_without_its_code() -> None:
    error = Screen(("There is no network", "Connect, then press", "[no_network]"), 2, 2, Mark.ERROR, must_show=True)
    assert said(Screen(), writing("The door is. It"), error) == [
        "The door is.",
        "It",
        "There is no network",
        "Connect, then press",
    ]


def test_a_display_that_comes_back_does_not_repeat_an_old_answer() -> None:
    old = writing("It is red.", Mark.DONE, must_show=True)
    assert said(old, Screen(mark=Mark.LOOKING), writing("Blue.", Mark.DONE)) == ["STOP", "Blue."]


def test_markup_that_turns_out_to_be_none_does_not_begin_the_answer_anew() -> None:
    assert said(Screen(), writing("A 2 is bold. So"), writing("A *2 is bold. So. Yes")) == ["A 2 is bold.", "So."]


def test_what_no_voice_can_say_is_left_out() -> None:
    assert said(Screen(), writing("Yes!\n---\n😀\nNo.", Mark.DONE)) == ["Yes!", "No."]


# -- programs ---------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def speaking(**options: Any) -> AsyncIterator[CommandDisplay]:
    driver = CommandDisplay(CommandConfig.model_validate(options), context("displays.0"))
    driver.fit(SPEECH)
    try:
        await driver.open()
        yield driver
    finally:
        await driver.close()


async def until(holds: Callable[[], object]) -> None:
    while not holds():  # noqa: ASYNC110  another program brings it about, which tells nobody
        await asyncio.sleep(STEP_S)


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def running(word: str) -> list[int]:
    """The programs that have a word in their arguments."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if word.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


class Listener(testing.Rig):
    """A program that writes down what it is given."""

    async def __aenter__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.heard = Path(self.folder.name) / "heard"
        tee = shutil.which("tee")
        self.config = {"run": [tee, "-a", str(self.heard)]}

    async def __aexit__(self, *_: object) -> None:
        self.folder.cleanup()

    async def shown(self, text: str) -> None:
        await until(lambda: size(self.heard) and self.heard.read_text("utf-8").splitlines()[-1:] == [text])

    async def unplug(self) -> None:
        # A program that has just been started has no arguments yet: Popen returns before the kernel has put them there.
        await until(lambda: running(str(self.heard)))
        for pid in running(str(self.heard)):
            os.kill(pid, signal.SIGKILL)


KIT = testing.Kit("displays", "command", Listener, missing={"run": ["no-such-program"]})


@pytest.mark.parametrize("check", KIT.checks(), ids=lambda check: check.__name__)
def test_conforms(check: Callable[[testing.Kit], None]) -> None:
    check(KIT)


def test_espeak_speaks_the_sentences_in_their_order(tmp_path: Path) -> None:
    sound = tmp_path / "spoken.wav"
    lines = ["The door is green.", "It is open.", "Nobody is there."]
    expected = subprocess.run(
        ESPEAK, input="".join(f"{line}\n" for line in lines).encode(), capture_output=True, check=True
    ).stdout

    async def main() -> None:
        async with speaking(run=ESPEAK, into=["tee", str(sound)]) as driver:
            await driver.show(Screen(mark=Mark.THINKING))
            await driver.show(writing("The door is green. It is"))
            await driver.show(writing("The door is green. It is open. Nobody is there.", Mark.DONE, must_show=True))
            await until(lambda: size(sound) >= len(expected))

    asyncio.run(main())
    assert sound.read_bytes() == expected


def test_a_new_press_stops_espeak_in_the_middle_of_the_old_answer(tmp_path: Path) -> None:
    old, new = "This takes a while to say. " * 40, "It is red."
    player = (
        "import os, sys\n"
        "with open(f'{sys.argv[1]}/{os.getpid()}', 'wb', 0) as sound:\n"
        "    sound.write(sys.stdin.buffer.read(20000))\n"  # as a sound card does, it takes no more before that is heard
        "    os.read(os.pipe()[0], 1)\n"
    )

    async def main() -> None:
        options = {"run": ESPEAK, "into": [sys.executable, "-c", player, str(tmp_path)]}
        async with speaking(**options) as driver:
            await driver.show(writing(old))
            await until(lambda: [path for path in tmp_path.iterdir() if size(path) == 20000])
            before = set(running(str(tmp_path)))
            await driver.show(Screen(mark=Mark.LOOKING))
            assert not before & set(running(str(tmp_path)))
            await driver.show(writing(new, Mark.DONE, must_show=True))
            await until(lambda: len([path for path in tmp_path.iterdir() if size(path) == 20000]) == 2)

    asyncio.run(main())
    spoken = subprocess.run(ESPEAK, input=f"{new}\n".encode(), capture_output=True, check=True).stdout
    assert spoken[:20000] in {path.read_bytes() for path in tmp_path.iterdir()}


def test_nothing_of_a_program_is_left_after_the_end(tmp_path: Path) -> None:
    async def main() -> None:
        inner = ["sh", "-c", f'touch "{tmp_path}/other"; tail -f "{tmp_path}/other" & exec tee "{tmp_path}/heard"']
        async with speaking(run=inner) as driver:
            await driver.show(Screen())
            await driver.show(writing("Hello.", Mark.DONE))
            await until(lambda: size(tmp_path / "heard"))
        await until(lambda: not running(str(tmp_path)))  # one that it started itself dies in its own time

    asyncio.run(main())


def test_a_program_that_does_not_read_holds_nobody_up_and_takes_no_memory(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(voice, "WAITING_LIMIT_BYTES", 10_000)
    text = "".join(f"This is sentence number {number}.\n" for number in range(8000))

    async def main() -> None:
        async with speaking(run=["sleep", "1000"]) as driver:
            layout = Layout(SPEECH.columns)
            layout.feed(text)
            await driver.show(Screen())
            await driver.show(Screen(tuple(layout.full), mark=Mark.DONE, must_show=True))

    asyncio.run(main())
    assert [record.getMessage() for record in caplog.records] == [
        "displays.0: sleep reads too slowly: sentences are left out"
    ]


def test_a_program_that_is_not_installed_waits_for_a_person() -> None:
    async def main() -> None:
        async with speaking(run=["no-such-voice"]):
            pass

    with pytest.raises(
        PermanentFault, match=r"no-such-voice is not installed: install it \(apt install no-such-voice\)"
    ):
        asyncio.run(main())


def test_a_player_that_is_not_installed_leaves_no_speaker_behind(tmp_path: Path) -> None:
    async def main() -> None:
        async with speaking(run=["tee", str(tmp_path / "heard")], into=["no-such-player"]):
            pass

    with pytest.raises(PermanentFault, match="no-such-player is not installed"):
        asyncio.run(main())
    assert not running(str(tmp_path))


def test_a_program_that_ends_is_told_with_its_status() -> None:
    async def main() -> None:
        async with speaking(run=["sh", "-c", "exit 3"]) as driver:
            await driver.watch()

    with pytest.raises(TransientFault, match=r"sh ended with status 3: run sh -c 'exit 3' by hand to see why"):
        asyncio.run(main())


def test_no_key_of_the_environment_reaches_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY", "sk-secret")
    monkeypatch.setenv("PULSE_SERVER", "unix:/run/pulse")
    heard = tmp_path / "environment"

    async def main() -> None:
        async with speaking(run=["sh", "-c", f'env > "{heard}.new"; mv "{heard}.new" "{heard}"; cat']):
            await until(heard.exists)

    asyncio.run(main())
    told = heard.read_text()
    assert "PULSE_SERVER=unix:/run/pulse" in told
    assert "sk-secret" not in told


@pytest.mark.parametrize("wrong", [{}, {"run": []}, {"run": "espeak-ng -v en"}, {"run": ["x"] * 65}], ids=str)
def test_a_program_is_a_list_of_words(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CommandConfig.model_validate(wrong)
