"""What `glassd check` says of pictures: budgets of tokens that nothing can use up."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

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


def no_room_for_earlier(config: Config) -> Iterator[str]:
    """Yield each endpoint at which a follow-up's picture leaves no room for an earlier one."""
    if config.follow_up is None or not config.follow_up.pictures or config.camera is None:
        return
    for number, endpoint in enumerate(config.model.endpoints):
        if endpoint.vision is None or endpoint.url == READER_URL:
            continue
        vendor = endpoint.vendor or vendor_of(endpoint.url)
        limits = limits_of(endpoint, endpoint.vision, vendor, "auto")
        try:
            sizes = _sizes(config.camera)
            tokens = min(limits.tokens, limits.tokens if sizes is None else reachable_tokens(sizes.kept, limits))
        except UnfitError:
            continue
        most = most_tokens(endpoint, endpoint.vision, vendor)
        if 2 * tokens > most:
            two = f"two pictures of {tokens} tokens are more than the {most} that model.endpoints.{number} has room for"
            yield f"follow_up.pictures: no earlier picture goes along there: {two}"


class _Sizes(NamedTuple):
    """Of a camera: what it is asked for, the same the right way up, and what is kept of that."""

    asked: Size
    upright: Size
    kept: Size


def _sizes(camera: Camera | None) -> _Sizes | None:
    size = getattr(camera.options, "size", None) if camera is not None else None
    if camera is None or not isinstance(size, Size):
        return None  # what its driver does not tell is not known before the first frame
    pose = Pose(camera.crop, camera.rotate, camera.mirror)
    turn = pose.turn(UPRIGHT)
    return _Sizes(size, turn.size_of(size), turn.size_of(pose.region(size, turn).size))


def _camera(camera: Camera | None, endpoint: Endpoint, model: str) -> str | None:
    if (sizes := _sizes(camera)) is None:
        return None
    limits = limits_of(endpoint, model, endpoint.vendor or vendor_of(endpoint.url), "auto")
    try:
        most = reachable_tokens(sizes.kept, limits)
    except UnfitError as error:
        return f"the camera gives {error}"
    part = "" if sizes.kept == sizes.upright else f"{sizes.kept} of its "
    return f"the camera's {part}{sizes.asked} pixels are {most} tokens" if most < (endpoint.image_tokens or 0) else None
