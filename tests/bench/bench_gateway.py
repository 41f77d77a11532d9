"""What the gateway adds: a paced answer through the whole daemon, beside the same answer from its upstream itself."""

from __future__ import annotations

import os
import socket
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from bench_stream import PACED_EVENTS, PACED_ROUNDS, RATE, median_delay
from measure import Ratio, by_turns
from processes import Worker, daemon, mock_model, stream_url
from worker import MODEL

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG = """
model:
  endpoints:
    - url: {upstream}
      text: {model}
gateway:
  listen: {address}
log: {{level: error}}
"""
AIM_MS = 0.3


def gateway() -> Iterator[Ratio]:
    """From the upstream's write to the app's blocking `recv`, less the same without the gateway."""
    with mock_model() as server, tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        upstream, address = stream_url(server.plain, PACED_EVENTS, RATE), _free_address()
        os.environ["GLASSD_SOCKET"] = f"{folder}/glassd.sock"
        config = Path(folder) / "glassd.yaml"
        config.write_text(CONFIG.format(upstream=upstream, model=MODEL, address=address), encoding="utf-8")
        running.enter_context(daemon(config))
        clients = (("client_socket", f"http://{address}/v1"), ("client_socket", upstream), ("client_sdk", upstream))
        workers = [running.enter_context(Worker(name, url, server.ca)) for name, url in clients]
        medians = by_turns(PACED_ROUNDS, *(lambda worker=worker: median_delay(worker) for worker in workers))
        through, direct, sdk = (1e3 * seconds for seconds in medians)
    yield Ratio("gateway, added at 100 events/s, beside the SDK's own way", through - direct, sdk, "ms", must=1)
    yield Ratio(f"gateway, likewise, beside {AIM_MS} ms", through - direct, AIM_MS, "ms", aim=1)


def _free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"
