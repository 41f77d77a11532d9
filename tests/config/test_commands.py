"""`glassd check`, `schema` and `drivers`, as processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from yaml_files import MODEL

from paths import TREE

if TYPE_CHECKING:
    from pathlib import Path


def glassd(*args: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "glassd", *map(str, args)]
    clean = {key: value for key, value in os.environ.items() if not key.endswith("_API_KEY")}
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**clean, **environ})


def test_check_says_what_a_good_config_sets_up() -> None:
    done = glassd("check", TREE / "configs/uvc-dashscope.yaml", DASHSCOPE_API_KEY="x")
    assert (done.returncode, done.stderr) == (0, "")
    for text in (
        "https://dashscope.aliyuncs.com/compatible-mode/v1",
        "uvc",
        "evdev",
        "glass3",
        "main long: does cancel",
    ):
        assert text in done.stdout


def test_check_says_where_apps_may_ask_where_anything_may_go_and_what_is_missing(tmp_path: Path) -> None:
    endpoint = (
        "{url: 'https://a.example/v1', text: m, ca: /nowhere/ca.pem, proxy: 'http://p.example:1', proxy_login: p}"
    )
    rest = "gateway: {listen: '127.0.0.1:1', token: t}\nallow_hosts: ['*.example']\n"
    path = tmp_path / "glassd.yaml"
    path.write_text(f"model: {{endpoints: [{endpoint}]}}\n{rest}")
    done = glassd("check", path, HOME=str(tmp_path))
    assert done.returncode == 0
    assert "gateway: 127.0.0.1:1\nsends only to: *.example\n" in done.stdout
    missing = [line.split()[1] for line in done.stderr.splitlines()]
    assert missing == ["model.endpoints.0.proxy_login:", "gateway.token:", "model.endpoints.0.ca:"]


def test_check_warns_of_a_key_that_is_not_there(tmp_path: Path) -> None:
    done = glassd("check", TREE / "configs/uvc-dashscope.yaml", HOME=str(tmp_path))
    assert done.returncode == 0
    assert done.stderr.startswith("warning: model.endpoints.0.key: there is no key named dashscope")
    assert len(done.stderr.splitlines()) == 1


def test_check_warns_of_a_cameras_login_that_is_not_there_and_repeats_no_password(tmp_path: Path) -> None:
    path = tmp_path / "glassd.yaml"
    camera = "camera: {driver: http, url: 'http://192.168.1.30/video', login: phone}"
    path.write_text(f"model: {{endpoints: [{{url: reader}}]}}\n{camera}\n")
    done = glassd("check", path, HOME=str(tmp_path))
    assert done.returncode == 0
    assert done.stderr.startswith("warning: camera.login: there is no key named phone")
    for wrong in ("http://admin:hunter2@cam/video", "http://cam/snapshot.cgi?usr=admin&pwd=hunter2"):
        path.write_text(
            f"model: {{endpoints: [{{url: reader}}]}}\n{camera.replace('http://192.168.1.30/video', wrong)}\n"
        )
        done = glassd("check", path)
        assert done.returncode == 2
        assert "they go by login: NAME" in done.stderr
        assert "hunter2" not in done.stderr


def test_check_tells_every_mistake_on_stderr_and_ends_with_2(tmp_path: Path) -> None:
    path = tmp_path / "glassd.yaml"
    path.write_text("model:\n  endpoints: [{url: reader}]\ncamera：\n  driver: pedals\nlanguage: {a\n")
    done = glassd("check", path)
    assert (done.returncode, done.stdout) == (2, "")
    assert [line.split(" ")[0] for line in done.stderr.splitlines()] == [
        f"{path}:3:7:",
        f"{path}:4:11:",
        f"{path}:5:11:",
    ]


def test_check_of_no_file_is_one_line() -> None:
    done = glassd("check", "/nowhere/glassd.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("/nowhere/glassd.yaml: there is no such file")
    assert len(done.stderr.splitlines()) == 1


def test_check_merged_prints_a_file_that_checks(tmp_path: Path) -> None:
    path = tmp_path / "glassd.yaml"
    path.write_text(MODEL)
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d/a.yaml").write_text("language: en\n")
    done = glassd("check", "--merged", "--set", "log.level=debug", path)
    assert done.returncode == 0
    assert f"{tmp_path}/conf.d/a.yaml:1" in done.stdout
    assert "command line:1" in done.stdout
    again = tmp_path / "merged.yaml"
    again.write_text(done.stdout)
    assert glassd("check", again).returncode == 0


def test_schema_prints_the_schema() -> None:
    assert json.loads(glassd("schema").stdout)["required"] == ["model"]


def test_drivers_lists_every_driver() -> None:
    table = glassd("drivers").stdout
    for name in ("clip", "uvc", "evdev", "gpio", "keyboard", "terminal", "glass3"):
        assert name in table
    lines = [json.loads(line) for line in glassd("drivers", "--json").stdout.splitlines()]
    assert ("cameras", "clip", 1, "") in [(one["role"], one["name"], one["contract"], one["error"]) for one in lines]


def test_a_strangers_driver_is_listed_checked_and_in_the_schema_and_a_broken_one_says_why(tmp_path: Path) -> None:
    (tmp_path / "stranger.py").write_text(
        '"""A stranger\'s display."""\n'
        "from glassd_drivers.contracts import DriverConfig\n"
        "class Config(DriverConfig):\n"
        "    shade: int\n"
        "class Lamp:\n"
        '    """A lamp."""\n'
        "    contract = 1\n"
        "    Config = Config\n"
        '    profile = "terminal"\n'
        "    async def open(self): ...\n"
        "    async def close(self): ...\n"
        "    async def show(self, screen): ...\n"
        "    async def watch(self): ...\n"
        "    def fit(self, profile): ...\n"
    )
    info = tmp_path / "stranger-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[glassd.displays]\nlamp = stranger:Lamp\ntorn = nowhere:Lamp\n")
    path = tmp_path / "glassd.yaml"
    path.write_text(f"{MODEL}displays: [{{driver: lamp, shade: dark}}, {{driver: torn}}]\n")

    table = glassd("drivers", PYTHONPATH=str(tmp_path)).stdout
    assert "stranger 1.0  A lamp." in table
    assert "broken: " in table
    done = glassd("check", path, PYTHONPATH=str(tmp_path))
    assert "displays.0.shade: expected a whole number, got text 'dark'" in done.stderr
    assert "displays.1.driver: expected a driver that works: " in done.stderr
    assert '"shade"' in glassd("schema", PYTHONPATH=str(tmp_path)).stdout


@pytest.mark.parametrize("args", [["check", "configs/reference.yaml"], ["check", "setup.cfg"], ["schema"], ["drivers"]])
def test_these_start_light(args: list[str]) -> None:
    code = (
        "import sys; from glassd.cli import main; main(sys.argv[1:]);"
        "heavy = {'aiohttp', 'cv2', 'numpy'} & set(sys.modules);"
        "sys.exit(f'heavy: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code, *args], cwd=TREE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
