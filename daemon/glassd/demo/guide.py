"""The newcomer's guide through the demo: makes the first press, and prints the time line of every ask."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from glassd.answer import AskError
from glassd.timeline import time_line

if TYPE_CHECKING:
    from glassd.app import App
    from glassd.events import Subscription

CAMERA_LIMIT_S = 10.0
"""How long the first press waits for the camera."""


class Guide:
    """Says where the page is, presses the button once for the newcomer, and prints the time line of every ask."""

    def __init__(self, *, once: bool) -> None:
        self.finished = False
        """Whether the newest ask was answered to its end."""
        self._once = once

    async def __call__(self, app: App) -> None:
        """Guide through a daemon that is ready; end after the first answer where `once` says so."""
        if app.page_url is not None:
            print(f"The same in a browser: {app.page_url}/", flush=True)  # noqa: T201  the guide speaks in the terminal
        with app.bus.subscribe() as events:
            await _camera_ready(app, events)
            with contextlib.suppress(AskError):  # the wearer will see it
                await app.snapshot()
            app.press("main", "press")
            async for event in events:
                if event["event"] != "ask":
                    continue
                await app.shown()
                self.finished = event["outcome"] == "finished"
                print("", *time_line(event), sep="\n", flush=True)  # noqa: T201  the guide speaks in the terminal
                if self._once:
                    return
                print("Enter asks again, l cancels, b clears, Ctrl-C ends.", flush=True)  # noqa: T201  the guide speaks in the terminal


async def _camera_ready(app: App, events: Subscription) -> None:
    """Wait until the camera is open, bounded: a press without one shows what the wearer would see."""
    ready = any(device["name"] == "camera" and device["state"] == "ready" for device in app.status()["devices"])
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0 if ready else CAMERA_LIMIT_S):
            async for event in events:
                if event["event"] == "device" and (event["name"], event["state"]) == ("camera", "ready"):
                    return
