"""Every code has its two lines, in every language, and each fits the narrowest display."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcswidth

from glassd.messages import CELLS, LANGUAGES, Code, Language, Note, lines, mark_word, note
from glassd.messages.page import COMMAND, page, site_words
from glassd_drivers.contracts import Mark

EVERY = [(code, language) for code in Code for language in LANGUAGES]


def assert_fits(line: str, cells: int = CELLS) -> None:
    assert line
    assert line == line.strip()
    assert 0 < wcswidth(line) <= cells, line
    assert not [c for c in line if unicodedata.category(c).startswith("C")], line


@pytest.mark.parametrize(("code", "language"), EVERY)
def test_every_code_has_two_lines_that_fit(code: Code, language: Language) -> None:
    what, then = lines(code, language)
    assert_fits(what)
    assert_fits(then)
    assert what != then


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_codes_say_the_same_happened(language: Language) -> None:
    said = [lines(code, language)[0] for code in Code]
    assert sorted(said) == sorted(set(said))


@pytest.mark.parametrize(("code", "language"), EVERY)
def test_a_line_is_in_its_own_language(code: Code, language: Language) -> None:
    for line in lines(code, language):
        assert line.isascii() == (language == "en"), line


@given(code=st.sampled_from(Code), language=st.sampled_from(LANGUAGES), wait=st.floats(0.001, 1e12))
def test_a_wait_of_any_length_fits(code: Code, language: Language, wait: float) -> None:
    what, then = lines(code, language, retry_after_s=wait)
    assert what == lines(code, language)[0]
    assert_fits(then)


@pytest.mark.parametrize(
    ("wait", "zh", "en"),
    [
        (0.2, "请在 1 秒后再按一次", "Press again in 1 s"),
        (20, "请在 20 秒后再按一次", "Press again in 20 s"),
        (90.5, "请在 2 分钟后再按一次", "Press again in 2 min"),
        (3600, "请在 60 分钟后再按一次", "Press again in 60 min"),
        (86400, "请在 24 小时后再按一次", "Press again in 24 h"),
        (float("inf"), "请在 99 小时后再按一次", "Press again in 99 h"),
    ],
)
def test_a_wait_is_told_in_the_unit_a_person_would_use(wait: float, zh: str, en: str) -> None:
    assert lines(Code.RATE_LIMITED, "zh", retry_after_s=wait)[1] == zh
    assert lines(Code.RATE_LIMITED, "en", retry_after_s=wait)[1] == en


@pytest.mark.parametrize("wait", [None, 0.0, -3.0, float("nan")])
def test_without_a_real_wait_the_second_line_is_the_usual_one(wait: float | None) -> None:
    assert lines(Code.RATE_LIMITED, "en", retry_after_s=wait) == lines(Code.RATE_LIMITED, "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_mark_but_idle_has_a_short_word_of_its_own(language: Language) -> None:
    words = [mark_word(mark, language) for mark in Mark if mark is not Mark.IDLE]
    for word in words:
        assert_fits(word, 10)
    assert len(set(words)) == len(words)
    assert mark_word(Mark.IDLE, language) == ""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("which", Note)
def test_every_note_fits(which: Note, language: Language) -> None:
    assert_fits(note(which, language))


def test_what_is_made_of_the_error_codes_is_current() -> None:
    repository = Path(__file__).parents[2]
    for name, made in zip(COMMAND.split()[-2:], (page(), site_words()), strict=True):
        assert (repository / name).read_text(encoding="utf-8") == made, f"run: {COMMAND}"


def test_the_page_names_every_code_with_its_lines() -> None:
    rows = {row.split("|")[1].strip(): row for row in page().splitlines() if row.startswith("| `")}
    for code, language in EVERY:
        for line in lines(code, language):
            assert line in rows[f"`{code}`"]


def test_the_catalogue_is_light_to_import() -> None:
    script = "import sys, glassd.messages; print(*sorted({'pydantic', 'aiohttp', 'cv2', 'numpy'} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == ""
