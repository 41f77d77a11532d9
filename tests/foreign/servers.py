"""Model servers that others wrote, as the processes they are, on a port that they keep when they come back."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import urllib.request
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from asking import ask, client, gather, model
from running import LIMIT_S, PYTHON, Lines

from glassd.answer import Delta, Outcome
from glassd.ask import sent_frame
from paths import TREE

if TYPE_CHECKING:
    from glassd.answer import AnswerEvent
    from glassd.ask import Picture
    from glassd.model.client import Client

PLACE = TREE / "build/foreign"
HERE = Path(__file__).parent
START_S = 100.0
"""Real seconds until a server listens, at most: LiteLLM imports for 7 s, on a busy machine for 30."""
TEST_S = 240
"""Real seconds that a test may take which starts LiteLLM, perhaps twice."""
KEY = "key-of-the-tests"
MASTER_KEY = "sk-key-of-the-tests"
"""LiteLLM wants its keys to begin so."""
SENTENCE = "一二三四五六七八九十"
"""What both answer where nothing else is asked for."""


def photograph() -> bytes:
    """Return a JPEG of some 30 KB, of noise: what aimock's journal keeps of a body ends at 64 KB."""
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    return cv2.imencode(".jpg", noise)[1].tobytes()


JPEG = photograph()
PICTURE = sent_frame(JPEG, 0.0, "camera")


class Server:
    """A process that serves chat completions, and can be killed and started again."""

    def __init__(self, command: list[str | Path], environment: dict[str, str], folder: Path) -> None:
        """Make ready. `command` lacks only the number behind its last word, `--port`; `folder` is its home."""
        assert (PLACE / "made-from").exists(), f"{PLACE} is not there or not whole: run `make foreign`"
        folder.mkdir()
        self._command = [str(PLACE / "bin" / command[0]), *map(str, command[1:])]
        self._environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8", **environment}
        self._folder = folder
        self._port = 0
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    def start(self) -> None:
        """See to it that it listens, from the second time on at the port of the first."""
        if self._process is not None:
            return
        self._process = subprocess.Popen(
            [*self._command, str(self._port)],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._log = Lines(self._process.stdout)
        listens = re.search(r"http://127\.0\.0\.1:(\d+)", self._log.until("http://127.0.0.1:", START_S))
        assert listens is not None
        assert self._port in (0, int(listens[1]))
        self._port = int(listens[1])

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait(LIMIT_S)
        self._log.rest()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None

    close = kill


class AiMock(Server):
    """CopilotKit's aimock: answers from a file of fixtures, keeps a journal of what it was sent."""

    def __init__(self, folder: Path) -> None:
        script = PLACE / "node_modules/@copilotkit/aimock/dist/cli.js"
        command: list[str | Path] = ["node", script, "--validate-on-load", "-f", HERE / "aimock.json", "--port"]
        super().__init__(command, {"AIMOCK_API_KEYS": KEY}, folder)

    def bodies(self) -> list[dict[str, Any]]:
        """Return the bodies of the requests since the last time, oldest first."""
        bodies = [entry["body"] for entry in json.loads(self._control("GET", "journal"))]
        self._control("POST", "reset/journal")
        return bodies

    def _control(self, method: str, path: str) -> bytes:
        url = self.url.removesuffix("v1") + "__aimock/" + path
        request = urllib.request.Request(url, method=method, headers={"Authorization": f"Bearer {KEY}"})
        with urllib.request.urlopen(request, timeout=LIMIT_S) as response:
            data: bytes = response.read()
        return data


class LiteLlm(Server):
    """BerriAI's LiteLLM proxy: models that it mocks itself, and one that it relays to another server."""

    def __init__(self, folder: Path, upstream: str) -> None:
        command: list[str | Path] = ["litellm", "--config", HERE / "litellm.yaml", "--host", "127.0.0.1", "--port"]
        environment = {
            "AIMOCK_URL": upstream,
            "AIMOCK_KEY": KEY,
            "LITELLM_MASTER_KEY": MASTER_KEY,
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it fetches a list of prices
        }
        super().__init__(command, environment, folder)


def key_of_tests(name: str) -> str:
    """Return the key of a server by its name; any other name has a wrong one."""
    return {"aimock": KEY, "litellm": MASTER_KEY}.get(name, "wrong")


def client_of(*endpoints: dict[str, Any]) -> Client:
    """Return a client that knows the keys, bears with slow machines, and asks again without a pause."""
    return client(model(*endpoints, first=LIMIT_S, gap=LIMIT_S), find_key=key_of_tests, jitter=lambda _: 0.0)


def texts(told: list[AnswerEvent]) -> list[str]:
    return [event.text for event in told if isinstance(event, Delta)]


async def answer(opened: Client, prompt: str, *pictures: Picture) -> Outcome:
    """Return how one ask ends."""
    outcome = (await gather(opened, ask(prompt, *pictures)))[-1]
    assert isinstance(outcome, Outcome)
    return outcome


def outcome_of_prompt(endpoint: dict[str, Any], prompt: str, *pictures: Picture) -> Outcome:
    """Return how one ask ends, by a client of its own."""

    async def main() -> Outcome:
        async with client_of(endpoint) as opened:
            return await answer(opened, prompt, *pictures)

    return asyncio.run(main())


def command(folder: Path, url: str, key: str) -> list[dict[str, Any]]:
    """Return the lines of `glassd ask --direct --json` about the picture, with a config that names the server."""
    config = folder / "glassd.yaml"
    config.write_text(f"model:\n  endpoints:\n    - {{url: '{url}', key: tests, vision: mock}}\n")
    picture = folder / "picture.jpg"
    picture.write_bytes(JPEG)
    done = subprocess.run(
        [*PYTHON, "-m", "glassd", "ask", "-c", config, "--direct", "--json", "--image", picture, "看这个"],
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "GLASSD_KEY_TESTS": key},
        capture_output=True,
        timeout=2 * LIMIT_S,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return [json.loads(line) for line in done.stdout.splitlines()]


async def until_killed(server: Server, opened: Client, prompt: str, *pictures: Picture) -> Outcome:
    """Ask, kill the server behind the third delta, and return the outcome, whose text is all that had come."""
    told = []
    async with asyncio.timeout(LIMIT_S), aclosing(opened.ask(ask(prompt, *pictures))) as events:
        async for event in events:
            told.append(event)
            if len(texts(told)) == 3:
                server.kill()
    outcome = told[-1]
    assert isinstance(outcome, Outcome)
    assert outcome.text == "".join(texts(told))
    assert len(texts(told)) >= 3
    return outcome
