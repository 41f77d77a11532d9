"""Which options of a driver may be changed over the network, by whoever may change the daemon's settings there.

None may that its driver does not mark: an option can name a program to run, a file to write or an address to send to,
and only the driver's author knows whether it does.
"""

from __future__ import annotations

from typing import Final


class Settable:
    """Marks an option whose every value is harmless: `fps: Annotated[int, SETTABLE] = Field(15, ge=1, le=240)`."""


SETTABLE: Final = Settable()
"""The mark. What bears it names no program, file, device, URL, address or credential, whatever its value."""
