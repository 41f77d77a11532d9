"""The way to the model, which is opened while the daemon is ready already."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from glassd.answer import Delta, Outcome, OutcomeKind
from glassd.answering import Answering
from glassd.ask import Ask, Origin
from glassd.config.load import load
from glassd.frames.darkroom import Darkroom
from glassd.metering import Meter

if TYPE_CHECKING:
    from pathlib import Path

    from running import ModelServer


def test_an_ask_that_comes_before_the_way_to_the_model_is_open_waits_and_is_answered(
    tmp_path: Path, model: ModelServer
) -> None:
    file = tmp_path / "glassd.yaml"
    file.write_text(f"model: {{endpoints: [{{url: '{model.url}', text: some-model}}]}}", encoding="utf-8")
    config = load(file).config

    async def main() -> list[object]:
        answering = Answering(Darkroom().develop, Meter())
        events = answering.ask(Ask("1", "What time is it?", Origin.BUTTON, time.monotonic()))

        async def heard() -> list[object]:
            return [event async for event in events]

        listening = asyncio.create_task(heard())
        answering.warm()  # as the press has it, too
        await answering.change(config)
        model.answer_next("It is late.")
        try:
            return await listening
        finally:
            await answering.close()

    *_, delta, outcome = asyncio.run(main())
    assert isinstance(delta, Delta)
    assert delta.text == "It is late."
    assert isinstance(outcome, Outcome)
    assert outcome.kind is OutcomeKind.FINISHED
