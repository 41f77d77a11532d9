"""A request on its way: from the frame in hand to the body, and from the call to the last byte at the server."""

from __future__ import annotations

import base64
import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import cv2
from client_loop import PICTURE, WORDS, body_of, spliced
from measure import Ratio, by_turns, photograph
from processes import Worker, mock_model, stream_url
from worker import MODEL, PROMPT

from glassd.ask import Ask, Origin
from glassd.config.model import Endpoint
from glassd.model.endpoints import targets
from glassd.model.request import body
from glassd_drivers.contracts import Frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BODY_ROUNDS = 25
BODY_REPEATS = 50
"""Of what takes microseconds, in each turn."""
CAMERA_QUALITY = 85
ROUNDS = 25
REQUESTS = (
    (100_000, 1 / 5, 1 / 9, 2.2, 1.6),
    (1_000_000, 1 / 3, None, None, 1.5),
)
"""Bytes of the picture; what must hold beside the warm SDK, its expired connection and the socket; what is aimed at."""


def frame_to_body() -> Iterator[Ratio]:
    """CPU from a 720p frame in hand, the camera's own JPEG or what the usual loop has decoded, to one `bytes`."""
    picture = photograph(1280, 720)
    jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, CAMERA_QUALITY])[1].tobytes()
    ask = Ask("bench", PROMPT, Origin.BUTTON, 0.0, (Frame(jpeg, "image/jpeg", 1280, 720, 0.0, "bench"),))
    target = targets([Endpoint(url="https://server/v1", vision=MODEL)], ask)[0]

    def usual() -> bytes:
        data_url = "data:image/jpeg;base64," + base64.b64encode(cv2.imencode(".jpg", picture)[1].tobytes()).decode()
        return body_of({**PICTURE, "image_url": {"url": data_url}}, WORDS)

    ours, dumped, limit = by_turns(
        BODY_ROUNDS,
        partial(_cpu_seconds, lambda: b"".join(body(ask, target)), BODY_REPEATS),
        partial(_cpu_seconds, usual, 1),
        partial(_cpu_seconds, lambda: spliced(jpeg), BODY_REPEATS),
    )
    yield Ratio("720p frame to body, CPU, beside encode + json.dumps", ours * 1e6, dumped * 1e6, "us", must=1 / 200)
    yield Ratio("720p frame to body, CPU, beside pybase64 + splice", ours * 1e6, limit * 1e6, "us", must=2, aim=1)


def request_to_server() -> Iterator[Ratio]:
    """From the call to the server's reading of the last byte, over TLS."""
    with mock_model() as server, ExitStack() as running:
        url = stream_url(server.tls, 1, 0)
        kinds = (["client_ours"], ["client_sdk"], ["client_sdk", "expired"], ["client_socket"], ["client_loop"])
        workers = [running.enter_context(Worker(name, url, server.ca, *more)) for name, *more in kinds]
        for size, *musts, aim in REQUESTS:
            measures = [partial(worker.do, "request", size=size) for worker in workers]
            ours, *others = (1e3 * seconds for seconds in by_turns(ROUNDS, *measures))
            name = f"request of {size // 1000} KB over TLS, beside"
            sdk, expired, limit, loop = others
            yield Ratio(f"{name} the warm SDK", ours, sdk, "ms", musts[0])
            yield Ratio(f"{name} the SDK, expired", ours, expired, "ms", musts[1])
            yield Ratio(f"{name} a blocking socket", ours, limit, "ms", musts[2], aim)
            yield Ratio(f"{name} aiohttp, spliced", ours, loop, "ms")


def _cpu_seconds(work: Callable[[], object], repeats: int) -> float:
    before = time.process_time()
    for _ in range(repeats):
        work()
    return (time.process_time() - before) / repeats
