"""Name → driver, from entry points: ours and a stranger's are found the same way, and imported only when asked for.

A package adds a driver by one line in the group of its role (`glassd.cameras`, `glassd.buttons`, `glassd.displays`),
and a display's profile by one in `glassd.profiles`. What is installed is looked up once in a process's life.
"""

from __future__ import annotations

import functools
import inspect
import sys
from importlib import metadata
from typing import TYPE_CHECKING, Any, Generic, Protocol

from msgspec import Struct

from glassd_drivers.contracts import (
    CONTRACT,
    ROLES,
    Buttons,
    Display,
    DriverConfig,
    DriverError,
    Profile,
    Role,
    StillCamera,
    StreamCamera,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


class RegistryError(DriverError):
    """Root of what can be wrong with a name; it waits for a person."""


class UnknownName(RegistryError):
    """Nothing is installed under this name. `names` are those that are, `nearest` is the likely one or None."""

    def __init__(self, what: str, name: str, names: list[str]) -> None:
        import difflib  # noqa: PLC0415  only for a mistake

        self.name = name
        self.names = names
        close = difflib.get_close_matches(name.lower(), names, n=1)
        self.nearest = close[0] if close else None
        hint = f"did you mean {self.nearest}? " if self.nearest else ""
        installed = ", ".join(names) or "none"
        super().__init__(f"no {what} is named {name!r}; {hint}installed: {installed}")


class UnknownDriver(UnknownName):
    """No driver of this role has this name."""


class UnknownProfile(UnknownName):
    """No profile has this name."""


class AmbiguousName(RegistryError):
    """Two packages claim the same name: neither is taken by chance."""


class ContractMismatch(RegistryError):
    """The driver was made for another version of the contracts."""


class BrokenDriver(RegistryError):
    """It is installed and cannot be used: its import fails (the cause is chained), or its class lacks something."""


class Description(Struct, frozen=True):
    """One installed driver, as `glassd drivers` prints it.

    `summary` is the first line of the class's docstring, `package` the distribution and its version; `contract` is
    None and `error` one line where the driver cannot be loaded.
    """

    role: Role
    name: str
    package: str
    summary: str = ""
    contract: int | None = None
    error: str = ""


def names(role: Role) -> list[str]:
    """Return the names of the installed drivers of a role, sorted; imports none of them."""
    return sorted({point.name for point in _points(role)})


def load(role: Role, name: str) -> type[Any]:
    """Return the class of the driver that `name` stands for; raise RegistryError.

    The class has been looked at: it states our contract and has all that the Protocol of its role names.
    """
    what = f"{_WORD[role]} driver"
    point = _find(role, what, name)
    driver = _import(point, what)
    if not inspect.isclass(driver):
        raise BrokenDriver(f"{_where(point, what)} is no class: {point.value}")
    contract = getattr(driver, "contract", None)
    if isinstance(contract, int) and contract != CONTRACT:
        advice = "install a newer glassd" if contract > CONTRACT else "install a newer version of its package"
        made_for = f"is made for contract {contract}, this glassd has contract {CONTRACT}"
        raise ContractMismatch(f"{_where(point, what)} {made_for}; {advice}")
    if lacks := _lacks(driver, role):
        raise BrokenDriver(f"{_where(point, what)} lacks what a driver of its role has: {', '.join(lacks)}")
    return driver


def profile_names() -> list[str]:
    """Return the names of the installed profiles, sorted; imports none of them."""
    return sorted({point.name for point in _points("profiles")})


def profile(name: str) -> Profile:
    """Return the profile that `name` stands for; raise RegistryError."""
    point = _find("profiles", "profile", name)
    found = _import(point, "profile")
    if not isinstance(found, Profile):
        raise BrokenDriver(f"{_where(point, 'profile')} is no Profile: {point.value}")
    return found


def describe() -> Iterator[Description]:
    """Yield every installed driver by role and name, each one imported as it is reached; a broken one says why."""
    for role in ROLES:
        for name in names(role):
            package = " and ".join(sorted({_package(point) for point in _points(role) if point.name == name}))
            try:
                driver = load(role, name)
            except RegistryError as error:
                yield Description(role, name, package, error=str(error))
            else:
                summary = (inspect.getdoc(driver) or "").partition("\n")[0]
                yield Description(role, name, package, summary, driver.contract)


_WORD = {"cameras": "camera", "buttons": "buttons", "displays": "display"}
_METADATA = ("contract", "Config", "kind", "profile")


def _points(group: str) -> metadata.EntryPoints:
    return _scan(tuple(sys.path))[group]


@functools.lru_cache(maxsize=1)
def _scan(_path: tuple[str, ...]) -> dict[str, metadata.EntryPoints]:
    """Look through every installed package: 18 ms here, and the check of one config asks a dozen times."""
    installed = metadata.entry_points()
    return {group: installed.select(group=f"glassd.{group}") for group in (*ROLES, "profiles")}


def _find(group: str, what: str, name: str) -> metadata.EntryPoint:
    found = {point.value: point for point in _points(group) if point.name == name}
    if not found:
        unknown = UnknownProfile if group == "profiles" else UnknownDriver
        raise unknown(what, name, sorted({point.name for point in _points(group)}))
    if len(found) > 1:
        packages = " and ".join(sorted(_package(point) for point in found.values()))
        raise AmbiguousName(f"{name!r} in glassd.{group} is claimed by {packages}; uninstall one of them")
    return next(iter(found.values()))


def _package(point: metadata.EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "of no known package"


def _where(point: metadata.EntryPoint, what: str) -> str:
    """Return what is told of an entry point: reading its package's metadata takes longer than importing our drivers."""
    return f"{what} {point.name!r} ({_package(point)})"


def _import(point: metadata.EntryPoint, what: str) -> Any:
    try:
        return point.load()
    except Exception as error:
        # A stranger's module may raise anything while it is imported.
        raise BrokenDriver(f"{_where(point, what)} cannot be imported: {_one_line(error)}") from error


def _one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def _lacks(driver: type[Any], role: Role) -> list[str]:
    """Return what is missing or of the wrong kind, each with what it should be."""
    wrong = []
    for name in sorted(_members(_protocol(driver, role))):
        member = getattr(driver, name, None)
        if name not in _METADATA and not callable(member):
            wrong.append(f"{name}()")
    if not isinstance(getattr(driver, "contract", None), int):
        wrong.append("contract (an int)")
    config = getattr(driver, "Config", None)
    if not (inspect.isclass(config) and issubclass(config, DriverConfig)):
        wrong.append("Config (a DriverConfig)")
    if role == "cameras" and getattr(driver, "kind", None) not in ("stream", "still"):
        wrong.append("kind (stream or still)")
    if role == "displays" and not isinstance(getattr(driver, "profile", None), str):
        wrong.append("profile (a profile's name)")
    return wrong


def _protocol(driver: type[Any], role: Role) -> type[Any]:
    if role == "cameras":
        return StillCamera if getattr(driver, "kind", None) == "still" else StreamCamera
    return Buttons if role == "buttons" else Display


def _members(protocol: type[Any]) -> set[str]:
    bases = [base for base in protocol.__mro__ if base not in (Protocol, Generic, object)]
    return {name for base in bases for name in vars(base) if not name.startswith("_")} | {
        name for base in bases for name in inspect.get_annotations(base)
    }
