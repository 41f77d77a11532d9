"""The error that a server's words describe, in whichever of the many shapes they come. What it means: `errors`.

| shape | whose |
| --- | --- |
| `{"error": {"message", "type", "code"}}` | OpenAI, DashScope, most others; `status` beside `code`: Google |
| `[{"error": {…}}]` | Google |
| `{"error": "Name", "message": …}`, `{"error": "Words"}` | Node.js frameworks; Ollama, TGI |
| `{"object": "error", "message": …, "code": …}` | vLLM, SGLang, Mistral |
| `{"type": "error", "error": {…}}` | Anthropic |
| `{"code": …, "message": …}`, `msg` for `message` | DashScope's own API, Spark, gateways of many houses |
| `{"error_code": …, "error_msg": …}` | Baidu |
| `{"base_resp": {"status_code", "status_msg"}}` | MiniMax |
| `{"ResponseMetadata": {"Error": {"Code", "Message"}}}` | Volcengine |
| `{"detail": …}`, a list of mistakes in it | FastAPI |
| `{"errors": [{"code", "message"}]}`, `{"fault": {"faultstring"}}` | Cloudflare; Apigee |
| a bare string, plain text, a web page | proxies |
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from glassd.model.lenient_json import NotJsonError, mended, text_of, values


class ServerError(msgspec.Struct, frozen=True):
    """An error in the server's own words; `status` is an HTTP status that stands among them."""

    message: str = ""
    type: str | None = None
    code: str | None = None
    status: int | None = None


def decode_error(payload: bytes) -> ServerError:
    """Return the error that a whole body or event is: JSON, plain text, or a web page, of which its title is taken."""
    try:
        value = values(payload)[0]
    except NotJsonError:
        text = payload[:_PAGE_LIMIT_BYTES].decode("utf-8", "replace").strip()
        title = _PAGE_TITLE.search(text) if text.startswith("<") else None
        value = title[1].strip() if title else text[:_MESSAGE_LIMIT_CHARS]
    error = server_error(value)
    return error if error not in (None, ServerError()) else ServerError(_words(value) if value else "")


def server_error(value: Any) -> ServerError | None:
    """Return the error that a JSON value describes, or None if it describes none."""
    fields: dict[str, Any] = {}
    for _ in range(_NESTING_LIMIT):
        if isinstance(value, list):
            value = value[0] if value else None
        if not isinstance(value, dict):
            break
        fields = {key.lower(): item for key, item in value.items()}
        keys = _INNER if any(text_of(fields.get(key)) for key in _MESSAGE) else (*_INNER, *_INNER_WHERE_NO_MESSAGE)
        inner = next((item for key in keys if (item := fields.get(key)) and isinstance(item, dict | list)), None)
        if inner is None or _is_list_of_mistakes(inner):
            break
        value = inner
    if isinstance(value, str) and value:
        return ServerError(mended(value[:_MESSAGE_LIMIT_CHARS]))
    if not isinstance(value, dict) or not value:
        return None
    name = text_of(fields.get("error"))
    kind = next((text for key in ("error_type", "error", "type", "status") if (text := text_of(fields.get(key)))), "")
    message = next((words for key in _MESSAGE if (words := _words(fields.get(key)))), "") or _words(name)
    code = next((code for key in _CODE if (code := _code(fields.get(key))) is not None), None)
    return ServerError(message, mended(kind[:_NAME_LIMIT_CHARS]) or None, code, _status(fields))


def error_within(value: dict[str, Any]) -> ServerError | None:
    """Return the error that a chunk or one of its choices carries in `error`, or None if that is empty."""
    return server_error(value) or ServerError() if _is_told(value.get("error")) else None


def flat_error(value: dict[str, Any]) -> ServerError | None:
    """Return the error that an object without choices is itself, or None: `code` may also say that all is well."""
    fields = {key.lower(): item for key, item in value.items()}
    named = any(key in fields and not isinstance(fields[key], dict) for key in _MESSAGE)
    if (
        (named and any(_is_code_of_an_error(fields.get(key)) for key in (*_CODE, *_STATUS)))
        or fields.get("object") == "error"
        or fields.get("type") == "error"
        or fields.get("success") is False
        or any(_is_told(fields.get(key)) for key in ("detail", "errors", "fault", "responsemetadata"))
    ):
        return server_error(value)
    return None


def minimax_error(status: Any) -> ServerError | None:
    """Return the error that MiniMax's `base_resp` tells, or None if it tells that all is well."""
    if not isinstance(status, dict) or not _is_code_of_an_error(status.get("status_code")):
        return None
    return ServerError(_words(status.get("status_msg")), "base_resp", _code(status["status_code"]))


_PAGE_TITLE = re.compile(r"<title[^>]*>([^<]*)", re.IGNORECASE)
_PAGE_LIMIT_BYTES = 64 * 1024
_MESSAGE_LIMIT_CHARS = 2000
_NAME_LIMIT_CHARS = 100
_NESTING_LIMIT = 4
# Keys in lower case, the first that is there counts.
_INNER = ("error", "fault", "responsemetadata")
_INNER_WHERE_NO_MESSAGE = ("errors", "detail")
_MESSAGE = ("message", "msg", "error_msg", "error_message", "errormessage", "faultstring", "detail", "title")
_CODE = ("code", "error_code", "errorcode", "err_code")
_STATUS = ("status", "status_code", "statuscode", "http_status", "raw_status_code")
_ALL_IS_WELL = ("", "0", "200", "ok", "success", "none", "null")


def _is_told(error: Any) -> bool:
    """Whether there is anything in it: some servers send an error of empty fields with every answer."""
    return any(error.values()) if isinstance(error, dict) else bool(error)


def _is_code_of_an_error(value: Any) -> bool:
    return (code := _code(value)) is not None and code.casefold() not in _ALL_IS_WELL


def _code(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return mended(str(value)[:_NAME_LIMIT_CHARS]) or None


def _status(fields: dict[str, Any]) -> int | None:
    for key in (*_STATUS, *_CODE):
        if re.fullmatch(r"[45]\d\d", text := str(fields.get(key))):
            return int(text)
    return None


def _words(value: Any) -> str:
    """Return a server's words as text: a list of FastAPI's mistakes as their `msg`s, any other JSON written out."""
    if value is None:
        return ""
    if _is_list_of_mistakes(value):
        value = "; ".join(f"{text_of(item['msg'])}{_place(item.get('loc'))}" for item in value)
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        return ""
    return mended(text[:_MESSAGE_LIMIT_CHARS])


def _is_list_of_mistakes(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) and "msg" in item for item in value)


def _place(loc: Any) -> str:
    return f" ({'.'.join(str(part) for part in loc if isinstance(part, str | int))})" if isinstance(loc, list) else ""
