"""Streams that are odd, a few bytes each: what servers of many houses send beside the usual, however it is cut."""

from __future__ import annotations

import json
from typing import Any

import pytest
from test_reading import chunk, read

HI = chunk("Hi")
STOP = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
DONE = b"data: [DONE]\n\n"


def event(payload: Any) -> bytes:
    return b"data: " + (payload if isinstance(payload, bytes) else json.dumps(payload).encode()) + b"\n\n"


def said(**choice: Any) -> bytes:
    return event({"choices": [{"index": 0, **choice}]})


WHOLE = {"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}
NO_ERROR: dict[str, Any] = {"message": "", "type": "", "param": "", "code": None}
NO_ERRORS: list[Any] = [False, "", [], {}, 0, NO_ERROR]


def counted(usage: Any) -> bytes:
    return event({"choices": [], "usage": usage})


FINISHED = {"outcome": "finished", "text": "Hi", "finish_reason": "stop"}
ENDED = {"outcome": "finished", "text": "Hi", "finish_reason": None}  # by [DONE] alone
COUNTED = {**FINISHED, "usage": {"n": 1}}
REFUSED = {"outcome": "refused", "text": "Hi"}
BROKEN = {"outcome": "failed", "text": "Hi"}
CUT = {"outcome": "cut_off", "text": "Hi"}

ODD: dict[str, tuple[bytes, dict[str, Any]]] = {
    # the end
    "done in lower case": (HI + b"data: [done]\n\n", ENDED),
    "done in quotes": (HI + b'data: "[DONE]"\n\n', ENDED),
    "done among spaces": (HI + b"data:   [DONE]  \n\n", ENDED),
    "done bare": (HI + b"[DONE]\n", ENDED),
    "done bare and unfinished": (HI + b"[DONE]", ENDED),
    "done with a NUL": (HI + b"data: [DONE]\0\n\n", ENDED),
    "done named": (HI + b"event: done\ndata: [DONE]\n\n", ENDED),
    "done as its event's second line": (HI + b'data: {"usage":{"total_tokens":1}}\ndata: [DONE]\n\n', ENDED),
    "only the word": (HI + b"data: DONE\n\n", CUT),
    "done within the text": (HI + chunk("[DONE]"), {"outcome": "cut_off", "text": "Hi[DONE]"}),
    "finish in a choice of nothing else": (HI + said(finish_reason="stop"), FINISHED),
    "finish beside a delta of null": (HI + said(delta=None, finish_reason="stop"), FINISHED),
    "finish of an odd type": (HI + said(delta={}, finish_reason=7) + DONE, ENDED),
    "finish that nobody knows": (
        HI + said(delta={}, finish_reason="sensitive"),
        {"outcome": "finished", "text": "Hi", "finish_reason": "sensitive"},
    ),
    "words after the finish": (HI + STOP + chunk("!") + DONE, {**FINISHED, "text": "Hi!"}),
    "nothing after a role": (said(delta={"role": "assistant"}) + STOP, {"outcome": "failed", "finish_reason": "stop"}),
    # transport and event stream
    "CR alone": ((HI + STOP).replace(b"\n", b"\r"), FINISHED),
    "line ends of all sorts": (HI.replace(b"\n", b"\r\n") + STOP.replace(b"\n", b"\r") + DONE, FINISHED),
    "byte order mark before each event": (b"\xef\xbb\xbf" + HI + b"\xef\xbb\xbf" + STOP, FINISHED),
    "byte order mark before the JSON": (HI.replace(b"data: ", b"data: \xef\xbb\xbf") + STOP, FINISHED),
    "data within data": (HI.replace(b"data: ", b"data: data: ") + STOP, FINISHED),
    "tab for the space": (HI.replace(b"data: ", b"data:\t") + STOP, FINISHED),
    "NUL after the JSON": (HI.replace(b"\n\n", b"\0\n\n") + STOP, FINISHED),
    "NUL lines for keep-alive": (b"\0\n\n" + HI + b"\0\0\n\n" + STOP, FINISHED),
    "chunk sizes in the body": (b"2f\r\n" + HI + b"\r\n30\r\n" + STOP + b"\r\n0\r\n\r\n", FINISHED),
    "two objects on one line": (HI.rstrip() + STOP[6:], FINISHED),
    "two events on one line": (HI.rstrip() + b" " + STOP, FINISHED),
    "objects without any line": (HI[6:].strip() + STOP[6:].strip(), FINISHED),
    "a list of chunks as data": (b"data: [" + HI[6:].strip() + b"," + STOP[6:].strip() + b"]\n\n", FINISHED),
    "a list of chunks as body": (b"[" + HI[6:].strip() + b"\n,\n" + STOP[6:].strip() + b"\n]\n", FINISHED),
    "an id and a retry in each": (b"id: 1\nevent: message\nretry: 10\n" + HI + b"id: 2\n" + STOP, FINISHED),
    "pings with a name": (
        b"event: ping\ndata: {}\n\n" + HI + b'event: ping\ndata: {"type": "ping"}\n\n' + STOP,
        FINISHED,
    ),
    # payloads that are no chunk
    "a number": (event(7) + HI + STOP, FINISHED),
    "null": (event(None) + HI + STOP, FINISHED),
    "a string": (event("hello") + HI + STOP, FINISHED),
    "true": (event(True) + HI + STOP, FINISHED),
    "an empty list": (event([]) + HI + STOP, FINISHED),
    "an empty object": (event({}) + HI + STOP, FINISHED),
    "JSON and junk": (HI + b'data: {"choices":[{"index":0,"delta":{"content":"x"}}]} junk\n\n' + STOP, FINISHED),
    "half a JSON": (HI + b'data: {"choices":[{"index":0,"delta":{"content":"x"\n\n' + STOP, FINISHED),
    # payloads of odd types
    "choices that are no list": (event({"choices": {}}) + event({"choices": "x"}) + HI + STOP, FINISHED),
    "choices of null": (event({"choices": [None]}) + HI + STOP, FINISHED),
    "a delta that is no object": (said(delta=7) + said(delta=["x"]) + HI + STOP, FINISHED),
    "an index of text": (event({"choices": [{"index": "0", "delta": {"content": "Hi"}}]}) + STOP, FINISHED),
    "an index past all measure": (
        event({"choices": [{"index": 10**40, "delta": {"content": "x"}}]}) + HI + STOP,
        FINISHED,
    ),
    "a number of 5000 digits": (
        HI.replace(b'"choices"', b'"usage":{"n":' + b"9" * 5000 + b'},"choices"') + STOP,
        FINISHED,
    ),
    "NaN and Infinity": (
        HI.replace(b'{"choices"', b'{"p":NaN,"q":-Infinity,"usage":{"t":NaN,"u":1e999,"n":1},"choices"') + STOP,
        {**FINISHED, "usage": {"t": None, "u": None, "n": 1}},
    ),
    "keys twice": (
        event(b'{"choices":[{"index":1,"index":0,"delta":{"content":"x","content":"Hi"}}]}') + STOP,
        FINISHED,
    ),
    "bytes that are no UTF-8": (HI.replace(b"Hi", b"H\xffi") + STOP, {**FINISHED, "text": "H\ufffdi"}),
    "a character cut over two deltas": (
        event(b'{"choices":[{"delta":{"content":"\xe4\xbd"}}]}')
        + event(b'{"choices":[{"delta":{"content":"\xa0"}}]}')
        + STOP,
        {**FINISHED, "text": "\ufffd\ufffd"},
    ),
    "a line break bare in a string": (chunk("a").replace(b'"a"', b'"a\0b"') + STOP, {**FINISHED, "text": "a\0b"}),
    "line separators of Unicode": (
        chunk("a\u2028b\u2029c\x85d\x0be") + STOP,
        {**FINISHED, "text": "a\u2028b\u2029c\x85d\x0be"},
    ),
    # where the words are
    "the older completions' text": (
        event({"object": "text_completion", "choices": [{"index": 0, "text": "Hi", "finish_reason": None}]})
        + event({"choices": [{"index": 0, "text": "", "finish_reason": "stop"}]}),
        FINISHED,
    ),
    "parts": (said(delta={"content": [{"type": "text", "text": "H"}, {"type": "text", "text": "i"}]}) + STOP, FINISHED),
    "one part": (said(delta={"content": {"type": "text", "text": "Hi"}}) + STOP, FINISHED),
    "parts within parts": (said(delta={"content": [["H"], [["i"]]]}) + STOP, FINISHED),
    "output parts": (said(delta={"content": [{"type": "output_text", "text": "Hi"}]}) + STOP, FINISHED),
    "parts of thinking": (
        said(delta={"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]}) + HI + STOP,
        {**FINISHED, "reasoning": "hm"},
    ),
    "both names of reasoning": (
        said(delta={"reasoning": "hm", "reasoning_content": "hm", "content": None}) + HI + STOP,
        {**FINISHED, "reasoning": "hm"},
    ),
    "reasoning and text in one": (
        said(delta={"reasoning_content": "hm", "content": "Hi"}) + STOP,
        {**FINISHED, "reasoning": "hm"},
    ),
    "reasoning by its newer name, content of null": (
        said(delta={"role": "assistant", "content": "", "tool_calls": None})
        + said(delta={"reasoning": "hm", "content": None, "reasoning_details": [{"text": "hm"}]})
        + said(delta={"role": None, "content": "Hi", "reasoning": None})
        + said(delta={}, finish_reason="stop", matched_stop=151645, native_finish_reason="STOP"),
        {**FINISHED, "reasoning": "hm"},
    ),
    "a filter's results and progress before the first word": (
        event({"choices": [], "id": "", "prompt_filter_results": [{"content_filter_results": {"hate": {}}}]})
        + said(delta={"role": "assistant", "content": None}, prompt_progress={"processed": 5})
        + HI
        + said(content_filter_offsets={"check_offset": 1}, finish_reason=None)
        + event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "timings": {"predicted_ms": 3.2}})
        + DONE,
        FINISHED,
    ),
    "messages for deltas": (
        said(message={"content": "H"}) + said(message={"content": "i"}, finish_reason="stop"),
        FINISHED,
    ),
    "messages that grow": (
        said(message={"content": "H"}) + said(message={"content": "Hi"}, finish_reason="stop"),
        FINISHED,
    ),
    "the whole once more": (HI + event({"object": "chat.completion", **WHOLE}), FINISHED),
    "a whole that differs": (HI + said(message={"content": "Hello"}, finish_reason="stop"), FINISHED),
    "an empty delta beside a message": (HI + said(delta={}, message={"content": "Hi"}, finish_reason="stop"), FINISHED),
    "only another choice": (event({"choices": [{"index": 1, "delta": {"content": "x"}}]}) + HI + STOP, FINISHED),
    "tool calls of null and none": (
        said(delta={"content": "Hi", "tool_calls": None}) + said(delta={"tool_calls": []}) + STOP,
        FINISHED,
    ),
    # usage
    "an empty usage takes nothing back": (HI + STOP + counted({"n": 1}) + counted({}), COUNTED),
    "usage of null takes nothing back": (HI + STOP + counted({"n": 1}) + counted(None), COUNTED),
    "usage of an odd type": (HI + STOP + counted({"n": 1}) + counted("2"), COUNTED),
    "the last usage counts": (
        HI.replace(b'{"choices"', b'{"usage":{"n":1},"choices"') + STOP + counted({"n": 2}),
        {**FINISHED, "usage": {"n": 2}},
    ),
    # errors
    "words beside an error": (
        event({"choices": [{"delta": {"content": "Hi"}}], "error": {"message": "x"}}) + DONE,
        BROKEN,
    ),
    "words beside a choice's error": (said(delta={"content": "Hi"}, error={"message": "x"}) + DONE, BROKEN),
    "another choice's error": (HI + event({"choices": [{"index": 1, "error": {"message": "x"}}]}) + STOP, FINISHED),
    "an error after the finish": (HI + STOP + event({"error": {"message": "x"}}) + DONE, BROKEN),
    "an error after the end": (HI + DONE + event({"error": {"message": "x"}}), ENDED),
    "a list around an error": (HI + event([{"error": {"code": 503, "message": "x", "status": "UNAVAILABLE"}}]), BROKEN),
    "a body that is a list around an error": (b'[{\n  "error": {\n    "code": 429\n  }\n}\n]\n', {"outcome": "failed"}),
    "an error of text": (HI + event({"error": "Model is overloaded", "error_type": "overloaded"}), BROKEN),
    "an error of true": (HI + event({"error": True, "message": "x"}), BROKEN),
    "errors that are none": (
        b"".join(event({"choices": [{"delta": {"content": c}}], "error": e}) for c, e in (("H", {}), ("i", NO_ERROR)))
        + b"".join(event({"error": e}) for e in NO_ERRORS)
        + STOP,
        FINISHED,
    ),
    "an error event of JSON": (HI + b'event: error\ndata: {"error":{"message":"x"}}\n\n', BROKEN),
    "an error event of words": (HI + b"event: error\ndata: upstream went away\n\n", BROKEN),
    "an error event of nothing": (HI + b"event: error\ndata:\n\n", BROKEN),
    "an error event of null": (HI + b"event: error\ndata: null\n\n", BROKEN),
    "an error event of many lines": (HI + b'event: error\ndata: {"error":\ndata: {"message":"x"}}\n\n', BROKEN),
    "an error event without an end": (HI + b'event:error\ndata:{"message":"x"}', BROKEN),
    "an error field": (HI + b'error: {"code":500,"message":"x"}\n\n' + DONE, BROKEN),
    "a bare error line": (HI + b'{"error":{"message":"x"}}\n', BROKEN),
    "a flat error": (HI + event({"object": "error", "message": "x", "type": "BadRequestError", "code": 400}), BROKEN),
    "a flat error of msg": (HI + event({"code": "401", "msg": "x"}), BROKEN),
    "a flat error of Baidu": (HI + event({"error_code": 336501, "error_msg": "Rate limit"}), BROKEN),
    "a flat error of a type": (HI + event({"type": "error", "message": "x"}), BROKEN),
    "a flat error with a status": (HI + event({"statusCode": 500, "message": "x"}), BROKEN),
    "no success": (HI + event({"success": False, "errors": [{"code": 7003, "message": "x"}]}), BROKEN),
    "a flat zero": (HI + event({"code": 0, "message": "Success"}) + STOP, FINISHED),
    "Groq's own error": (HI + event({"choices": [], "x_groq": {"id": "a", "error": "over capacity"}}), BROKEN),
    "MiniMax's error beside words": (
        event({"choices": [{"delta": {"content": "Hi"}}], "base_resp": {"status_code": 1027, "status_msg": "x"}}),
        REFUSED,
    ),
    "a provider that is lost, beside the finish reason of an error": (
        HI + event({"choices": [{"delta": {"content": ""}, "finish_reason": "error"}], "error": {"code": 502}}) + DONE,
        BROKEN,
    ),
    "moderation in the middle": (HI + event({"error": {"code": "data_inspection_failed", "message": "x"}}), REFUSED),
    # whole bodies
    "one object and spaces": (b"\n \n  " + event(WHOLE)[6:] + b"\n \n", FINISHED),
    "one object, pretty": (json.dumps(WHOLE, indent=2).encode(), FINISHED),
    "one object, pretty, CRLF": (json.dumps(WHOLE, indent=1).replace("\n", "\r\n").encode(), FINISHED),
    "one object that is cut": (b'{"choices":[{"message":{"content":"Hi', {"outcome": "failed", "text": ""}),
    "a page": (b"<!DOCTYPE html>\n<html><body>{}</body></html>", {"outcome": "failed", "text": ""}),
    "nothing but line ends": (b"\r\n\r\n\n", {"outcome": "failed", "text": ""}),
}


@pytest.mark.parametrize("name", ODD)
def test_reads_what_is_odd_rightly_under_every_two_way_split(name: str) -> None:
    body, right = ODD[name]
    whole = read(body)
    assert {key: whole[key] for key in right} == right
    assert read(*(body[i : i + 1] for i in range(len(body)))) == whole
    for cut in range(1, len(body)):
        assert read(body[:cut], body[cut:]) == whole, cut
