from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from glassd_drivers import registry
from glassd_drivers.contracts import CONTRACT, DriverError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WHOLE = f'''
from glassd_drivers.contracts import DriverConfig

class Whole:
    """Cameras of a stranger.

    More than one line.
    """

    contract = {CONTRACT}
    Config = DriverConfig
    kind = "stream"
    profile = "narrow"

    def open(self): ...
    def close(self): ...
    def frames(self): ...
    def edges(self): ...
    def fit(self, profile): ...
    def show(self, screen): ...
    def watch(self): ...

class Still(Whole):
    kind = "still"

class Later(Whole):
    contract = {CONTRACT + 1}
    Config = None

class Bare:
    contract = {CONTRACT}

class NoText(Whole):
    """"""

def function(): ...
'''


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Install a package of a stranger: its entry points, and the text of its one module."""

    def put(entry_points: str, module: str = WHOLE, package: str = "strange") -> None:
        site = tmp_path / package
        info = site / f"{package}-2.5.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 2.5\n")
        (info / "entry_points.txt").write_text(entry_points)
        (site / f"{package}_module.py").write_text(module)
        monkeypatch.syspath_prepend(site)
        monkeypatch.delitem(sys.modules, f"{package}_module", raising=False)

    return put


def test_a_strangers_driver_is_found_beside_ours(install: Callable[..., None]) -> None:
    install("[glassd.cameras]\nodd = strange_module:Whole\n[glassd.displays]\nodd = strange_module:Whole\n")
    assert {"clip", "odd"} <= set(registry.names("cameras"))
    assert "odd" not in registry.names("buttons")
    assert registry.load("cameras", "odd").__name__ == "Whole"
    assert registry.load("displays", "odd").__name__ == "Whole"


def test_names_are_told_without_importing(install: Callable[..., None]) -> None:
    install("[glassd.cameras]\nodd = strange_module:Whole\n", "raise SystemExit('imported')")
    assert "odd" in registry.names("cameras")
    assert "strange_module" not in sys.modules


def test_an_unknown_name_tells_the_nearest_and_all() -> None:
    with pytest.raises(
        registry.UnknownDriver, match=r"no camera driver is named 'Clipp'; did you mean clip\?"
    ) as raised:
        registry.load("cameras", "Clipp")
    assert raised.value.nearest == "clip"
    assert raised.value.names == registry.names("cameras")
    with pytest.raises(registry.UnknownDriver) as raised:
        registry.load("cameras", "§")
    assert raised.value.nearest is None
    assert "clip" in str(raised.value)


def test_a_driver_for_another_contract_is_refused_by_name(install: Callable[..., None]) -> None:
    install("[glassd.cameras]\nodd = strange_module:Later\n")
    with pytest.raises(registry.ContractMismatch) as raised:
        registry.load("cameras", "odd")
    for word in ("'odd'", "strange 2.5", f"contract {CONTRACT + 1}", f"contract {CONTRACT};"):
        assert word in str(raised.value)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("import no_such_library", ModuleNotFoundError),
        ("1 / 0", ZeroDivisionError),
        ("def broken(:", SyntaxError),
        ("", AttributeError),
    ],
)
def test_an_import_that_fails_is_told_with_its_cause(
    install: Callable[..., None], text: str, cause: type[Exception]
) -> None:
    install("[glassd.buttons]\nodd = strange_module:Whole\n", text)
    with pytest.raises(registry.BrokenDriver, match=cause.__name__) as raised:
        registry.load("buttons", "odd")
    assert isinstance(raised.value.__cause__, cause)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("role", "name", "lacks"),
    [
        ("cameras", "Bare", ["open()", "close()", "frames()", "Config", "kind"]),
        ("buttons", "Bare", ["open()", "close()", "edges()", "Config"]),
        ("displays", "Bare", ["open()", "close()", "fit()", "show()", "watch()", "Config", "profile"]),
        ("cameras", "Still", ["take()"]),
        ("cameras", "function", ["no class"]),
    ],
)
def test_a_class_that_is_no_driver_of_its_role_is_refused_with_what_it_lacks(
    install: Callable[..., None], role: str, name: str, lacks: list[str]
) -> None:
    install(f"[glassd.{role}]\nodd = strange_module:{name}\n")
    with pytest.raises(registry.BrokenDriver) as raised:
        registry.load(role, "odd")  # type: ignore[arg-type]  # a role by its text
    assert all(word in str(raised.value) for word in lacks)


def test_a_name_that_two_packages_claim_is_taken_from_neither(install: Callable[..., None]) -> None:
    install("[glassd.cameras]\nodd = strange_module:Whole\n")
    install("[glassd.cameras]\nodd = other_module:Whole\n", package="other")
    with pytest.raises(registry.AmbiguousName, match=r"other 2\.5 and strange 2\.5"):
        registry.load("cameras", "odd")


def test_a_profile_is_found_by_name(install: Callable[..., None]) -> None:
    install(
        "[glassd.profiles]\nnarrow = strange_module:NARROW\nwrong = strange_module:Profile\n",
        "from glassd_drivers.contracts import Profile\nNARROW = Profile('narrow', 12, 3, 0.5)\n",
    )
    assert {"narrow", "glass3"} <= set(registry.profile_names())
    assert registry.profile("narrow").columns == 12
    with pytest.raises(registry.UnknownProfile, match="did you mean narrow"):
        registry.profile("narow")
    with pytest.raises(registry.BrokenDriver, match="'wrong'"):
        registry.profile("wrong")


def test_drivers_are_described_and_a_broken_one_says_why(install: Callable[..., None]) -> None:
    install(
        "[glassd.cameras]\nodd = strange_module:Whole\nlater = strange_module:Later\nmute = strange_module:NoText\n"
        "[glassd.buttons]\nlost = no_module:Whole\n"
    )
    described = {(each.role, each.name): each for each in registry.describe()}
    assert described["cameras", "odd"] == registry.Description(
        "cameras", "odd", "strange 2.5", "Cameras of a stranger.", CONTRACT
    )
    assert described["cameras", "mute"].summary == ""
    assert described["cameras", "later"].contract is None
    assert "contract" in described["cameras", "later"].error
    assert "no_module" in described["buttons", "lost"].error
    assert described["cameras", "clip"].summary.startswith("A recording")
    assert list(described) == sorted(
        described, key=lambda key: (("cameras", "buttons", "displays").index(key[0]), key[1])
    )


def test_all_of_it_is_one_family_of_errors() -> None:
    for error in (registry.UnknownName, registry.AmbiguousName, registry.ContractMismatch, registry.BrokenDriver):
        assert issubclass(error, registry.RegistryError)
    assert issubclass(registry.RegistryError, DriverError)
