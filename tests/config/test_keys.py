"""Keys come by the name of their credential, from places that nobody else can read, and are never told."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from glassd.config import keys
from glassd.config.keys import KeyMissingError, KeyUnsafeError, KeyUnusableError, find_key

if TYPE_CHECKING:
    from pathlib import Path

KEY = "sk-0123456789"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder with a safe folder for keys, and a system without keys."""
    folder = tmp_path / ".config/glassd/keys"
    folder.mkdir(parents=True, mode=0o700)
    folder.chmod(0o700)
    monkeypatch.setattr(keys, "SYSTEM_FOLDER", str(tmp_path / "etc"))
    return tmp_path


def put(file: Path, text: str = KEY + "\n", mode: int = 0o600) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)
    return file


@pytest.mark.parametrize("name", ["dashscope", "key_dashscope", "key.dashscope"])
def test_systemds_credentials_come_first(name: str, home: Path) -> None:
    put(home / "credentials" / name, mode=0o440)  # as systemd makes them, with an access list behind the mode
    environ = {"CREDENTIALS_DIRECTORY": str(home / "credentials"), "GLASSD_KEY_DASHSCOPE": "other", "HOME": str(home)}
    assert find_key("dashscope", environ) == KEY


def test_what_the_unit_puts_in_the_place_of_a_missing_folder_is_no_key(home: Path) -> None:
    put(home / "credentials/key", "none")
    environ = {"CREDENTIALS_DIRECTORY": str(home / "credentials"), "GLASSD_KEY_KEY": KEY, "HOME": str(home)}
    assert find_key("key", environ) == KEY
    put(home / "credentials/key_key", "another")
    assert find_key("key", environ) == "another"


@pytest.mark.parametrize("variable", ["GLASSD_KEY_MY_VENDOR_2", "MY_VENDOR_2_API_KEY"])
def test_the_environment_comes_next(variable: str, home: Path) -> None:
    put(home / ".config/glassd/keys/my-vendor.2", "other")
    assert find_key("my-vendor.2", {variable: KEY, "HOME": str(home)}) == KEY


def test_then_a_file_of_ones_own_then_the_systems(home: Path) -> None:
    environ = {"HOME": str(home)}
    (home / "etc").mkdir(mode=0o755)
    put(home / "etc/dashscope")
    assert find_key("dashscope", environ) == KEY
    put(home / ".config/glassd/keys/dashscope", "mine\r\n")
    assert find_key("dashscope", environ) == "mine"


def test_no_key_names_the_ways_to_give_it(home: Path) -> None:
    with pytest.raises(KeyMissingError) as caught:
        find_key("dashscope", {"HOME": str(home), "GLASSD_KEY_DASHSCOPE": ""})
    ways = ("/etc/credstore/glassd/dashscope", "GLASSD_KEY_DASHSCOPE", "~/.config/glassd/keys/dashscope", "mode 600")
    for way in ways:
        assert way in str(caught.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_file_that_others_can_touch_is_refused(mode: int, home: Path) -> None:
    put(home / ".config/glassd/keys/dashscope", mode=mode)
    with pytest.raises(KeyUnsafeError, match="chmod 600"):
        find_key("dashscope", {"HOME": str(home)})


def test_a_folder_that_others_can_write_is_refused(home: Path) -> None:
    put(home / ".config/glassd/keys/dashscope")
    (home / ".config/glassd/keys").chmod(0o777)
    with pytest.raises(KeyUnsafeError, match="chmod 700"):
        find_key("dashscope", {"HOME": str(home)})


def test_a_link_is_refused_be_it_the_file_or_its_folder(home: Path) -> None:
    there = put(home / "elsewhere/dashscope")
    link = home / ".config/glassd/keys/dashscope"
    link.symlink_to(there)
    with pytest.raises(KeyUnsafeError, match="symbolic link"):
        find_key("dashscope", {"HOME": str(home)})
    link.unlink()
    link.parent.rmdir()
    link.parent.symlink_to(there.parent)
    with pytest.raises(KeyUnsafeError, match="symbolic link"):
        find_key("dashscope", {"HOME": str(home)})


def test_a_folder_or_a_pipe_in_the_files_place_is_refused(home: Path) -> None:
    os.mkfifo(home / ".config/glassd/keys/pipe", 0o600)
    (home / ".config/glassd/keys/folder").mkdir(mode=0o700)
    for name in ("pipe", "folder"):
        with pytest.raises(KeyUnsafeError, match="plain file"):
            find_key(name, {"HOME": str(home)})


@pytest.mark.parametrize("text", ["", "\n", "two words", f"{KEY}\n{KEY}", "kéy", "a\0b", "x" * 5000])
def test_what_cannot_be_a_key_is_refused_and_not_repeated(text: str, home: Path) -> None:
    put(home / ".config/glassd/keys/dashscope", text)
    with pytest.raises(KeyUnusableError) as caught:
        find_key("dashscope", {"HOME": str(home)})
    assert not text.strip() or text not in str(caught.value)


@pytest.mark.parametrize("name", ["../etc/passwd", "", "a/b", "a\0", "-", "x" * 65])
def test_a_name_leads_nowhere_else(name: str, home: Path) -> None:
    with pytest.raises(KeyMissingError, match="letters, digits"):
        find_key(name, {"HOME": str(home)})
