"""Sessions: kept over a restart, bounded in number and age, and worth nothing to who reads their file."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassd.api.attempts import ADDRESS_LIMIT, ADDRESSES_LIMIT, OVERALL_LIMIT, Attempts
from glassd.api.codes import CODE_LIFE_S, CODES_LIMIT, SCOPES, Codes, Scope
from glassd.api.sessions import AGE_LIMIT_S, DISUSE_LIMIT_S, NAME, NOTED_EACH_S, SESSIONS_LIMIT, Sessions
from glassd.api.token import WAITING_LIMIT, BusyError, Token
from glassd.token_hash import FORM, TokenHash, hash_of, new_token, read_hash
from glassd.wall import BUILT, Wall
from virtual import passes, run

if TYPE_CHECKING:
    from pathlib import Path

DAY_S = 86_400.0


class Date:
    """The board's date; `known` is whether it is no guess."""

    def __init__(self, utc: float = BUILT + 1e6, *, known: bool = True) -> None:
        self.utc, self.known = utc, known

    def wall(self) -> Wall:
        return Wall(self.utc - asyncio.get_running_loop().time(), 0.0, known=self.known)


async def started(folder: Path, date: Date, token: bytes = b"token") -> Sessions:
    sessions = Sessions(folder, token, date.wall)
    await sessions.load()
    return sessions


# -- over a restart ----------------------------------------------------------------------------------------------------


def test_a_restart_throws_nobody_out_and_the_file_lets_nobody_in(tmp_path: Path) -> None:
    async def main() -> None:
        first = await started(tmp_path, Date())
        secrets = {first.new("board"), first.new("glasses")}
        await first.close()
        file = tmp_path / NAME
        assert file.stat().st_mode & 0o777 == 0o600
        assert not any(secret in file.read_text("ascii") for secret in secrets)
        second = await started(tmp_path, Date())
        found = [second.find(secret) for secret in secrets]
        assert {session.scope for session in found if session} == {"board", "glasses"}
        for session in json.loads(file.read_bytes())["sessions"]:
            assert second.find(session["key"]) is None

    asyncio.run(main())


def test_another_token_ends_the_boards_sessions_and_leaves_glasses_paired(tmp_path: Path) -> None:
    async def main() -> None:
        first = await started(tmp_path, Date(), b"old")
        board, glasses = first.new("board"), first.new("glasses")
        await first.close()
        second = await started(tmp_path, Date(), b"new")
        assert second.find(board) is None
        assert second.find(glasses) is not None

    asyncio.run(main())


@pytest.mark.parametrize("left", [b"", b"{", b'{"sessions": [{"key": 1}]}', b'{"sessions": [], "version": 2}', b"\xff"])
def test_a_file_that_is_none_signs_everybody_out_and_says_so(
    tmp_path: Path, left: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        (tmp_path / NAME).write_bytes(left)
        sessions = await started(tmp_path, Date())
        secret = sessions.new("board")
        await sessions.close()
        assert (await started(tmp_path, Date())).find(secret) is not None

    asyncio.run(main())
    assert caplog.text.count("everybody has to sign in again") == 1


def test_a_disk_that_takes_nothing_keeps_nobody_out_until_a_restart(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        (tmp_path / "state").write_text("no folder")
        sessions = Sessions(tmp_path / "state", b"token", Date().wall)
        secret = sessions.new("board")
        await sessions.close()
        assert sessions.find(secret) is not None

    asyncio.run(main())
    assert "sessions are not kept over a restart" in caplog.text


def test_that_a_session_is_used_is_noted_now_and_then_not_each_time(tmp_path: Path) -> None:
    async def main() -> list[float]:
        date = Date()
        sessions = await started(tmp_path, date)
        secret = sessions.new("board")
        noted = []
        for step in (60.0, NOTED_EACH_S):
            await passes(step)
            date.utc += step
            sessions.find(secret)
            if sessions._writing is not None:
                await asyncio.wait([sessions._writing])
            noted.append(json.loads((tmp_path / NAME).read_bytes())["sessions"][0]["used"] - BUILT - 1e6)
        return noted

    assert run(main()) == [0.0, 60.0 + NOTED_EACH_S]


# -- bounds ------------------------------------------------------------------------------------------------------------


def test_the_one_that_has_been_unused_longest_makes_room(tmp_path: Path) -> None:
    async def main() -> None:
        sessions = await started(tmp_path, Date())
        secrets = [sessions.new("board") for _ in range(SESSIONS_LIMIT)]
        assert sessions.find(secrets[0]) is not None  # used just now
        sessions.new("glasses")
        assert sessions.find(secrets[1]) is None
        assert all(sessions.find(secret) for secret in [secrets[0], *secrets[2:]])
        await sessions.close()
        assert len(json.loads((tmp_path / NAME).read_bytes())["sessions"]) == SESSIONS_LIMIT

    asyncio.run(main())


@pytest.mark.parametrize("kind", SCOPES)
def test_one_ends_after_disuse_and_one_that_is_used_ends_with_age(tmp_path: Path, kind: Scope) -> None:
    async def main() -> None:
        date = Date()
        sessions = await started(tmp_path, date)
        unused, used = sessions.new(kind), sessions.new(kind)
        age = 0.0
        while (age := age + DISUSE_LIMIT_S - DAY_S) < AGE_LIMIT_S[kind]:
            date.utc += DISUSE_LIMIT_S - DAY_S
            assert sessions.find(used) is not None
        assert sessions.find(unused) is None
        date.utc += DISUSE_LIMIT_S - DAY_S
        assert sessions.find(used) is None

    asyncio.run(main())


def test_while_the_date_is_a_guess_none_ends_and_ages_count_from_when_it_is_known(tmp_path: Path) -> None:
    async def main() -> None:
        date = Date(0.0, known=False)
        sessions = await started(tmp_path, date)
        secret = sessions.new("glasses")
        date.utc += 10 * AGE_LIMIT_S["glasses"]
        assert sessions.find(secret) is not None
        date.utc, date.known = BUILT + 1e6, True
        assert sessions.find(secret) is not None
        date.utc += DISUSE_LIMIT_S + 1
        assert sessions.find(secret) is None

    asyncio.run(main())


# -- the hash of a token -----------------------------------------------------------------------------------------------


def test_a_token_is_known_by_its_hash_which_no_other_has() -> None:
    token = new_token()
    one, other = hash_of(token), hash_of(token)
    assert one != other
    assert token not in one
    for text in (one, other):
        read = read_hash(text)
        assert read.may_be_of(token.encode())
        assert read.is_of(token.encode())
        assert not read.is_of(token[:-1].encode())


def test_hardly_any_wrong_token_costs_more_than_a_look() -> None:
    read = read_hash(hash_of(new_token()))
    assert sum(read.may_be_of(b"guess %d" % count) for count in range(20_000)) < 20


@pytest.mark.parametrize(
    "text",
    [
        "",
        "secret",
        "scrypt.14.8.1.AAAA.0000.AAAA",
        f"scrypt.18.99.9.{'A' * 22}.0000.{'A' * 43}",
        f"scrypt.14.0.1.{'A' * 22}.0000.{'A' * 43}",
        f"scrypt.14.8.0.{'A' * 22}.0000.{'A' * 43}",
        f"scrypt.14.8.1.{'A' * 22}.0000.{'A' * 43}\n",
    ],
)
def test_what_is_no_hash_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="glassd token"):
        read_hash(text)


@given(st.from_regex(FORM, fullmatch=True))
def test_every_text_of_the_form_is_read_or_refused(text: str) -> None:
    try:
        read = read_hash(text)
    except ValueError:
        return
    assert 128 * read.r * 2**read.log2_n <= 64 * 1024 * 1024


def test_the_right_token_is_hashed_once_and_guesses_are_not_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[bytes] = []
    is_of = TokenHash.is_of

    def counted(self: TokenHash, token: bytes) -> bool:
        hashed.append(token)
        return is_of(self, token)

    monkeypatch.setattr(TokenHash, "is_of", counted)
    tokens = ["right", "right", *(f"guess {count}" for count in range(100)), "right"]

    async def main() -> list[bool]:
        key = Token(read_hash(hash_of("right")))
        return [await key.is_(token) for token in tokens]

    assert asyncio.run(main()) == [token == "right" for token in tokens]
    assert hashed.count(b"right") == 1
    assert len(hashed) <= 2  # one guess in 65,536 is


def test_so_many_tokens_at_once_are_hashed_one_by_one_and_no_more_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TokenHash, "may_be_of", lambda *_: True)  # as of those that one in 65,536 is

    async def main() -> list[bool | BaseException]:
        key = Token(read_hash(hash_of("right")))
        return await asyncio.gather(*(key.is_("wrong") for _ in range(WAITING_LIMIT + 3)), return_exceptions=True)

    told = asyncio.run(main())
    assert told[:WAITING_LIMIT] == [False] * WAITING_LIMIT
    assert [type(each) for each in told[WAITING_LIMIT:]] == [BusyError] * 3


# -- guesses -----------------------------------------------------------------------------------------------------------


class Clock:
    """Monotonic seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_an_address_that_was_wrong_too_often_may_try_again_once_it_has_waited() -> None:
    attempts = Attempts(clock := Clock())
    for _ in range(ADDRESS_LIMIT):
        assert attempts.wait_s("10.0.0.1") == 0
        attempts.begin("10.0.0.1")
    wait_s = attempts.wait_s("10.0.0.1")
    assert wait_s > 0
    assert attempts.wait_s("10.0.0.2") == 0
    clock.now += wait_s
    assert attempts.wait_s("10.0.0.1") == 0


def test_all_addresses_together_may_be_wrong_so_often() -> None:
    attempts = Attempts(clock := Clock())
    for count in range(OVERALL_LIMIT):
        attempts.begin(f"10.0.0.{count}")
    assert attempts.wait_s("10.9.9.9") > 0
    clock.now += attempts.wait_s("10.9.9.9")
    assert attempts.wait_s("10.9.9.9") == 0


def test_log_ins_that_succeed_do_not_count() -> None:
    attempts = Attempts(Clock())
    for _ in range(10 * OVERALL_LIMIT):
        attempts.begin("10.0.0.1")
        attempts.succeeded("10.0.0.1")
    assert attempts.wait_s("10.0.0.1") == 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),  # a host numbers its /64 as it likes
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("10.0.0.1", "10.0.0.2", False),
    ],
)
def test_an_address_is_whatever_one_machine_can_call_from(one: str, other: str, same: bool) -> None:
    attempts = Attempts(Clock())
    for _ in range(ADDRESS_LIMIT):
        attempts.begin(one)
    assert (attempts.wait_s(other) > 0) == same


def test_failures_are_counted_of_so_many_addresses_alone_and_the_worst_are_not_forgotten() -> None:
    attempts = Attempts(clock := Clock())
    for count in range(3 * ADDRESSES_LIMIT):
        clock.now += 10.0
        while attempts.wait_s("10.0.0.1") == 0:
            attempts.begin("10.0.0.1")
        attempts.begin(f"10.{count // 65536}.{count // 256 % 256}.{count % 256}")
    assert len(attempts._each) <= ADDRESSES_LIMIT
    assert attempts.wait_s("10.0.0.1") > 0


# -- codes -------------------------------------------------------------------------------------------------------------


def test_a_code_opens_once_however_it_is_typed_and_not_after_its_time() -> None:
    clock = Clock()
    codes = Codes(clock)
    code = codes.new("glasses")
    assert codes.use(f" {code.replace('-', ' ').upper().replace('0', 'O').replace('1', 'l')} ") == "glasses"
    assert codes.use(code) is None
    late = codes.new("board")
    clock.now += CODE_LIFE_S
    assert codes.use(late) is None


def test_so_many_codes_are_open_at_once() -> None:
    codes = Codes(Clock())
    made = [codes.new("board") for _ in range(CODES_LIMIT + 1)]
    assert [codes.use(code) is not None for code in made] == [False, *[True] * CODES_LIMIT]


@pytest.mark.parametrize("given", ["", "-", "0000-0000", "\ud800", "é" * 8, "0" * 10_000])
def test_what_is_no_code_opens_nothing(given: str) -> None:
    codes = Codes(Clock())
    codes.new("board")
    assert codes.use(given) is None


def test_who_waits_for_a_code_hears_when_it_is_used_or_over() -> None:
    async def main() -> tuple[bool, bool, bool, float]:
        loop = asyncio.get_running_loop()
        codes = Codes(loop.time)
        used, over = codes.new("glasses"), codes.new("glasses")
        start = loop.time()
        waiting = asyncio.create_task(codes.used(used)), asyncio.create_task(codes.used(over))
        await asyncio.sleep(0)
        codes.use(used)
        return await waiting[0], await waiting[1], await codes.used("none"), loop.time() - start

    assert run(main()) == (True, False, False, CODE_LIFE_S)
