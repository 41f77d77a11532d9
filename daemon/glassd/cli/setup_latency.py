"""The measurement of `camera.latency` in `glassd setup`: the running service flashes its display before its camera."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassd.cli.daemon_socket import DaemonError, request_json
from glassd.config.load import load
from glassd.setup.document import mistakes_in
from glassd.setup.languages import texts_in
from glassd.setup.latency import duration, with_latency
from glassd.setup.present import read_present
from glassd_drivers import registry

if TYPE_CHECKING:
    from glassd.config.schema import Config
    from glassd.setup.changes import Changes
    from glassd.setup.console import Console
    from glassd.setup.places import Places
    from glassd.setup.texts import Texts


class LatencyStep:
    """Measures the latency through the running service that has this config, and writes it there; never raises."""

    def __init__(self, config: Config, console: Console, texts: Texts, places: Places) -> None:
        self._config = config
        self._console = console
        self._texts = texts
        self._places = places

    @property
    def makes_sense(self) -> bool:
        """Whether there is a display to flash, and a camera whose frames are there before they are asked for."""
        camera = self._config.camera
        if camera is None or not self._config.displays or camera.capture != "ring":
            return False
        kind: str = registry.load("cameras", camera.driver).kind
        return kind == "stream"

    def offer(self, changes: Changes) -> None:
        """Measure it, if it makes sense and the person wants to."""
        if self.makes_sense:
            self._console.say(f"\n{self._texts.hold_before_display}")
            if self._console.ask(self._texts.measure, self._texts).lower() not in ("n", "no", "否", "不"):
                self.take(changes)

    def take(self, changes: Changes) -> None:
        """Measure it and put it into the config and into force; say what came of it."""
        texts, console = self._texts, self._console
        if not self.makes_sense:
            console.say(texts.not_measured.format(texts.not_measured_why["makes_no_sense"]))
            return
        console.say(texts.measuring)
        try:
            told = request_json("POST", "/api/latency", {})
        except DaemonError as error:
            console.say(texts.not_measured.format(error))
            return
        if (seconds := told["latency_s"]) is None:
            why = texts.not_measured_why
            console.say(texts.not_measured.format(why.get(told["reason"], told["reason"])))
            return
        off = duration(told["uncertainty_s"])
        console.say(texts.measured.format(duration(seconds), off, told["flashes"]))
        comment = texts_in(self._config.language).file.latency.format(told["flashes"], off)
        self._write(changes, seconds, comment)

    def _write(self, changes: Changes, seconds: float, comment: str) -> None:
        """Put it into the config, and have the service read that; where that cannot be, say what is to be written."""
        config = self._places.config
        if (text := self._changed(seconds, comment)) is not None:
            before = config.read_bytes()
            changes.write(config, text.encode(), config.stat().st_mode & 0o777)
            camera = load(config).config.camera
            if camera is not None and duration(camera.latency) == duration(seconds):
                self._console.say(self._texts.wrote.format(config))
                self._put_into_force()
                return
            changes.write(config, before, config.stat().st_mode & 0o777)  # a file in conf.d says otherwise
        self._console.say(self._texts.latency_by_hand.format(duration(seconds), config))

    def _changed(self, seconds: float, comment: str) -> str | None:
        """Return the config's text with the latency; None where it cannot be put there."""
        present = read_present(self._places.config)
        section = present.sections.get("camera") if present else None
        if present is None or section is None or present.text.count(section) != 1:
            return None
        if (changed := with_latency(section, seconds, comment)) is None:
            return None
        text = present.text.replace(section, changed)
        return None if mistakes_in(text, self._places) else text

    def _put_into_force(self) -> None:
        try:
            request_json("POST", "/api/reload", {})
        except DaemonError as error:
            self._console.say(f"  {error}")
