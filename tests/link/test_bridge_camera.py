"""The bridge's camera, for stills and as a stream: its pictures, and what is no picture."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest
from bridges import emulated, made, opened, told

from glassd_drivers.contracts import PermanentFault, TransientFault
from glassd_drivers.link.events import PictureCame
from glassd_drivers.pictures import PictureError

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator


CLOCK_ERROR_S = 0.002
"""By how much the bridge's clock may be mapped wrongly (docs/link.md, section 8)."""


def photograph(folder: Path) -> bytes:
    return (folder / "pictures" / "rocket.jpg").read_bytes()


def test_a_still_is_the_picture_byte_for_byte_with_the_instant_of_its_exposure(tmp_path: Path) -> None:
    async def main() -> None:
        with emulated(tmp_path) as bridge:
            async with opened(made("cameras", "bridge", device=bridge.path)) as camera:
                asked = time.monotonic()
                frame = await camera.take(asked)
                assert frame.data == photograph(tmp_path)
                assert (frame.media_type, frame.width, frame.height) == ("image/jpeg", 640, 427)
                exposed = bridge.all("picture")[0]["exposed"]
                assert asked < exposed
                assert abs(frame.instant - exposed) < CLOCK_ERROR_S
                assert frame.source == "cameras"

    asyncio.run(main())


def test_size_and_quality_are_asked_for_and_the_nearest_size_is_taken(tmp_path: Path) -> None:
    async def asked(**config: Any) -> tuple[int, int, int]:
        with emulated(tmp_path, "--sizes", "1600x1200,800x600,640x427,160x120") as bridge:
            async with opened(made("cameras", "bridge", device=bridge.path, **config)) as camera:
                taking = asyncio.create_task(camera.take(time.monotonic()))
                event = await told(bridge, "camera")
                taking.cancel()
                return event["width"], event["height"], event["quality"]

    assert asyncio.run(asked()) == (0, 0, 0)
    assert asyncio.run(asked(size="640x427", quality=80)) == (640, 427, 80)
    assert asyncio.run(asked(size="1280x720")) == (800, 600, 0)


def test_of_two_asks_for_one_instant_the_second_gets_the_picture_that_is_there(tmp_path: Path) -> None:
    async def main() -> None:
        with emulated(tmp_path) as bridge:
            async with opened(made("cameras", "bridge", device=bridge.path)) as camera:
                pressed = time.monotonic()
                first = await camera.take(pressed)
                assert await camera.take(pressed) is first
                later = await camera.take(time.monotonic())
                assert later.instant > first.instant
                assert len(bridge.all("picture")) == 2

    asyncio.run(main())


def test_cancelling_tells_the_camera_and_the_next_picture_is_another_one(tmp_path: Path) -> None:
    async def main() -> None:
        with emulated(tmp_path, "--exposure", "300") as bridge:
            async with opened(made("cameras", "bridge", device=bridge.path)) as camera:
                taking = asyncio.create_task(camera.take(time.monotonic()))
                await told(bridge, "camera", mode="still")
                taking.cancel()
                await asyncio.wait([taking])
                await told(bridge, "camera", mode="off")
                again = time.monotonic()
                assert (await camera.take(again)).instant > again

    asyncio.run(main())


def test_a_camera_that_fails_says_so_and_the_bridge_is_there_all_the_same(tmp_path: Path) -> None:
    async def main() -> None:
        with emulated(tmp_path) as bridge:
            async with opened(made("cameras", "bridge", device=bridge.path)) as camera:
                bridge.order("camera fails")
                with pytest.raises(TransientFault, match="gave no picture: its camera failed"):
                    await camera.take(time.monotonic())
                bridge.order("camera works")
                assert (await camera.take(time.monotonic())).data == photograph(tmp_path)
                assert len(bridge.all("session")) == 1

    asyncio.run(main())


def test_what_is_no_jpeg_is_no_picture_and_the_bridge_is_there_all_the_same(tmp_path: Path) -> None:
    async def main() -> None:
        with emulated(tmp_path) as bridge:
            async with opened(made("cameras", "bridge", device=bridge.path)) as camera:
                bridge.order("picture 3000")
                with pytest.raises(TransientFault, match=r"gave no whole picture \(neither a JPEG nor a PNG picture\)"):
                    await camera.take(time.monotonic())
                bridge.order(f"picture {tmp_path}/pictures")
                assert (await camera.take(time.monotonic())).data == photograph(tmp_path)
                assert len(bridge.all("session")) == 1

    asyncio.run(main())


def test_a_picture_that_is_not_of_the_size_that_was_said_is_none(tmp_path: Path) -> None:
    with emulated(tmp_path):
        jpeg = photograph(tmp_path)
    camera = made("cameras", "bridge", device="/nowhere")

    assert camera.frame(PictureCame(1, jpeg, 640, 427, 0.5)).data == jpeg
    with pytest.raises(PictureError, match="said to be 4000x3000, and is 640x427"):
        camera.frame(PictureCame(1, jpeg, 4000, 3000, 0.5))


def test_an_exposure_that_the_clocks_put_into_the_future_is_of_now(tmp_path: Path) -> None:
    with emulated(tmp_path):
        jpeg = photograph(tmp_path)
    camera = made("cameras", "bridge", device="/nowhere")
    assert camera.frame(PictureCame(1, jpeg, 640, 427, time.monotonic() + 60)).instant <= time.monotonic()


# -- the stream --------------------------------------------------------------------------------------------------------


def test_a_stream_gives_each_picture_once_with_instants_that_rise_and_ends_with_its_reader(tmp_path: Path) -> None:
    async def main() -> None:
        with emulated(tmp_path) as bridge:
            async with opened(made("cameras", "bridge_stream", device=bridge.path, fps=20)) as camera:
                frames = camera.frames()
                taken = [await anext(frames) for _ in range(4)]
                assert {frame.data for frame in taken} == {photograph(tmp_path)}
                instants = [frame.instant for frame in taken]
                assert instants == sorted(set(instants))
                assert (await told(bridge, "camera"))["interval"] == 50
                await frames.aclose()
                await told(bridge, "camera", mode="off")

    asyncio.run(main())


def test_a_stream_passes_over_what_is_no_picture(tmp_path: Path) -> None:
    async def main(bridge: Emulator) -> None:
        async with opened(made("cameras", "bridge_stream", device=bridge.path, fps=30)) as camera:
            frames = camera.frames()
            await anext(frames)
            bridge.order("picture 2000")
            await told(bridge, "picture", bytes=2000)
            bridge.order("camera fails")
            await told(bridge, "no_picture")
            bridge.order("camera works")
            bridge.order(f"picture {tmp_path}/pictures")
            for _ in range(4):
                assert (await anext(frames)).data == photograph(tmp_path)
            await frames.aclose()
        assert len(bridge.all("session")) == 1

    with emulated(tmp_path) as bridge:
        asyncio.run(main(bridge))


@pytest.mark.parametrize(
    ("has", "driver", "instead"), [("stills", "bridge_stream", "bridge"), ("stream", "bridge", "bridge_stream")]
)
def test_a_camera_that_cannot_do_it_names_the_driver_that_it_can(
    tmp_path: Path, has: str, driver: str, instead: str
) -> None:
    async def main() -> None:
        with emulated(tmp_path, "--camera", has) as bridge, pytest.raises(PermanentFault) as refused:
            async with opened(made("cameras", driver, device=bridge.path)):
                pass
        assert f"the bridge's camera cannot do that: write `driver: {instead}`" in str(refused.value)

    asyncio.run(main())
