"""What `glassd check` says of pictures: budgets of tokens that nothing can use up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassd.config.fields import READER_URL
from glassd.frames.exif import UPRIGHT
from glassd.frames.sizing import UnfitError, reachable_tokens
from glassd.frames.turning import Pose
from glassd.limits import DELIMITER_TOKENS
from glassd.model.pictures import limits_of, most_tokens
from glassd.model.vendors import vendor_of
from glassd_drivers.units import Size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glassd.config.model import Endpoint
    from glassd.config.schema import Camera, Config


def unreachable_budgets(config: Config) -> Iterator[str]:
    """Yield each `image_tokens` that the endpoint's caps or the camera's size leave out of reach, and why."""
    for number, endpoint in enumerate(config.model.endpoints):
        if endpoint.image_tokens is None or endpoint.vision is None or endpoint.url == READER_URL:
            continue
        if reason := _cap(endpoint, endpoint.vision) or _camera(config.camera, endpoint, endpoint.vision):
            yield f"model.endpoints.{number}.image_tokens: {endpoint.image_tokens} cannot be reached: {reason}"


def _cap(endpoint: Endpoint, model: str) -> str | None:
    wanted = endpoint.image_tokens or 0
    vendor = endpoint.vendor or vendor_of(endpoint.url)
    if wanted > (most := most_tokens(endpoint, model, vendor)):
        return f"{model} gives a picture {most} tokens at most here"
    limits = limits_of(endpoint, model, vendor, "auto")
    if limits.pixels is not None and wanted > (most := limits.pixels // limits.patch**2 + DELIMITER_TOKENS):
        return f"image_limits.pixels leaves {most} tokens"
    if limits.side is not None and wanted > (most := (limits.side // limits.patch) ** 2 + DELIMITER_TOKENS):
        return f"image_limits.side leaves {most} tokens"
    return None


def _camera(camera: Camera | None, endpoint: Endpoint, model: str) -> str | None:
    size = getattr(camera.options, "size", None) if camera is not None else None
    if camera is None or not isinstance(size, Size):
        return None  # what its driver does not tell is not known before the first frame
    pose = Pose(camera.crop, camera.rotate, camera.mirror)
    turn = pose.turn(UPRIGHT)
    kept = turn.size_of(pose.region(size, turn).size)
    limits = limits_of(endpoint, model, endpoint.vendor or vendor_of(endpoint.url), "auto")
    try:
        most = reachable_tokens(kept, limits)
    except UnfitError as error:
        return f"the camera gives {error}"
    what = f"{size} pixels" if kept == turn.size_of(size) else f"{kept} of its {size} pixels"
    return f"the camera's {what} are {most} tokens" if most < (endpoint.image_tokens or 0) else None
