"""A camera in the network under the whole daemon: its frames, its freezing, its loss and return, its login."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any

from http_cameras import EVERY_S, Request, Server, number_of, picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from running import Daemon, ModelServer

CONFIG = """
model: {{endpoints: [{{url: "{url}", vision: some-model}}]}}
camera: {{driver: {driver}, url: "{camera}", login: phone}}
triggers: [{{when: main press, ask: "?"}}]
"""
LOGIN = "wearer:s3cret-word"


class Phone:
    """A phone's camera app, which asks for a name and a password; its picture stands still while it is `frozen`."""

    def __init__(self) -> None:
        self.number = 0
        self.frozen = False

    async def answer(self, request: Request) -> None:
        if request.headers.get("authorization") != f"Basic {base64.b64encode(LOGIN.encode()).decode()}":
            await request.answer("401 Unauthorized", WWW_Authenticate='Basic realm="phone"')
            return
        if request.target.endswith("snapshot"):
            await request.snapshot(self.picture())
            return
        await request.begin_stream()
        while True:
            await request.part(self.picture())
            await asyncio.sleep(EVERY_S)

    def picture(self) -> bytes:
        self.number += not self.frozen
        return picture(self.number)


def state(daemon: Daemon) -> dict[str, Any]:
    (camera,) = (device for device in json.loads(daemon.get("/api/status")[1])["devices"] if device["name"] == "camera")
    return dict(camera)


def test_a_press_sends_the_frame_of_a_phone_byte_for_byte_and_a_loss_mends_itself(
    start: Callable[..., Daemon], model: ModelServer
) -> None:
    def first_life(url: str) -> Daemon:
        config = CONFIG.format(url=model.url, driver="http", camera=url)
        daemon = start(config, GLASSD_KEY_PHONE=LOGIN)
        daemon.camera_ready()
        daemon.glassd("press", "main")
        _, body = model.request()
        data = base64.b64decode(body["messages"][-1]["content"][0]["image_url"]["url"].partition(",")[2])
        assert data == picture(number_of(data))
        model.answer_next("yes")
        return daemon

    async def main() -> Daemon:
        phone = Phone()
        async with Server(phone.answer) as server:
            daemon = await asyncio.to_thread(first_life, server.url)
            with daemon.events() as events:
                await server.unplug()
                lost = await asyncio.to_thread(events.until, event="device", name="camera", state="waiting")
                assert "s3cret" not in lost["error"]
                async with Server(phone.answer, server.port):
                    await asyncio.to_thread(events.until, event="device", name="camera", state="ready")
        return daemon

    daemon = asyncio.run(main())
    assert daemon.stop() == 0
    assert not any("s3cret" in line or "Traceback" in line for line in daemon.log.all)


def test_a_camera_that_has_frozen_gives_no_picture_of_now(start: Callable[..., Daemon]) -> None:
    async def main() -> None:
        phone = Phone()
        async with Server(phone.answer) as server:
            config = CONFIG.format(url="http://127.0.0.1:9/v1", driver="http", camera=server.url)
            daemon = await asyncio.to_thread(start, config, GLASSD_KEY_PHONE=LOGIN)
            await asyncio.to_thread(daemon.camera_ready)
            with daemon.events() as events:
                phone.frozen = True
                frozen = await asyncio.to_thread(events.until, event="device", name="camera", state="waiting")
            assert "the camera has frozen" in frozen["error"]
            status, body = await asyncio.to_thread(daemon.get, "/api/snapshot")
            assert (status, json.loads(body)["error"]["code"]) == (503, "no_camera")

    asyncio.run(main())


def test_a_snapshot_that_is_the_one_of_before_is_no_picture_of_now(start: Callable[..., Daemon]) -> None:
    async def main() -> None:
        phone = Phone()
        async with Server(phone.answer) as server:
            config = CONFIG.format(
                url="http://127.0.0.1:9/v1", driver="http_snapshot, fresh: 1ms", camera=f"{server.url}/snapshot"
            )
            daemon = await asyncio.to_thread(start, config, GLASSD_KEY_PHONE=LOGIN)
            await asyncio.to_thread(daemon.camera_ready)
            status, body = await asyncio.to_thread(daemon.get, "/api/snapshot")
            assert (status, body) == (200, picture(1))
            phone.frozen = True
            status, body = await asyncio.to_thread(daemon.get, "/api/snapshot")
            assert (status, json.loads(body)["error"]["code"]) == (503, "no_picture")
            assert "before the press" in json.loads(body)["error"]["message"]

    asyncio.run(main())


def test_a_login_that_is_nowhere_is_told_with_where_to_put_it(start: Callable[..., Daemon]) -> None:
    config = CONFIG.format(url="http://127.0.0.1:9/v1", driver="http", camera="http://127.0.0.1:9/video")
    daemon = start(config)
    with daemon.events() as events:
        if state(daemon)["state"] != "failed":
            events.until(event="device", name="camera", state="failed")
    assert "there is no key named phone" in state(daemon)["error"]
