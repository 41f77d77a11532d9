"""How a driver lets go of a device that it shares."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AsyncExitStack


async def let_go(hold: AsyncExitStack, fault: Exception | None) -> None:
    """Leave what was entered of `Context.share`; with the fault that ended the device, which is so retired.

    Who comes after gets a new one then.
    """
    if fault is None:
        await hold.aclose()
        return
    with suppress(type(fault)):  # the fault itself, handed back: it was raised where it happened
        await hold.__aexit__(type(fault), fault, fault.__traceback__)
