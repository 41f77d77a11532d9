"""What leaves the board of a picture, by a press and from the shell, and what the config does to it."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from stored_pictures import GPS, camera_jpeg, exif, opened, quartered, quarters_of, saved

from glassd_drivers.pictures import media_type_and_size

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from running import Daemon, ModelServer

CONFIG = """
language: en
model:
  endpoints:
    - {{url: "{url}", vision: qwen-vl-plus, vendor: dashscope {endpoint}}}
camera: {{driver: clip, path: "{pictures}", fps: 10 {camera}}}
buttons: [{{driver: keyboard}}]
triggers:
  - {{when: main press, ask: "What is this?"}}
  - {{when: up press, ask: "Read it to me.", detail: text}}
  - {{when: down press, ask: "Where am I?", detail: scene}}
"""


class Glasses:
    """A daemon whose camera sees one picture, and the model server that it asks."""

    def __init__(self, start: Callable[..., Daemon], model: ModelServer, folder: Path, picture: bytes) -> None:
        self._start = start
        self._model = model
        self._pictures = folder / "pictures"
        self._pictures.mkdir()
        (self._pictures / "view.jpg").write_bytes(picture)
        self.daemon: Daemon

    def run(self, endpoint: str = "", camera: str = "") -> None:
        config = CONFIG.format(url=self._model.url, pictures=self._pictures, endpoint=endpoint, camera=camera)
        self.daemon = self._start(config)
        self.daemon.camera_ready()

    def press(self, button: str = "main") -> tuple[bytes, dict[str, Any]]:
        """Return the picture that a press sends, and the whole body."""
        with self.daemon.events() as events:
            self._model.answer_next("Yes.")
            self.daemon.glassd("press", button)
            _, body = self._model.request()
            assert events.until(event="ask")["outcome"] == "finished"
        return picture_of(body), body


def picture_of(body: dict[str, Any]) -> bytes:
    url = body["messages"][-1]["content"][0]["image_url"]["url"]
    return base64.b64decode(url.partition("base64,")[2], validate=True)


def size_of(picture: bytes) -> tuple[int, int]:
    _, width, height = media_type_and_size(picture)
    return width, height


def test_a_press_sends_what_its_detail_wants_and_the_cameras_own_bytes_where_these_fit(
    tmp_path: Path, start: Callable[..., Daemon], model: ModelServer
) -> None:
    camera = camera_jpeg(1920, 1080)
    glasses = Glasses(start, model, tmp_path, camera)
    glasses.run()
    picture, body = glasses.press("main")
    assert size_of(picture) == (1472, 832)
    assert "vl_high_resolution_images" not in body
    picture, body = glasses.press("up")
    assert picture == camera
    assert body["vl_high_resolution_images"] is True
    picture, body = glasses.press("down")
    assert size_of(picture) == (960, 544)
    assert "vl_high_resolution_images" not in body


def test_a_camera_that_sits_askew_is_sent_and_shown_the_right_way_up(
    tmp_path: Path, start: Callable[..., Daemon], model: ModelServer
) -> None:
    picture = quartered(640, 480)
    glasses = Glasses(start, model, tmp_path, saved(picture, quality=90))
    glasses.run(camera=", rotate: 90, mirror: true, crop: 240x320")
    sent, _ = glasses.press()
    wanted = quarters_of(np.fliplr(np.rot90(picture, -1)))
    assert quarters_of(opened(sent)) == wanted
    assert size_of(sent) == (240, 320)
    glasses.daemon.glassd("snap", "-o", str(tmp_path / "snap.jpg"))
    shown = (tmp_path / "snap.jpg").read_bytes()
    assert quarters_of(opened(shown)) == wanted
    assert size_of(shown) == (240, 320)
    with glasses.daemon.stream("/api/live") as response:
        boundary, kind, length, _ = [response.readline().decode().strip() for _ in range(4)]
        live = response.read(int(length.removeprefix("Content-Length: ")))
    assert (boundary, kind) == ("--glassd-frame", "Content-Type: image/jpeg")
    assert live == shown


def test_nothing_of_a_phones_metadata_leaves_the_board(
    tmp_path: Path, start: Callable[..., Daemon], model: ModelServer
) -> None:
    phone = saved(quartered(640, 480), exif=exif(6), comment="home")
    (tmp_path / "phone.jpg").write_bytes(phone)
    glasses = Glasses(start, model, tmp_path, saved(quartered(640, 480), exif=exif(1)))
    glasses.run()
    glasses.daemon.glassd("snap", "-o", str(tmp_path / "snap.jpg"))
    assert GPS not in (tmp_path / "snap.jpg").read_bytes()
    model.answer_next("Yes.")
    glasses.daemon.glassd("ask", "--image", str(tmp_path / "phone.jpg"), "--detail", "scene", "What is this?")
    _, body = model.request()
    sent = picture_of(body)
    assert GPS in phone
    assert GPS not in sent
    assert b"home" not in sent
    assert quarters_of(opened(sent)) == (2, 0, 3, 1)
    assert size_of(sent) == (480, 640)


@pytest.mark.parametrize(
    ("endpoint", "size"),
    [(", image_tokens: 300", (719, 404)), (", image_limits: {side: 640}", (640, 360))],
)
def test_an_endpoints_own_limits_are_kept(
    endpoint: str, size: tuple[int, int], tmp_path: Path, start: Callable[..., Daemon], model: ModelServer
) -> None:
    glasses = Glasses(start, model, tmp_path, camera_jpeg(1280, 720))
    glasses.run(endpoint)
    assert size_of(glasses.press()[0]) == size


def test_a_picture_that_no_model_takes_ends_the_ask_with_the_reason_and_the_camera_goes_on(
    tmp_path: Path, start: Callable[..., Daemon], model: ModelServer
) -> None:
    glasses = Glasses(start, model, tmp_path, saved(quartered(2500, 12)))
    glasses.run()
    with glasses.daemon.events() as events:
        glasses.daemon.glassd("press", "main")
        done = events.until(event="ask")
    assert (done["outcome"], done["code"]) == ("failed", "picture_shape")
    assert json.loads(glasses.daemon.get("/api/status")[1])["devices"][0]["state"] == "ready"
