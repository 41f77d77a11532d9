"""A model server that is never what is waited for: a thread for each connection, blocking sockets, no framework.

The path says what it answers: `/stream/COUNT/RATE/v1/chat/completions` is COUNT events, RATE a second, or with RATE 0
as fast as they are taken. Each event is one HTTP chunk, as the services send them. A text may carry a stamp in front,
CLOCK_MONOTONIC nanoseconds and "|": with RATE 0 the first one, that of the reading of the request's last byte; else
each one, that of its own writing.

As a program it takes the path of a PEM file with its key and certificate, and prints its two ports: plain and TLS.
"""

from __future__ import annotations

import itertools
import re
import socket
import ssl
import sys
import threading
import time
from functools import cache

TEXT = "前面两米处有一扇玻璃门，门上写着绿色的出口，右边是一排灰色的座椅，座椅旁边站着一位穿蓝色外套的人。"
PATH = re.compile(rb"POST /stream/(\d+)/(\d+)/v1/chat/completions HTTP/1.1\r\n")
LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)\r\n")
HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream;charset=UTF-8\r\nCache-Control: no-cache\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
RECEIVE_BYTES = 256 * 1024


def characters(count: int) -> int:
    """Return how many characters the texts of a stream of `count` events have, without the stamps."""
    return sum(len(text(number)) for number in range(count))


def text(number: int) -> str:
    """Return the text of the event with this number: one to four characters."""
    start = number * 3 % (len(TEXT) - 4)
    return TEXT[start : start + 1 + number % 4]


def main() -> None:
    """Serve until killed."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(sys.argv[1])
    plain, secured = (socket.create_server(("127.0.0.1", 0), backlog=64) for _ in range(2))
    threading.Thread(target=_accept, args=(secured, tls), daemon=True).start()
    print(plain.getsockname()[1], secured.getsockname()[1], flush=True)
    _accept(plain, None)


def _accept(listener: socket.socket, tls: ssl.SSLContext | None) -> None:
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_serve, args=(connection, tls), daemon=True).start()


def _serve(connection: socket.socket, tls: ssl.SSLContext | None) -> None:
    try:
        with tls.wrap_socket(connection, server_side=True) if tls else connection as stream:
            buffer = memoryview(bytearray(RECEIVE_BYTES))
            while asked := _read_request(stream, buffer):
                _answer(stream, *asked)
    except OSError:
        return  # a client that is gone is none of a benchmark's business


def _read_request(stream: socket.socket, buffer: memoryview) -> tuple[int, int, int] | None:
    """Return count, rate and the instant (ns) at which the last byte was read; None where the client has hung up."""
    got = b""
    while b"\r\n\r\n" not in got:
        size = stream.recv_into(buffer)
        if not size:
            return None
        got += buffer[:size]
    head, _, body = got.partition(b"\r\n\r\n")
    asked, length = PATH.match(head), LENGTH.search(head + b"\r\n")
    if asked is None or length is None:
        raise ConnectionAbortedError(f"no request of a benchmark: {head!r}")
    left = int(length[1]) - len(body)
    while left > 0:
        left -= (size := stream.recv_into(buffer))
        if not size:
            return None
    return int(asked[1]), int(asked[2]), time.monotonic_ns()


def _answer(stream: socket.socket, count: int, rate: int, read: int) -> None:
    first = _event(f"{read}|{text(0)}")
    if not rate:
        stream.sendall(HEAD + first + _rest_at_once(count))
        return
    stream.sendall(HEAD)
    start = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, start + (number + 1) / rate - time.monotonic()))
        stream.sendall(_event(f"{time.monotonic_ns()}|{text(number)}"))
    stream.sendall(_end())


@cache
def _rest_at_once(count: int) -> bytes:
    return b"".join(itertools.chain((_event(text(number)) for number in range(1, count)), [_end()]))


def _event(words: str, finish: str = "null") -> bytes:
    """Return an event in the shape of DashScope's compatible mode, as an HTTP chunk."""
    return _chunk(
        f'data: {{"choices":[{{"finish_reason":{finish},"logprobs":null,"delta":{{"content":"{words}"}},"index":0}}],'
        '"object":"chat.completion.chunk","usage":null,"created":1735113344,"system_fingerprint":null,'
        '"model":"qwen-vl-plus","id":"chatcmpl-e30f5ae7-3063-93c4-90fe-beb5f900bd57"}\n\n'.encode()
    )


@cache
def _end() -> bytes:
    return _event("", '"stop"') + _chunk(b"data: [DONE]\n\n") + _chunk(b"")


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


if __name__ == "__main__":
    main()
