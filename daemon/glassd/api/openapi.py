"""The OpenAPI document of the API: `openapi.yaml`, completed with what the code says already (docs/decisions/0039).

The bodies and the parameters are those of the types that read them, the words for codes, states and marks those of
their enumerations, and what the guard and the server answer by themselves is added to each route that it concerns.
"""

from __future__ import annotations

import asyncio
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

import msgspec
import yaml
from aiohttp import web

from glassd.answer import OutcomeKind
from glassd.api.history import HistoryDelete, HistoryExport, HistoryQuery, HistoryWhose
from glassd.api.requests import AskRequest, DoRequest, NothingRequest, PressRequest
from glassd.api.settings import EndpointTest, SettingsEdit, SettingsReset, SettingsText
from glassd.api.signing_in import LogIn, PairRequest, WaitRequest
from glassd.ask import Origin
from glassd.messages.codes import Code
from glassd.scheduler.under_way import STATIONS
from glassd_drivers.contracts import DeviceState, EdgeKind, Mark, Sign

if TYPE_CHECKING:
    from enum import StrEnum

BODIES: Final[tuple[type[msgspec.Struct], ...]] = (
    AskRequest,
    DoRequest,
    EndpointTest,
    HistoryDelete,
    HistoryExport,
    HistoryWhose,
    LogIn,
    NothingRequest,
    PairRequest,
    PressRequest,
    SettingsEdit,
    SettingsReset,
    SettingsText,
    WaitRequest,
)
"""What a request's body is read as; the document names each by the name of its type."""
QUERIES: Final[tuple[type[msgspec.Struct], ...]] = (HistoryQuery, HistoryWhose)
"""What a request's query is read as."""
WORDS: Final[tuple[type[StrEnum], ...]] = (Code, DeviceState, EdgeKind, Mark, Origin, OutcomeKind, Sign)

_REF: Final = "#/components/schemas/{name}"
_ERROR: Final = {"$ref": "#/components/responses/Error"}
_METHODS: Final = ("get", "post", "put", "patch", "delete")


class OpenApi:
    """The handler of the document, which is put together when it is first asked for."""

    def __init__(self) -> None:
        self._document = b""
        self._making = asyncio.Lock()

    async def document(self, _request: web.Request) -> web.Response:
        """Return it."""
        async with self._making:
            if not self._document:
                self._document = await asyncio.to_thread(lambda: msgspec.json.encode(document()))
        return web.Response(body=self._document, content_type="application/json")


def document() -> dict[str, Any]:
    """Return the document. Reads a file, and takes a while: not for the event loop."""
    text = (resources.files("glassd.api") / "openapi.yaml").read_text("utf-8")
    made: dict[str, Any] = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  both are safe
    _, bodies = msgspec.json.schema_components(BODIES, ref_template=_REF)
    words = {kind.__name__: {"enum": [member.value for member in kind]} for kind in WORDS}
    made["components"]["schemas"] |= bodies | words | {"Station": {"enum": [*STATIONS]}}
    queries = {kind.__name__: _parameters(kind) for kind in QUERIES}
    for path in made["paths"].values():
        for method in _METHODS:
            if method in path:
                _complete(path[method], queries)
    return made


def _complete(operation: dict[str, Any], queries: dict[str, list[dict[str, Any]]]) -> None:
    """Add the parameters of its query, and what is answered before its handler is reached."""
    if query := operation.pop("x-query", ""):
        operation.setdefault("parameters", []).extend(queries[query])
    common = ["403"]  # a page of another origin, a Host of another name
    if operation.get("security") != []:
        common += ["401", "429"]
    if "requestBody" in operation:
        common += ["400", "413", "415"]
    for status in common:
        operation["responses"].setdefault(status, _ERROR)


def _parameters(kind: type[msgspec.Struct]) -> list[dict[str, Any]]:
    """Return the fields of a query as parameters."""
    _, schemas = msgspec.json.schema_components((kind,), ref_template=_REF)
    fields = schemas[kind.__name__]["properties"]
    return [{"name": name, "in": "query", "schema": schema} for name, schema in fields.items()]
