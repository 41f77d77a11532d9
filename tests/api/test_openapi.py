"""The OpenAPI document beside the application: each has what the other has, and what is told is as it says."""

from __future__ import annotations

import asyncio
import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import jsonschema
import pytest
from aiohttp.test_utils import TestServer
from running import photographs

from glassd.api.door import Door
from glassd.api.openapi import document
from glassd.api.server import House, application
from glassd.api.token import Token
from glassd.messages.codes import Code
from glassd.wall import BUILT, Wall
from paths import TREE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from running import Daemon, ModelServer


class Anybody:
    """A house that is never asked for anything."""


def is_of_the_api(path: str) -> bool:
    return path.startswith("/api/") or path == "/metrics"


@cache
def described() -> dict[str, Any]:
    return document()


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in described()["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def test_each_route_of_the_api_stands_in_the_document_and_the_other_way_round() -> None:
    async def main() -> set[tuple[str, str]]:
        routes = application(cast("House", Anybody()), None).router.routes()
        return {
            (route.method, route.resource.canonical)
            for route in routes
            if route.resource is not None and route.method != "HEAD" and is_of_the_api(route.resource.canonical)
        }

    assert asyncio.run(main()) == {(method, path) for method, path, _ in operations()}


def test_each_route_has_a_name_of_its_own_a_summary_and_an_answer() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))
    tags = {tag["name"] for tag in described()["tags"]}
    for _, path, operation in operations():
        assert operation["summary"], path
        assert set(operation["tags"]) <= tags, path
        assert "200" in operation["responses"] or "101" in operation["responses"], path


def test_each_route_is_told_in_the_guide() -> None:
    guide = (TREE / "docs" / "api.md").read_text("utf-8")
    told = set(re.findall(r"`(GET|POST|DELETE) (/[\w./-]+)", guide))
    names = {"ask": "ASK", "place": "1", "name": "NAME"}
    wanted = {(method, re.sub(r"\{(\w+)\}", lambda match: names[match[1]], path)) for method, path, _ in operations()}
    assert told == wanted


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(reference := value.get("$ref"), str):
            yield reference
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def test_what_the_document_refers_to_is_there_and_each_schema_is_one() -> None:
    for reference in references(described()):
        found = described()
        for name in reference.removeprefix("#/").split("/"):
            found = found[name]
    for schema in described()["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_each_route_on_an_address_asks_for_the_token_but_those_that_say_that_they_need_none(tmp_path: Path) -> None:
    async def main() -> dict[bool, dict[str, int]]:
        door = Door(Token("t0ken"), tmp_path, lambda: Wall(BUILT + 1e6, 0.0, known=True))
        app = application(cast("House", Anybody()), door)
        found: dict[bool, dict[str, int]] = {True: {}, False: {}}
        async with TestServer(app) as server, aiohttp.ClientSession() as session:
            for method, path, operation in operations():
                place = re.sub(r"\{\w+\}", "1", path)
                bodies = [*operation.get("requestBody", {}).get("content", [])]
                headers, data = ({"Content-Type": bodies[0]}, b"{}") if bodies else ({}, None)
                async with session.request(method, server.make_url(place), data=data, headers=headers) as response:
                    found[operation.get("security") != []][f"{method} {path}"] = response.status
                    assert str(response.status) in operation["responses"]
        return found

    found = asyncio.run(main())
    assert found[False] == {"POST /api/sessions": 400, "GET /api/sessions/current": 200}
    assert set(found[True].values()) == {401}


def validator(name: str) -> jsonschema.Draft202012Validator:
    schema = {"$ref": f"#/components/schemas/{name}", "components": described()["components"]}
    return jsonschema.Draft202012Validator(schema)


CONFIG = """
model: {{endpoints: [{{url: "{url}", vision: qwen-vl-plus}}]}}
camera: {{driver: clip, path: "{pictures}", fps: 10}}
buttons: [{{driver: keyboard}}]
displays: [{{driver: terminal, profile: glass3}}, {{driver: json}}]
triggers: [{{when: main press, ask: "?"}}]
journal: {{keep: text}}
"""


def test_what_a_daemon_tells_of_an_ask_is_as_the_document_says(
    tmp_path: Path, start: Callable[..., Daemon], model: ModelServer
) -> None:
    pictures = photographs(tmp_path / "pictures", "rocket.jpg")
    daemon = start(CONFIG.format(url=model.url, pictures=pictures))
    daemon.camera_ready()
    with daemon.events() as events:
        daemon.glassd("press", "main")
        model.request()
        model.answer_next("A rocket on its pad.")
        events.until(event="ask", outcome="finished")
        daemon.glassd("press", "main")
        model.request()
        model.command("end")  # with nothing in it
        assert events.until(event="ask")["outcome"] != "finished"
    kinds = {event["event"] for event in events.all}
    assert kinds >= {"status", "screen", "edge", "asked", "delta", "ask"}
    told = validator("Event")
    for event in events.all:
        told.validate(event)
    for path, name in (("/api/status", "Status"), ("/api/history/1", "KeptAsk")):
        validator(name).validate(json.loads(daemon.get(path)[1]))


@pytest.mark.parametrize("broken", [{"event": "screen"}, {"event": "delta", "ask": "x", "text": 1}, {"event": "none"}])
def test_what_is_no_event_is_none_for_the_document(broken: dict[str, Any]) -> None:
    assert not validator("Event").is_valid(broken)


def test_the_document_is_served_and_has_the_words_of_the_code(start: Callable[..., Daemon]) -> None:
    status, body = start("model: {endpoints: [{url: reader}]}").get("/api/openapi.json")
    assert status == 200
    assert json.loads(body) == described()
    assert described()["components"]["schemas"]["Code"]["enum"] == [code.value for code in Code]
    assert described()["components"]["schemas"]["AskRequest"]["required"] == ["prompt"]
