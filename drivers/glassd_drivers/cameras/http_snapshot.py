"""A camera at a URL that takes a picture when it is asked for one: an ESP32-CAM's `/capture`, a phone's `/photo.jpg`.

For what should not look all the time (a battery), or takes its best pictures one by one. The picture is of the moment
after the press, by the way there and the shutter; where the server has a stream or a quick snapshot, the driver `http`
has the frame of the press itself.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from glassd_drivers.cameras.http_source import HttpSource, connect, shows_no_signal, stated_age
from glassd_drivers.contracts import CONTRACT, Context, DriverConfig, DriverError, Frame, TransientFault
from glassd_drivers.pictures import PictureError, media_type_and_size
from glassd_drivers.threads import DeviceThread

if TYPE_CHECKING:
    from glassd_drivers.cameras.http_client import HttpClient

LOOK_EVERY_S: Final = 2.0
"""How often it is looked whether the camera still takes a connection, which costs it nothing but that."""
CLOSE_LIMIT_S: Final = 0.4
"""How long a look-up that is stuck is waited for."""


class HttpSnapshotCamera:
    """A camera at a URL that takes a picture when it is asked for one."""

    contract: ClassVar[int] = CONTRACT
    Config: ClassVar[type[DriverConfig]] = HttpSource
    kind: ClassVar[Literal["still"]] = "still"

    def __init__(self, config: HttpSource, context: Context) -> None:
        self._config = config
        self._context = context
        self._thread = DeviceThread(f"{context.name} http_snapshot")
        self._client: HttpClient | None = None
        self._fault: DriverError | None = None
        self._lost = asyncio.Event()
        self._last: Frame | None = None

    async def open(self) -> None:
        """See that the camera is there; no picture is taken."""
        self._client = await connect(self._config, self._context, self._thread)
        await self._client.reach()

    async def take(self, instant: float) -> Frame:  # noqa: ARG002  it has one picture to give: that of now
        """Return the picture that the camera gives now; a failure is its loss.

        Bytes that were given before are the picture of then, with its instant.
        """
        try:
            frame = await self._ask()
        except DriverError as error:
            self._fault = error
            self._lost.set()
            raise
        if self._last is None or frame.data != self._last.data:
            self._last = frame
        return self._last

    async def watch(self) -> None:
        """Wait until a picture cannot be had or the camera takes no connection, then raise DriverError."""
        while self._fault is None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._lost.wait()
            if self._fault is None:
                await self._open_client().reach()
        raise self._fault

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()
        await self._thread.close(limit_s=CLOSE_LIMIT_S)

    async def _ask(self) -> Frame:
        client = self._open_client()
        async with client.get() as response:
            instant = self._context.clock()
            data = await client.picture(response)
            headers = {name.lower(): value for name, value in response.headers.items()}
        if shows_no_signal(headers):
            raise TransientFault(f"{client.where}: the server says that its camera is away")
        try:
            facts = media_type_and_size(data)
        except PictureError as error:
            raise TransientFault(f"{client.where}: it gave no whole picture: {error}; is `url` that of one?") from error
        return Frame(data, *facts, instant - (stated_age(headers) or 0.0), self._context.name)

    def _open_client(self) -> HttpClient:
        if self._client is None:
            raise TransientFault("not open")
        return self._client
