"""Stamps the keys of an input device beside the daemon, and tells this board's clock: a program for the guest.

    key_stamps.py DEVICE HOST PORT

It connects to HOST:PORT. Each line that comes from there is answered at once with `clock SECONDS`, and each key that
goes down with `key SECONDS`, as the kernel stamped it; both are CLOCK_MONOTONIC.
"""

import fcntl
import os
import select
import socket
import struct
import sys
import time

EVENT = struct.Struct("@2lHHi")  # struct input_event: seconds, microseconds, type, code, value
EVIOCSCLOCKID = 0x400445A0  # linux/input.h
EV_KEY, DOWN = 1, 1


def main(device: str, host: str, port: int) -> None:
    keys = os.open(device, os.O_RDONLY)
    fcntl.ioctl(keys, EVIOCSCLOCKID, struct.pack("=i", time.CLOCK_MONOTONIC))
    with socket.create_connection((host, port)) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            ready, _, _ = select.select([line.fileno(), keys], [], [])
            if line.fileno() in ready:
                if not line.recv(1):
                    return
                line.sendall(f"clock {time.monotonic()}\n".encode())
            if keys in ready:
                data = os.read(keys, EVENT.size * 64)
                for seconds, microseconds, kind, _, value in EVENT.iter_unpack(data):
                    if (kind, value) == (EV_KEY, DOWN):
                        line.sendall(f"key {seconds + microseconds / 1e6}\n".encode())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
