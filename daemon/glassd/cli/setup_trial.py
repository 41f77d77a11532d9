"""The test picture and the test ask of `glassd setup`.

Both go through the service, so that its user, its sandbox, its key and its devices are what is tested.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import struct
import time
import zlib
from contextlib import closing
from typing import TYPE_CHECKING, Any

from glassd.answer import AskError, Outcome, OutcomeKind, Problem
from glassd.cli.ask import ERROR_LIMIT_BYTES, daemon_events, refusal
from glassd.cli.daemon_socket import REPLY_LIMIT_BYTES, DaemonError, connect, request_json
from glassd.config.fields import READER_URL
from glassd.messages import Code, lines
from glassd.setup.console import clipped
from glassd_drivers.pictures import PictureError, media_type_and_size

if TYPE_CHECKING:
    from glassd.config.schema import Config
    from glassd.messages import Language
    from glassd.setup.console import Console
    from glassd.setup.texts import Texts

CAMERA_LIMIT_S = 10.0
"""How long a camera may take after the start: it opens, sets its exposure, and is tried again once."""
LOOK_S = 0.25
WORDS_CELLS = 40
"""How much of the answer is shown."""
MODELS_WARNING = "WARNING glassd.model.client: "
"""How a line of the daemon's log begins that says what is wrong with a model."""


class Trial:
    """Tries out the running service that has this config."""

    def __init__(self, config: Config, console: Console, texts: Texts, language: Language) -> None:
        self._config = config
        self._console = console
        self._texts = texts
        self._language: Language = language
        self.saw = False
        """Whether a test picture came."""

    def run(self, question: str) -> bool:
        """Take a picture and ask a question about it; tell what came, and return whether all came as it should."""
        if self._config.camera is None:
            return self._answer(question, [])
        if self._picture():
            return self._answer(question, [])
        # What is to be said of the model does not wait for the camera.
        self._answer(question, [{"data": base64.b64encode(grey_picture()).decode()}])
        return False

    def _picture(self) -> bool:
        texts = self._texts
        try:
            self._wait_for_camera()
            began = time.monotonic()
            data = _get("/api/snapshot")
            took = time.monotonic() - began
            facts = media_type_and_size(data)
        except AskError as error:
            self._tell(texts.no_picture, error.problem)
            self._tell_camera()
            return False
        except PictureError as error:
            self._tell(texts.no_picture, Problem(Code.PICTURE_BROKEN, str(error)))
            return False
        kind = facts.media_type.removeprefix("image/").upper()
        size = f"{facts.width}x{facts.height} {kind}"
        self._console.say(texts.picture.format(size, f"{len(data) / 1024:.0f}", took))
        self.saw = True
        return True

    def _answer(self, question: str, pictures: list[dict[str, str]]) -> bool:
        texts = self._texts
        began = time.monotonic()
        try:
            outcome = _outcome({"prompt": question, "pictures": pictures})
        except AskError as error:
            self._tell(texts.no_answer, error.problem)
            self._tell_models(but=error.problem.message)
            return False
        words = clipped(" ".join(outcome.text.split()), WORDS_CELLS)
        self._console.say(texts.answer.format(time.monotonic() - began, words))
        return self._was_meant(outcome.endpoint)

    def _was_meant(self, endpoint: str) -> bool:
        """Tell whether one of the models answered, where there are any; else say why the reader had to."""
        if endpoint != READER_URL or all(one.url == READER_URL for one in self._config.model.endpoints):
            return True
        self._console.say(self._texts.stood_in)
        with contextlib.suppress(AskError):
            for trouble in _from_daemon("/api/status")["health"][:1]:
                self._tell_lines(Code(trouble["code"]))
        self._tell_models()
        return False

    def _tell_models(self, but: str = "") -> None:
        """Tell what is wrong with each model: the service has just been started, so that its log says it once."""
        with contextlib.suppress(AskError):
            for line in _from_daemon("/api/report")["log"]:
                words = line.partition(MODELS_WARNING)[2]
                if words and words != but:
                    self._console.say(f"  {words}")

    def _tell(self, what: str, problem: Problem) -> None:
        """Tell what is missing, the two lines that a wearer reads, and the detail for whoever mends it."""
        self._console.say(what)
        self._tell_lines(problem.code)
        self._console.say(f"  {problem.code}: {problem.message}")

    def _tell_lines(self, code: Code) -> None:
        for line in lines(code, self._language):
            self._console.say(f"  {line}")

    def _tell_camera(self) -> None:
        """Tell what the camera's driver says of it."""
        with contextlib.suppress(AskError):
            for device in _from_daemon("/api/status")["devices"]:
                if device["name"] == "camera" and device["error"]:
                    self._console.say(f"  {device['error']}")

    def _wait_for_camera(self) -> None:
        """Wait until the camera is ready; where it takes too long, the picture itself will say what is wrong."""
        deadline = time.monotonic() + CAMERA_LIMIT_S
        while time.monotonic() < deadline:
            if any(
                one["name"] == "camera" and one["state"] == "ready" for one in _from_daemon("/api/status")["devices"]
            ):
                return
            time.sleep(LOOK_S)


def grey_picture(side: int = 64) -> bytes:
    """Return a PNG (ISO/IEC 15948) that is grey all over, for a model to be asked about when there is no other."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">2I5B", side, side, 8, 0, 0, 0, 0)  # 8 bits of grey a pixel
    rows = (b"\x00" + b"\x80" * side) * side  # each row behind its filter: none
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _from_daemon(path: str) -> Any:
    try:
        return request_json("GET", path)
    except DaemonError as error:
        raise AskError(Problem(Code.DAEMON_DOWN, str(error))) from error


def _outcome(question: dict[str, Any]) -> Outcome:
    """Return the outcome of a finished answer; raise AskError for any other."""
    outcome: Outcome | None = None
    for event in daemon_events(question):
        if isinstance(event, Outcome):
            outcome = event
    if outcome is None:
        raise AskError(Problem(Code.CONNECTION_LOST, "the daemon broke off; see its log"))
    if outcome.kind is not OutcomeKind.FINISHED:
        raise AskError(outcome.problem or Problem(Code.MODERATED, "the model refused to answer"))
    return outcome


def _get(path: str) -> bytes:
    """Return the body of a good response; raise AskError with what the daemon says otherwise."""
    try:
        connection = connect()
    except DaemonError as error:
        raise AskError(Problem(Code.DAEMON_DOWN, str(error))) from error
    with closing(connection):
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            if response.status != http.client.OK:
                raise AskError(refusal(response.status, response.read(ERROR_LIMIT_BYTES)))
            return response.read(REPLY_LIMIT_BYTES)
        except (OSError, http.client.HTTPException) as error:
            text = f"the daemon broke off: {error or type(error).__name__}; see its log"
            raise AskError(Problem(Code.CONNECTION_LOST, text)) from error
