"""Where browsers find the board."""

from __future__ import annotations

import contextlib
import fcntl
import ipaddress
import socket
import struct
from typing import TYPE_CHECKING, Final

from glassd.callers import host_and_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glassd.config.schema import Api

_SIOCGIFADDR: Final = 0x8915  # netdevice(7)
_IFREQ_BYTES, _ADDRESS_AT = (
    40,
    20,
)  # struct ifreq: a name of 16 bytes, a sockaddr_in with its address at 4
_SOMEWHERE: Final = ("192.0.2.1", 9)  # RFC 5737: for documentation; nothing is sent there


def url_of(api: Api, port: int) -> str:
    """Return scheme, host and port of the board as a browser is to call it: a name where it has one."""
    host, _ = host_and_port(api.listen or "localhost:0")
    try:
        listening = ipaddress.ip_address(host)
        if listening.is_loopback:
            host = "localhost"  # which browsers trust with the camera, without HTTPS too
        elif api.hosts:
            host = api.hosts[0]
        elif listening.is_unspecified:
            host = _own_address()
    except ValueError:
        """It is a name already."""
    return f"{'https' if api.tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


def addresses_of_board() -> Iterator[str]:
    """Yield the IPv4 address of each interface; those of IPv6 come and go too often for anybody to call them."""
    try:
        interfaces = socket.if_nameindex()
    except OSError:  # a sandbox without netlink(7)
        return
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _, interface in interfaces:
            with contextlib.suppress(OSError):  # one without an address
                request = struct.pack(f"{_IFREQ_BYTES}s", interface.encode()[:15])
                found = fcntl.ioctl(asking, _SIOCGIFADDR, request)
                yield socket.inet_ntoa(found[_ADDRESS_AT : _ADDRESS_AT + 4])


def _own_address() -> str:
    """Return the address that the board's packets go out from; else that of any interface."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(_SOMEWHERE)
            return str(asking.getsockname()[0])
        except OSError:  # no way out
            beyond = (address for address in addresses_of_board() if not ipaddress.ip_address(address).is_loopback)
            return next(beyond, "localhost")
