"""How the history is written: a line an ask, the whole of one, Markdown. What was said is made harmless first."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from wcwidth import wcswidth

from glassd.cli.terminal import clean, one_line
from glassd.timeline import time_line

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

NO_TIME = "time not known"
_GAP = "  "


def lines(asks: Sequence[dict[str, Any]]) -> list[str]:
    """Return a line an ask: its number, when, how it ended, what asked it, how long it took, and what was said."""
    rows = [
        (str(ask["number"]), when(ask["utc"]), _end(ask), ask["trigger"] or ask["origin"], _took(ask), _words(ask))
        for ask in asks
    ]
    return table(rows, right=(0, 4))


def table(rows: Sequence[Sequence[str]], right: Container[int] = ()) -> list[str]:
    """Return a line a row, its cells under each other; `right`: the columns whose cells end under each other."""
    cells = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(wcswidth(cell) for cell in column) for column in zip(*cells, strict=True)]
    return [
        _GAP.join(
            padded(cell, -width if column in right else width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]


def whole(ask: dict[str, Any]) -> Iterator[str]:
    """Yield the lines that tell all of one ask: what it was, its time line, what was said."""
    yield f"ask {ask['number']} ({one_line(ask['id'])}), {when(ask['utc'])}"
    for name, value in _facts(ask):
        yield f"  {padded(name, 10)} {value}"
    if ask["times_s"]:
        yield ""
        for line in time_line(ask):
            yield f"  {line}"
    for name in ("prompt", "answer"):
        if ask[name]:
            yield ""
            yield f"{'question' if name == 'prompt' else 'answer'}:"
            for line in clean(ask[name]).split("\n"):
                yield f"  {line}"


def markdown(ask: dict[str, Any]) -> str:
    """Return one ask as a section of Markdown, its words in fences that they cannot leave."""
    head = f"## {ask['number']}. {when(ask['utc'])}\n\n"
    facts = "".join(f"- {name}: {_literal(value)}\n" for name, value in _facts(ask))
    said = "".join(
        f"\n{name}:\n\n{_fenced(clean(ask[key]))}\n"
        for name, key in (("Question", "prompt"), ("Answer", "answer"))
        if ask[key]
    )
    return f"{head}{facts}{said}\n"


def when(utc: float | None) -> str:
    """Return a time as the board's zone has it."""
    return NO_TIME if utc is None else datetime.fromtimestamp(utc).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def day(number: int) -> str:
    """Return a local day as a date; it is -1 for those on which the clock was not known."""
    return NO_TIME if number < 0 else (date(1970, 1, 1) + timedelta(days=number)).isoformat()


def padded(text: str, cells: int) -> str:
    """Return a text with blanks behind it, before it for a number below 0, to take so many cells of a line."""
    blanks = " " * (abs(cells) - wcswidth(text))
    return blanks + text if cells < 0 else text + blanks


def clipped(text: str, cells: int) -> str:
    """Return a text that takes so many cells at most, with a mark where something is left out."""
    if wcswidth(text) <= cells:
        return text
    low, high = 0, min(len(text), cells)
    while low < high:  # the longest beginning that leaves a cell for the mark
        middle = (low + high + 1) // 2
        low, high = (middle, high) if wcswidth(text[:middle]) < cells else (low, middle - 1)
    return f"{text[:low]}…"


def _end(ask: dict[str, Any]) -> str:
    outcome = ask["outcome"] or "under way"
    return str(ask["code"] or outcome).replace("_", " ")


def _took(ask: dict[str, Any]) -> str:
    done = ask["times_s"].get("done")
    return "" if done is None else f"{done:.1f} s"


def _words(ask: dict[str, Any]) -> str:
    question, answer = (one_line(ask[name] or "") for name in ("prompt", "answer"))
    return f"{question} → {answer}" if answer else question


def _facts(ask: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is known of an ask, each with its name."""
    code = f", {ask['code']}" if ask["code"] else ""
    counts = (("tokens_in", "in"), ("tokens_out", "out"))
    tokens = [f"{ask[key]} {word}" for key, word in counts if ask[key] is not None]
    for name, value in (
        ("outcome", f"{ask['outcome'] or 'under way'}{code}".replace("_", " ")),
        ("asked by", f"{ask['origin']}{', ' + ask['trigger'] if ask['trigger'] else ''}"),
        ("goes on", ask["resumes"]),
        ("endpoint", ask["endpoint"]),
        ("model", ask["model"]),
        ("tokens", ", ".join(tokens)),
        ("money", "" if ask["money"] is None else f"{ask['money']:.4g}"),
        ("pictures", str(ask["pictures"] or "")),
    ):
        if value:
            yield name, one_line(value)


def _literal(text: str) -> str:
    """Return a text that Markdown takes as it is."""
    return re.sub(r"([\\`*_{}\[\]<>#+!|~-])", r"\\\1", text)


def _fenced(text: str) -> str:
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 3)
    return f"{fence}text\n{text}\n{fence}"
