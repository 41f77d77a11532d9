"""Cameras at a URL: what is a new picture, when it was, what is refused, and how a loss is told."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import itertools
import logging
import re
import ssl
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from http_cameras import JPEG, Request, Server, number_of, picture
from recordings import encoded

from glassd_drivers import registry
from glassd_drivers.cameras import http, http_client, http_snapshot
from glassd_drivers.contracts import DriverError, PermanentFault, TransientFault
from glassd_drivers.host import Host

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from glassd_drivers.contracts import Frame

LOGIN = "wearer:s3cret-word"


@pytest.fixture(autouse=True)
def scaled_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what never comes be waited for shortly."""
    monkeypatch.setattr(http, "SILENCE_LIMIT_S", 0.3)
    monkeypatch.setattr(http_client, "SILENCE_LIMIT_S", 0.6)
    monkeypatch.setattr(http_client, "PICTURE_LIMIT_S", 0.6)
    monkeypatch.setattr(http_snapshot, "LOOK_EVERY_S", 0.05)


@asynccontextmanager
async def camera(name: str, url: str, **options: Any) -> AsyncIterator[Any]:
    """Lend an open camera."""
    kind = registry.load("cameras", name)
    context = Host(time.monotonic, lambda _: LOGIN).context("camera", lambda *_: None)
    driver = kind(kind.Config.model_validate({"url": url, **options}), context)
    try:
        await driver.open()
        yield driver
    finally:
        await driver.close()


async def never() -> None:
    await asyncio.Event().wait()


def frames_of(answer: Callable[[Request], Awaitable[None]], count: int, **options: Any) -> list[Frame]:
    """Return the first frames that a camera gives whose server answers so."""

    async def main() -> list[Frame]:
        async with Server(answer) as server, camera("http", server.url, **options) as driver:
            stream = driver.frames()
            return [await anext(stream) for _ in range(count)]

    return asyncio.run(main())


def fault_of(answer: Callable[[Request], Awaitable[None]], name: str = "http", **options: Any) -> DriverError:
    """Return what a camera raises whose server answers so, at its opening or after it."""

    async def main() -> DriverError:
        async with Server(answer) as server:
            with pytest.raises(DriverError) as raised:
                await use(server.url)
        return raised.value

    async def use(url: str) -> None:
        async with camera(name, url, **options) as driver:
            if name == "http_snapshot":
                await driver.take(time.monotonic())
            async for _ in driver.frames():
                """Until it is lost."""

    error = asyncio.run(main())
    assert "\n" not in str(error)
    return error


def stream_of(*pictures: bytes, content_type: str = "", then: Callable[[], Awaitable[None]] = never) -> Any:
    """Return an answer that is a stream of these pictures, each in a read of its own."""

    async def answer(request: Request) -> None:
        await request.begin_stream(content_type or "multipart/x-mixed-replace;boundary=frame")
        for data in pictures:
            await request.part(data)
            await asyncio.sleep(0.02)
        await then()
        request.hang_up()

    return answer


async def at_once() -> None:
    """The stream ends after its pictures."""


# -- what is new -----------------------------------------------------------------------------------------------------


def test_a_stream_is_handed_on_byte_for_byte_but_for_the_picture_that_a_newcomer_gets() -> None:
    png = encoded(".png")
    frames = frames_of(stream_of(picture(1), picture(2), png, picture(3)), 3)
    assert [frame.data for frame in frames] == [picture(2), png, picture(3)]
    assert [frame.media_type for frame in frames] == ["image/jpeg", "image/png", "image/jpeg"]
    assert {(frame.width, frame.height, frame.source) for frame in frames} == {(64, 48, "camera")}


def test_a_picture_that_is_repeated_is_no_new_one() -> None:
    frames = frames_of(stream_of(*(picture(number) for number in (1, 1, 2, 2, 2, 3))), 2)
    assert [number_of(frame.data) for frame in frames] == [2, 3]


def test_snapshots_are_asked_for_over_one_connection_and_only_new_ones_are_frames() -> None:
    asked = 0

    async def answer(request: Request) -> None:
        nonlocal asked
        asked += 1
        await request.snapshot(picture(asked // 3))

    async def main() -> tuple[list[int], int]:
        async with Server(answer) as server, camera("http", server.url, fps=30.0) as driver:
            stream = driver.frames()
            return [number_of((await anext(stream)).data) for _ in range(3)], server.connections

    assert asyncio.run(main()) == ([1, 2, 3], 1)


def test_a_reader_that_is_late_gets_the_newest() -> None:
    all_sent = asyncio.Event()

    async def main() -> int:
        async def then() -> None:
            all_sent.set()
            await never()

        async with (
            Server(stream_of(*map(picture, range(9)), then=then)) as server,
            camera("http", server.url) as driver,
        ):
            stream = driver.frames()
            first = number_of((await anext(stream)).data)
            await all_sent.wait()
            got = [number_of((await anext(stream)).data) for _ in range(2)]
            assert first < got[0]
            return got[-1]

    assert asyncio.run(main()) == 8


def test_pictures_that_waited_together_give_the_newest_alone_which_is_of_now() -> None:
    async def answer(request: Request) -> None:
        await request.begin_stream()
        await request.part(picture(1))
        await asyncio.sleep(0.05)
        parts = (b"\r\n%b\r\n--frame\r\n" % picture(number) for number in range(2, 7))
        await request.send(b"".join(parts))
        await asyncio.sleep(0.05)
        await request.part(picture(7))
        await never()

    assert [number_of(frame.data) for frame in frames_of(answer, 2)] == [6, 7]


def test_the_age_that_a_server_states_is_taken_off_and_makes_the_first_picture_one_of_known_age() -> None:
    before = time.monotonic()

    async def answer(request: Request) -> None:
        await request.begin_stream()
        await request.part(picture(1), X_UStreamer_Latency="5.0")
        await never()

    (frame,) = frames_of(answer, 1)
    assert before - 5.0 <= frame.instant <= time.monotonic() - 5.0


def test_a_picture_that_the_network_held_up_is_of_when_it_was_sent() -> None:
    async def answer(request: Request) -> None:
        await request.begin_stream()
        for number, stamp in enumerate(("1795811852.8", "1795811852.9", "nonsense", "1795811850.0")):
            await request.part(picture(number), X_Timestamp=stamp)
            await asyncio.sleep(0.02)
        # It was sent when the last one was, but for a moment, and comes much later.
        await asyncio.sleep(0.2)
        await request.part(picture(9), X_Timestamp="1795811850.01")
        await never()

    *frames, late = frames_of(answer, 4)
    assert [number_of(frame.data) for frame in (*frames, late)] == [1, 2, 3, 9]
    assert 0 < late.instant - frames[-1].instant < 0.1


def test_of_a_burst_that_its_sender_dates_every_picture_is_given_with_its_own_instant() -> None:
    async def answer(request: Request) -> None:
        await request.begin_stream()
        for number in (0, 1):
            await request.part(picture(number), X_Timestamp=str(50 + number / 100))
            await asyncio.sleep(0.1)
        dated = (b"X-Timestamp: %f\r\n\r\n%b\r\n--frame\r\n" % (50 + n / 100, picture(n)) for n in range(2, 10))
        await request.send(b"".join(dated))
        await never()

    frames = frames_of(answer, 9)
    assert [number_of(frame.data) for frame in frames] == list(range(1, 10))
    gaps = [later.instant - earlier.instant for earlier, later in itertools.pairwise(frames[1:])]
    assert gaps == pytest.approx([0.01] * 7)


@pytest.mark.parametrize("age", ["-1", "nan", "1e9", "soon", "inf"])
def test_an_age_that_cannot_be_is_none(age: str) -> None:
    async def answer(request: Request) -> None:
        await request.begin_stream()
        for number in (1, 2):
            await request.part(picture(number), X_UStreamer_Latency=age)
            await asyncio.sleep(0.02)
        await never()

    before = time.monotonic()
    (frame,) = frames_of(answer, 1)
    assert number_of(frame.data) == 2
    assert before <= frame.instant <= time.monotonic()


def test_a_broken_part_costs_itself_and_not_the_stream() -> None:
    stream = stream_of(picture(1), b"no picture", b"", picture(2)[:-40], b"\xff" * 99, picture(3))
    assert number_of(frames_of(stream, 1)[0].data) == 3


# -- how a loss is told ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (stream_of(picture(1), picture(2), then=at_once), "it ended the stream"),
        (stream_of(picture(1), picture(2)), "nothing came"),
        (stream_of(picture(1), picture(2), *[picture(2)] * 40), "the camera has frozen"),
        (stream_of(picture(1), *[picture(1)] * 40), "the camera has frozen"),
        (stream_of(*[b"no picture"] * 40), "neither a JPEG nor a PNG"),
    ],
)
def test_a_camera_that_ends_falls_silent_or_freezes_is_lost_for_now(answer: Any, words: str) -> None:
    error = fault_of(answer)
    assert isinstance(error, TransientFault)
    assert words in str(error)


def test_a_picture_that_the_server_drew_for_want_of_a_camera_is_none() -> None:
    async def answer(request: Request) -> None:
        await request.begin_stream()
        for number in range(40):
            await request.part(picture(number), X_UStreamer_Online="false")
            await asyncio.sleep(0.02)

    assert "says that its camera is away" in str(fault_of(answer))


def test_a_camera_that_is_opened_is_one_that_shows_something_new() -> None:
    async def answer(request: Request) -> None:
        await request.snapshot(picture(1))

    assert "nothing new" in str(fault_of(answer))


# -- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["http", "http_snapshot"])
@pytest.mark.parametrize(
    ("status", "headers", "kind", "words"),
    [
        ("302 Found", {"Location": "http://127.0.0.1:1/"}, PermanentFault, "a redirect (302), which is not followed"),
        ("401 Unauthorized", {}, PermanentFault, "name its credential under `login`"),
        ("404 Not Found", {}, PermanentFault, "it answers 404; correct `url`"),
        ("503 Busy", {}, TransientFault, "it answers 503"),
        ("200 OK", {"Content_Type": "text/html"}, PermanentFault, "it answers with text/html, which is no picture"),
        ("200 OK", {"Content_Type": "image/jpeg"}, TransientFault, "no whole picture"),
    ],
)
def test_an_answer_that_is_no_picture_says_what_to_do(
    name: str, status: str, headers: dict[str, str], kind: type[DriverError], words: str
) -> None:
    asked: list[Request] = []

    async def answer(request: Request) -> None:
        asked.append(request)
        await request.answer(status, b"<html>", **headers)

    error = fault_of(answer, name)
    assert type(error) is kind
    assert words in str(error)
    assert {request.target for request in asked} == {"/video"}


def test_a_stream_without_a_boundary_is_refused() -> None:
    error = fault_of(stream_of(picture(1), content_type="multipart/x-mixed-replace"))
    assert isinstance(error, PermanentFault)
    assert "boundary" in str(error)


@pytest.mark.parametrize("name", ["http", "http_snapshot"])
@pytest.mark.parametrize("told", [True, False])
def test_a_picture_that_is_too_big_is_refused_whether_its_length_is_told_or_not(
    name: str, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_client, "PICTURE_LIMIT_BYTES", 1000)

    async def answer(request: Request) -> None:
        if told:
            await request.snapshot(JPEG)
        else:
            await request.send(b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n\r\n" + JPEG)
            await never()

    error = fault_of(answer, name)
    assert isinstance(error, PermanentFault)
    assert "a picture of over" in str(error)


def test_a_certificate_that_nobody_vouches_for_is_refused() -> None:
    async def main() -> None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
        async with Server(stream_of(picture(1), picture(2)), tls=tls) as server:
            with pytest.raises(PermanentFault, match="its certificate is not trusted"):
                async with camera("http", server.url.replace("http:", "https:")):
                    """Never open."""

    asyncio.run(main())


@pytest.mark.parametrize("name", ["http", "http_snapshot"])
def test_a_picture_that_drips_in_without_an_end_is_given_up(name: str) -> None:
    async def answer(request: Request) -> None:
        await request.send(b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n\r\n")
        while True:
            await request.send(b"x")
            await asyncio.sleep(0.02)

    error = fault_of(answer, name)
    assert isinstance(error, TransientFault)
    assert "a picture that did not end" in str(error)


@pytest.mark.parametrize("name", ["http", "http_snapshot"])
@pytest.mark.parametrize("host", ["glasses.invalid", "a..b", "x" * 70])
def test_a_host_that_nobody_knows_is_told_in_a_word(name: str, host: str) -> None:
    async def main() -> str:
        with pytest.raises(TransientFault) as raised:
            async with camera(name, f"http://{host}/video"):
                """Never open."""
        return str(raised.value)

    assert "its name is not known" in asyncio.run(main())


# -- logins ----------------------------------------------------------------------------------------------------------


def _digest(request: Request, nonce: str) -> str:
    """Return the response that RFC 7616, 3.4.1 wants of whoever knows the password."""
    said = dict(re.findall(r'(\w+)="?([^",]*)"?', request.headers["authorization"]))
    user, password = LOGIN.split(":")

    def h(*texts: str) -> str:
        return hashlib.md5(":".join(texts).encode(), usedforsecurity=False).hexdigest()

    return h(h(user, "cam", password), nonce, said["nc"], said["cnonce"], said["qop"], h("GET", request.target))


@pytest.mark.parametrize("name", ["http", "http_snapshot"])
def test_a_login_by_digest_never_tells_the_password(name: str) -> None:
    asked: list[str] = []

    async def answer(request: Request) -> None:
        asked.append(said := request.headers.get("authorization", ""))
        if said and f'response="{_digest(request, "n0nce")}"' in said:
            await request.snapshot(picture(len(asked)))
        else:
            challenge = 'Digest realm="cam", nonce="n0nce", qop="auth", algorithm=MD5'
            await request.answer("401 Unauthorized", b"who?", WWW_Authenticate=challenge)

    async def main() -> None:
        async with Server(answer) as server, camera(name, server.url, login="cam") as driver:
            for _ in range(2):
                frame = await (driver.take(0.0) if name == "http_snapshot" else anext(driver.frames()))
                assert frame.width == 64

    asyncio.run(main())
    assert not asked[0]
    assert all(said.startswith("Digest ") for said in asked[1:])


@pytest.mark.parametrize("name", ["http", "http_snapshot"])
def test_a_login_by_basic_is_given_where_it_is_asked_for(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    asked: list[str] = []

    async def answer(request: Request) -> None:
        asked.append(said := request.headers.get("authorization", ""))
        if said == f"Basic {base64.b64encode(LOGIN.encode()).decode()}":
            await request.snapshot(picture(len(asked)))
        else:
            await request.answer("401 Unauthorized", b"who?", WWW_Authenticate='Basic realm="cam"')

    async def main() -> None:
        async with Server(answer) as server, camera(name, server.url, login="cam") as driver:
            frame = await (driver.take(0.0) if name == "http_snapshot" else anext(driver.frames()))
            assert frame.width == 64

    asyncio.run(main())
    assert asked[0] == ""
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize("challenge", ['Basic realm="cam"', 'Digest realm="cam", nonce="n", qop="auth"', "Bearer"])
def test_a_login_that_is_refused_waits_for_a_person_and_is_not_repeated(challenge: str) -> None:
    asked: list[Request] = []

    async def answer(request: Request) -> None:
        asked.append(request)
        await request.answer("401 Unauthorized", WWW_Authenticate=challenge)

    error = fault_of(answer, login="cam")
    assert isinstance(error, PermanentFault)
    assert "correct the credential that `login` names" in str(error)
    assert "s3cret" not in str(error)
    assert len(asked) <= 2


def test_a_password_that_digest_did_not_open_with_is_not_told_in_the_clear_after_it() -> None:
    asked: list[str] = []

    async def answer(request: Request) -> None:
        asked.append(request.headers.get("authorization", ""))
        challenges = 'Digest realm="cam", nonce="n", qop="auth"\r\nWWW-Authenticate: Basic realm="cam"'
        await request.answer("401 Unauthorized", WWW_Authenticate=challenges)

    assert isinstance(fault_of(answer, login="cam"), PermanentFault)
    assert [said.partition(" ")[0] for said in asked] == ["", "Digest"]


# -- a still for an instant ------------------------------------------------------------------------------------------


def test_a_snapshot_camera_is_asked_for_no_picture_before_one_is_wanted() -> None:
    async def answer(request: Request) -> None:
        await request.snapshot(picture(1))

    async def main() -> None:
        async with Server(answer) as server, camera("http_snapshot", server.url) as driver:
            watching = asyncio.create_task(driver.watch())
            await asyncio.sleep(http_snapshot.LOOK_EVERY_S * 2)
            assert server.requests == []
            asked = time.monotonic()
            frame = await driver.take(asked)
            assert asked <= frame.instant <= time.monotonic()
            assert len(server.requests) == 1
            watching.cancel()
            await asyncio.wait({watching})

    asyncio.run(main())


def test_a_snapshot_that_was_given_before_is_the_picture_of_then() -> None:
    async def answer(request: Request) -> None:
        await request.snapshot(picture(1))

    async def main() -> None:
        async with Server(answer) as server, camera("http_snapshot", server.url) as driver:
            first, second = [await driver.take(time.monotonic()) for _ in range(2)]
            assert second == first

    asyncio.run(main())


def test_a_snapshot_that_cannot_be_had_is_the_loss_of_its_camera() -> None:
    async def answer(request: Request) -> None:
        await request.answer("503 Busy")

    async def main() -> None:
        async with Server(answer) as server, camera("http_snapshot", server.url) as driver:
            watching = asyncio.create_task(driver.watch())
            with pytest.raises(TransientFault, match="it answers 503"):
                await driver.take(time.monotonic())
            with pytest.raises(TransientFault, match="it answers 503"):
                await watching

    asyncio.run(main())


# -- the config ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "ftp://192.168.1.30/",
        "192.168.1.30:8080/video",
        "http://",
        "http://192.168.1.30:99999/",
        "http://192.168.1.30/a b",
        "http://192.168.1.30/#top",
        "http://admin:hunter2@192.168.1.30/",
        "http://192.168.1.30/snapshot.cgi?usr=admin&pwd=hunter2",
        "http://192.168.1.30/snapshot.cgi?Password=hunter2",
    ],
)
@pytest.mark.parametrize("name", ["http", "http_snapshot"])
def test_a_url_that_cannot_be_is_refused(name: str, url: str) -> None:
    with pytest.raises(ValueError, match=r"url"):
        registry.load("cameras", name).Config.model_validate({"url": url})


@pytest.mark.parametrize("url", ["http://[fe80::1]:8080/video", "HTTPS://cam.lan/stream?channel=1&subtype=0"])
def test_a_url_may_be_of_any_host_and_ask_for_a_channel(url: str) -> None:
    assert registry.load("cameras", "http").Config.model_validate({"url": url}).url == url


def test_an_error_leaves_out_what_is_behind_the_question_mark() -> None:
    async def answer(request: Request) -> None:
        await request.answer("404 Not Found")

    async def main() -> str:
        async with Server(answer) as server:
            with pytest.raises(PermanentFault) as raised:
                async with camera("http", f"{server.url}?place=home"):
                    """Never open."""
        return str(raised.value)

    assert "home" not in asyncio.run(main())
