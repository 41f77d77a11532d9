"""The history is searched in whatever case and width something was written, and for nothing but text."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_upkeep import open_memory

from glassd.journal import queries
from glassd.journal.entries import storable
from glassd.journal.queries import Query, folded

WORDS = st.text(
    st.sampled_from("aAbBéÉßſ猫犬ＡＢ１2%_'\"\\*[]^ \n0\u0301") | st.characters(exclude_categories=["Cs"]), max_size=12
)


def journal(*said: tuple[str, str]) -> sqlite3.Connection:
    connection: sqlite3.Connection = open_memory()
    connection.executemany(
        "INSERT INTO asks (id, wearer, instant, origin, trigger, resumes, outcome, prompt, answer) "
        "VALUES ('a', 1, 0, 'button', '', '', 'finished', ?, ?)",
        [(storable(prompt), storable(answer)) for prompt, answer in said],
    )
    queries.prepare(connection, None)
    return connection


@given(st.lists(st.tuples(WORDS, WORDS), max_size=8), WORDS.filter(bool))
def test_exactly_what_holds_the_text_is_found_newest_first(said: list[tuple[str, str]], text: str) -> None:
    connection = journal(*said)
    found = [row["number"] for row in queries.asks(connection, Query(text=text, limit=100))]
    connection.close()
    holds = [
        number for number, words in enumerate(said, 1) if any(folded(text) in folded(storable(word)) for word in words)
    ]
    assert found == holds[::-1]


@pytest.mark.parametrize(
    ("written", "searched"),
    [
        ("EXIT →", "exit"),
        ("ＥＸＩＴ １２", "exit 12"),
        ("Straße", "STRASSE"),
        ("café", "CAFE\u0301"),
        ("出口在左边", "出口"),
        ("100%", "0%"),
    ],
)
def test_case_width_and_composition_do_not_count(written: str, searched: str) -> None:
    connection = journal((written, ""), ("something else", ""))
    assert [row["number"] for row in queries.asks(connection, Query(text=searched))] == [1]
    connection.close()


@pytest.mark.parametrize("text", ["%", "_", "'; DROP TABLE asks; --", "*", "[a-z]"])
def test_a_text_is_nothing_but_text(text: str) -> None:
    connection = journal(("plain", "words"), (f"it says {text}", ""))
    assert [row["number"] for row in queries.asks(connection, Query(text=text))] == [2]
    connection.close()


def test_a_search_that_takes_too_long_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "_STEPS", 10)
    connection = journal(*[("some words", "")] * 2000)
    queries.prepare(connection, 0.0)
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        queries.asks(connection, Query(text="nothing of the kind"))
    connection.close()
