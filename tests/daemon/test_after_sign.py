"""`capture: after_sign`: the camera looks only after the wearer was shown the sign."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from running import photographs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from running import Daemon, ModelServer

CONFIG = """
model: {{endpoints: [{{url: "{url}", vision: some-model}}]}}
camera: {{driver: clip, path: "{pictures}", capture: after_sign}}
displays: [{{driver: terminal, plain: always}}]
triggers: [{{when: main press, ask: "?"}}]
"""


def test_the_sign_is_shown_then_the_camera_opens_for_one_picture_and_closes(
    tmp_path: Path, start: Callable[..., Daemon], model: ModelServer
) -> None:
    pictures = photographs(tmp_path / "pictures", "rocket.jpg")
    daemon = start(CONFIG.format(url=model.url, pictures=pictures))
    assert json.loads(daemon.get("/api/status")[1])["devices"][0]["state"] == "closed"
    with daemon.events() as events:
        daemon.glassd("press", "main")
        _, body = model.request()
        model.say("Yes.")
        model.finish()
        events.until(event="ask")
        happened = [
            ("sign", event["camera"]) if event["event"] == "screen" else ("camera", event["state"])
            for event in events.all
            if event["event"] == "screen" or event.get("name") == "camera"
        ]
    sent = body["messages"][-1]["content"][0]["image_url"]["url"].partition("base64,")[2]
    assert base64.b64decode(sent) == (pictures / "rocket.jpg").read_bytes()
    assert happened.index(("sign", True)) < happened.index(("camera", "opening"))
    assert happened.index(("camera", "closed")) < len(happened) - happened[::-1].index(("sign", False))
    assert happened[-1] == ("sign", False)
    assert daemon.stop() == 0
