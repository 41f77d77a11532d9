"""`glassd driver`: what others wrote is checked, tried, and put in place whole; what is refused has changed nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from handmade_wheels import camera_wheel, make_wheel

from glassd.added import store as store_module
from glassd.added.store import Package, Store
from glassd.added.wheel import Refused
from glassd.cli import main
from strangers import EXAMPLE, wheel_of

ROLES = ("buttons example", "camera example", "display example", "profile example")


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the stranger's package in tests/example_driver."""
    return wheel_of(EXAMPLE, tmp_path_factory.mktemp("example"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "lib/drivers"


@pytest.fixture
def store(folder: Path) -> Store:
    return Store(folder)


def tree_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(store: Store, *wheels: Path) -> str:
    """Return the one line that the wheels are refused with; all is as it was before."""
    folder = store._folder
    before = tree_of(folder)
    beside = sorted(path.name for path in folder.parent.iterdir()) if folder.parent.exists() else []
    with pytest.raises(Refused) as caught:
        store.add(wheels)
    assert tree_of(folder) == before
    after = sorted(path.name for path in folder.parent.iterdir()) if folder.parent.exists() else []
    assert [name for name in after if name != ".lock"] == [name for name in beside if name != ".lock"]
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_a_strangers_package_is_added_and_its_drivers_are_found(store: Store, folder: Path, example: Path) -> None:
    assert store.add([example]) == [Package("example-glasses", "0.3", ROLES)]
    assert store.packages() == [Package("example-glasses", "0.3", ROLES)]
    assert store.troubles() == []
    listed = subprocess.run(
        [sys.executable, "-m", "glassd", "drivers"],
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert listed.stdout.count("example-glasses 0.3") == 3


def test_what_is_put_there_is_for_all_to_read_and_for_one_to_write(
    store: Store, folder: Path, example: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "pycache_prefix", None)  # as at a board: beside the sources
    before = os.umask(0o022)
    try:
        store.add([example])
    finally:
        os.umask(before)
    for path in (folder.parent, folder.resolve(), *folder.resolve().rglob("*")):
        assert path.stat().st_mode & 0o022 == 0, path
        assert path.stat().st_mode & 0o044 == 0o044, path
    assert any(path.suffix == ".pyc" for path in folder.rglob("*")), "the service cannot compile it there"


def test_another_version_takes_the_place_of_the_one_before(store: Store, folder: Path, tmp_path: Path) -> None:
    old = make_wheel(
        tmp_path,
        "toy-glasses",
        "1.0",
        {"toy_glasses/__init__.py": camera_source(tmp_path), "toy_glasses/gone.py": ""},
        points="[glassd.cameras]\ntoy = toy_glasses:Camera\n",
    )
    store.add([old])
    assert (folder / "toy_glasses/gone.py").exists()
    store.add([camera_wheel(tmp_path, "toy-glasses", "2.0")])
    assert store.packages() == [Package("toy-glasses", "2.0", ("camera toy",))]
    assert not (folder / "toy_glasses/gone.py").exists()
    assert len(list(folder.parent.glob("drivers-*"))) == 1, "the one before is gone from the disk"
    store.add([old])
    assert store.packages()[0].version == "1.0"


def camera_source(tmp_path: Path) -> str:
    with zipfile.ZipFile(camera_wheel(tmp_path, "source-of-one")) as wheel:
        return wheel.read("source_of_one/__init__.py").decode()


def test_two_packages_lie_side_by_side_and_one_is_removed_by_its_name_or_its_drivers(
    store: Store, folder: Path, example: Path, tmp_path: Path
) -> None:
    store.add([example])
    store.add([camera_wheel(tmp_path, "Toy.Glasses".lower().replace(".", "-"))])
    assert [each.name for each in store.packages()] == ["example-glasses", "toy-glasses"]
    assert store.remove("toy").name == "toy-glasses"
    assert [each.name for each in store.packages()] == ["example-glasses"]
    store.remove("Example_Glasses")
    assert tree_of(folder) == {}
    with pytest.raises(Refused, match="'toy' names no package that was added; there is: nothing"):
        store.remove("toy")


def test_what_a_driver_needs_is_glassds_own_or_given_with_it(store: Store, tmp_path: Path) -> None:
    needs = camera_wheel(
        tmp_path, "toy-glasses", requires=["aiohttp>=3", "opencv-python", "tinyparts>=2; python_version>'3'"]
    )
    assert refused(store, needs).startswith("toy-glasses 1.0 needs tinyparts>=2")
    old = make_wheel(tmp_path, "tinyparts", "1.5", {"tinyparts.py": ""})
    assert refused(store, needs, old).endswith("and there is 1.5")
    new = make_wheel(tmp_path, "tinyparts", "2.1", {"tinyparts.py": ""})
    assert [each.name for each in store.add([needs, new])] == ["tinyparts", "toy-glasses"]
    assert store.packages()[0] == Package("tinyparts", "2.1", ())
    with pytest.raises(Refused, match=r"toy-glasses 1\.0 needs tinyparts"):
        store.remove("tinyparts")
    assert len(store.packages()) == 2


def test_what_only_an_extra_or_another_system_needs_is_not_asked_for(store: Store, tmp_path: Path) -> None:
    needs = ["nowhere; extra == 'more'", "nowhere; sys_platform == 'win32'"]
    assert store.add([camera_wheel(tmp_path, "toy-glasses", requires=needs)])


@pytest.mark.parametrize("requirement", ["aiohttp>=99", "glassd>=99"])
def test_a_newer_library_than_glassds_is_refused(store: Store, tmp_path: Path, requirement: str) -> None:
    line = refused(store, camera_wheel(tmp_path, "toy-glasses", requires=[requirement]))
    assert f"toy-glasses 1.0 needs {requirement}, and there is" in line


def test_a_driver_of_another_contract_is_refused_with_what_to_do(store: Store, tmp_path: Path) -> None:
    line = refused(store, camera_wheel(tmp_path, "toy-glasses", contract=99))
    assert "camera driver 'toy' (toy-glasses 1.0) is made for contract 99, this glassd has contract" in line
    assert "install a newer glassd" in line


def test_one_that_glassds_next_contract_has_broken_does_not_bar_the_way_for_others(
    store: Store, folder: Path, tmp_path: Path, example: Path
) -> None:
    store.add([camera_wheel(tmp_path, "toy-glasses")])
    source = folder / "toy_glasses/__init__.py"
    source.write_text(
        source.read_text().replace("contract = 1", "contract = 1 - 1")
    )  # as an upgrade of glassd would have it
    (trouble,) = store.troubles()
    assert "toy-glasses 1.0" in trouble
    assert "install a newer version of its package" in trouble
    assert store.add([example])
    assert store.add([camera_wheel(tmp_path, "toy-glasses", "1.1")])
    assert store.troubles() == []


def test_a_name_that_is_taken_is_refused_whoever_has_it(store: Store, tmp_path: Path) -> None:
    assert "'uvc' in glassd.cameras is claimed by" in refused(
        store, camera_wheel(tmp_path, "toy-glasses", driver="uvc")
    )
    store.add([camera_wheel(tmp_path, "toy-glasses")])
    assert "'toy' in glassd.cameras is claimed by" in refused(store, camera_wheel(tmp_path, "other-glasses"))


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import nothing_of_this_name", "cannot be imported: ModuleNotFoundError"),
        ("Camera = 1", "is no class"),
        ("class Camera: contract = 1", "lacks what a driver of its role has"),
        ("import os; os._exit(3)", "loading the drivers ends Python: status 3"),
        ("import os; os._exit(0)", "loading the drivers ends Python: status 0"),
        ("raise SystemExit('I do not like it here')", "I do not like it here"),
    ],
)
def test_a_driver_that_cannot_be_loaded_is_refused(store: Store, tmp_path: Path, source: str, why: str) -> None:
    points = "[glassd.cameras]\ntoy = toy_glasses:Camera\n"
    assert why in refused(store, make_wheel(tmp_path, "toy-glasses", "1.0", {"toy_glasses.py": source}, points=points))


def test_a_driver_that_prints_while_it_is_loaded_is_taken(store: Store, tmp_path: Path) -> None:
    source = "import os\nprint('hello')\nos.write(1, b'hello from C')\n" + camera_source(tmp_path)
    points = "[glassd.cameras]\ntoy = toy_glasses:Camera\n"
    assert store.add([make_wheel(tmp_path, "toy-glasses", "1.0", {"toy_glasses.py": source}, points=points)])


def test_what_is_no_wheel_is_refused(store: Store, tmp_path: Path) -> None:
    archive = tmp_path / "toy-glasses.tar.gz"
    archive.write_bytes(b"")
    assert refused(store, archive) == "toy-glasses.tar.gz is no wheel (NAME-VERSION-PYTHON-ABI-PLATFORM.whl)"
    text = tmp_path / "toy_glasses-1.0-py3-none-any.whl"
    assert refused(store, text) == f"{text}: No such file or directory"
    text.write_text("not a zip file")
    assert "is damaged, or no wheel: BadZipFile" in refused(store, text)


def test_a_damaged_wheel_is_refused(store: Store, tmp_path: Path) -> None:
    path = camera_wheel(tmp_path, "toy-glasses")
    path.write_bytes(path.read_bytes().replace(b"never opens", b"never OPENS"))
    assert "is damaged, or no wheel" in refused(store, path)
    path = camera_wheel(tmp_path, "toy-glasses")
    with zipfile.ZipFile(path, "a") as wheel:
        wheel.writestr("../../outside.py", "")
    assert "is damaged, or no wheel" in refused(store, path)


def test_a_wheel_whose_metadata_cannot_be_read_is_refused(store: Store, tmp_path: Path) -> None:
    assert "is damaged, or no wheel" in refused(store, camera_wheel(tmp_path, "toy-glasses", requires=["no >> such"]))
    assert "is damaged, or no wheel" in refused(store, make_wheel(tmp_path, "toy", points="not an ini file"))


def test_what_one_that_was_killed_has_left_is_cleared_away(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    store = Store(tmp_path / "link" / folder.relative_to(tmp_path))  # as on a board whose /usr/local is a link
    store.add([camera_wheel(tmp_path, "toy-glasses")])
    (folder.parent / "drivers-half").mkdir()
    (folder.parent / "drivers-half/half.py").touch()
    (folder.parent / "drivers-half.link").symlink_to("drivers-half")
    store.add([camera_wheel(tmp_path, "toy-glasses", "2.0")])
    assert store.packages() == [Package("toy-glasses", "2.0", ("camera toy",))]
    left = {".lock", "drivers", folder.readlink().name}
    assert {path.name for path in folder.parent.iterdir()} == left


def test_a_wheel_for_another_python_or_machine_is_refused(store: Store, tmp_path: Path) -> None:
    line = refused(store, make_wheel(tmp_path, "toy", tag="cp39-cp39-manylinux_2_17_riscv64"))
    assert "is made for cp39-cp39-manylinux_2_17_riscv64; this is Python 3" in line
    line = refused(store, make_wheel(tmp_path, "toy", more="Requires-Python: >=99\n"))
    assert "wants Python >=99; this is 3" in line


def test_a_wheel_without_a_driver_is_refused(store: Store, tmp_path: Path) -> None:
    plain = make_wheel(tmp_path, "plain", points="[console_scripts]\nplain = plain:main\n")
    assert "there is no driver in it (no entry point in glassd.*)" in refused(store, plain)


def test_what_glassd_has_itself_is_not_brought_again(store: Store, tmp_path: Path) -> None:
    driver = camera_wheel(tmp_path, "toy-glasses")
    assert "glassd has aiohttp" in refused(store, driver, make_wheel(tmp_path, "aiohttp", "99"))
    for module in ("yarl", "json"):
        other = make_wheel(tmp_path, "other-name", files={f"{module}/__init__.py": ""})
        assert refused(store, driver, other).endswith(f"it brings what is there already: {module}")


def test_two_packages_with_the_same_file_are_not_mixed(store: Store, tmp_path: Path) -> None:
    driver = camera_wheel(tmp_path, "toy-glasses")
    other = make_wheel(tmp_path, "other", files={"toy_glasses/__init__.py": ""})
    assert "another package has the same file" in refused(store, driver, other)
    again = shutil.copy(driver, tmp_path / "toy_glasses-1.0-1-py3-none-any.whl")
    assert "toy-glasses is there twice" in refused(store, driver, Path(again))


def test_a_folder_that_somebody_else_made_is_left_alone(store: Store, folder: Path, tmp_path: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "mine.py").touch()
    assert "is not what `glassd driver add` made" in refused(store, camera_wheel(tmp_path, "toy-glasses"))


# --- the command


def test_beside_a_glassd_from_pip_it_says_what_to_do_instead(capsys: pytest.CaptureFixture[str], example: Path) -> None:
    assert main(["driver", "add", str(example)]) == 1
    said = capsys.readouterr()
    assert "pip install WHEEL" in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


@pytest.fixture
def packaged(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """This environment, as though it were the Debian package's, with root at the keyboard."""
    monkeypatch.setattr(store_module, "folder_of_this_environment", lambda: folder)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr("glassd.cli.driver.USER", "nobody-of-this-name")
    return folder


@pytest.mark.usefixtures("packaged")
def test_the_command_tells_what_it_did(capsys: pytest.CaptureFixture[str], example: Path, tmp_path: Path) -> None:
    assert main(["driver", "add", str(example)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"added example-glasses 0.3: {', '.join(ROLES)}",
        "A glassd that runs knows of it after its next start: systemctl restart glassd",
    ]
    assert main(["driver", "list"]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[1].split() == ["example-glasses", "0.3", *", ".join(ROLES).split()]
    assert said.err == ""
    assert main(["driver", "remove", "example-glasses"]) == 0
    assert capsys.readouterr().out.startswith("removed example-glasses 0.3\n")
    assert main(["driver", "add", str(camera_wheel(tmp_path, "toy", contract=99))]) == 1
    assert capsys.readouterr().err.startswith("glassd driver: camera driver 'toy'")


@pytest.mark.usefixtures("packaged")
def test_only_root_changes_what_is_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], example: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    for command in (["add", str(example)], ["remove", "example"]):
        assert main(["driver", *command]) == 1
        assert capsys.readouterr().err == "glassd driver: drivers are root's to change: run it with sudo\n"
    assert main(["driver", "list"]) == 0
