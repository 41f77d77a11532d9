"""The file, conf.d, the page's edits and the command line: what lies over what, and where each value is from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from wcwidth import wcswidth
from yaml_files import MODEL, config, mistakes

from glassd.config.load import ConfigError, load, load_model_only
from glassd_drivers.cameras.clip import ClipConfig
from glassd_drivers.cameras.uvc import UvcConfig

if TYPE_CHECKING:
    from glassd.config.schema import Camera


def camera(section: Camera | None) -> UvcConfig:
    assert section is not None
    assert isinstance(section.options, UvcConfig)
    return section.options


@pytest.fixture
def layers(tmp_path: Path) -> Path:
    (tmp_path / "glassd.yaml").write_text(
        f"{MODEL}camera:\n  driver: uvc\n  device: /dev/base\n  fps: 1\n  fresh: 1s\ndisplays: [{{driver: terminal}}]\n"
    )
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d/20-b.yml").write_text("camera: {fps: 3}\nlog: {level: debug}\n")
    (tmp_path / "conf.d/10-a.yaml").write_text("camera:\n  fps: 2\n  device: /dev/a\ndisplays: null\n")
    (tmp_path / "conf.d/.hidden.yaml").write_text("nonsense")
    (tmp_path / "conf.d/notes.txt").write_text("nonsense")
    (tmp_path / "edits.yaml").write_text("language: en\nlog: {level: warning}\n")
    return tmp_path / "glassd.yaml"


def test_layers_merge_by_key_in_the_order_of_their_names(layers: Path) -> None:
    merged = load(layers, edits=layers.parent / "edits.yaml", overrides=["camera.fresh=2s"]).config
    assert camera(merged.camera).fps == 3
    assert str(camera(merged.camera).device) == "/dev/a"
    assert merged.camera is not None
    assert merged.camera.fresh == 2.0
    assert (merged.log.level, merged.language, merged.displays) == ("warning", "en", [])


def test_each_value_says_where_it_is_from(layers: Path) -> None:
    loaded = load(layers, edits=layers.parent / "edits.yaml", overrides=["camera.fresh=2s"])
    folder = layers.parent
    assert str(loaded.origins["camera.driver"]) == f"{layers}:3"
    assert str(loaded.origins["camera.device"]) == f"{folder}/conf.d/10-a.yaml:3"
    assert str(loaded.origins["log.level"]) == f"{folder}/edits.yaml:2"
    assert str(loaded.origins["camera.fresh"]) == "command line:1"
    lines = {line.partition("#")[0].strip(): line.partition("# ")[2] for line in loaded.merged().splitlines()}
    assert lines["fps: 3"] == f"{folder}/conf.d/20-b.yml:1"
    assert lines["fresh: 2s"] == "command line:1"


def test_the_merged_file_reads_as_the_same_config(layers: Path, tmp_path: Path) -> None:
    loaded = load(layers, edits=layers.parent / "edits.yaml", overrides=["camera.fresh=2s"])
    again = tmp_path / "elsewhere"
    again.mkdir()
    assert config(again, loaded.merged()) == loaded.config


def test_the_comments_of_the_merged_file_stand_one_below_the_other(tmp_path: Path) -> None:
    path = tmp_path / "glassd.yaml"
    prompt = "这是什么？"
    long = "请读出图中的文字，再用两三句话说说图中有什么、它在哪里、为什么值得一看。"
    triggers = f"triggers: [{{when: a press, ask: {prompt}}}, {{when: b press, ask: '{long}'}}]"
    path.write_text(f"{MODEL}camera: {{driver: clip, path: /x}}\n{triggers}\n", encoding="utf-8")
    lines = load(path).merged().splitlines()
    commented = [line for line in lines if "  # " in line]
    assert any(prompt in line for line in commented)
    columns = {wcswidth(line.rpartition("# ")[0]) for line in commented if long not in line}
    assert len(columns) == 1
    assert max(columns) < 40


def test_a_mistake_is_told_in_the_file_that_holds_it(layers: Path) -> None:
    (layers.parent / "conf.d/10-a.yaml").write_text("camera: {fps: fast}\nlog: {level: loud}\n")
    with pytest.raises(ConfigError) as caught:
        load(layers, overrides=["camera.fresh=3", "nonsense", "model.endpoints.5.url=reader", "gestures={long：1s}"])
    found = [
        (mistake.place.file.rpartition("/")[2], mistake.place.line, mistake.path) for mistake in caught.value.mistakes
    ]
    # The level is covered by a later file, as is the rate.
    assert found == [
        ("command line", 1, "camera.fresh"),
        ("command line", 2, "nonsense"),
        ("command line", 3, "model.endpoints.5.url"),
        ("command line", 4, "gestures"),
    ]


def test_edits_that_are_not_there_are_none(layers: Path) -> None:
    assert load(layers, edits=layers.parent / "none.yaml").config.language == "zh"


def test_a_relative_path_begins_where_its_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    text = f"{MODEL}camera: {{driver: clip, path: pictures}}\n"

    def path(*overrides: str) -> Path:
        section = config(tmp_path, text, overrides=overrides).camera
        assert section is not None
        assert isinstance(section.options, ClipConfig)
        return section.options.path

    assert path() == tmp_path / "pictures"
    assert path("camera.path=mine") == tmp_path / "here/mine"
    (tmp_path / "conf.d/a.yaml").write_text("camera: {path: ../other}")
    assert path() == tmp_path / "other"
    monkeypatch.setenv("HOME", "/home/me")
    assert path("camera.path=~/film.avi") == Path("/home/me/film.avi")


@pytest.mark.parametrize("name", ["/a: b #c", "/{x}, y", "/it's 'quoted'", "/世界?", "/&a *b"])
def test_a_value_of_the_command_line_is_taken_as_it_stands(name: str, tmp_path: Path) -> None:
    text = f"{MODEL}camera: {{driver: clip, path: x}}\n"
    section = config(tmp_path, text, overrides=(f"camera.path={name}",)).camera
    assert section is not None
    assert str(section.options.path) == name  # type: ignore[attr-defined]  # the clip camera's


def test_the_command_line_may_hold_a_section_or_an_item(tmp_path: Path) -> None:
    text = f"{MODEL}triggers: [{{when: a press, ask: x}}, {{when: b press, ask: y}}]\n"
    made = config(tmp_path, text, overrides=("triggers.1.ask='z'", "gestures={long: 2s}", "log.level=error"))
    assert [trigger.ask for trigger in made.triggers] == ["x", "z"]
    assert (made.gestures.long, made.log.level) == (2.0, "error")


def test_sections_can_be_compared(tmp_path: Path) -> None:
    text = f"{MODEL}camera: {{driver: clip, path: /x}}\nlog: {{level: info}}\n"
    one, other = config(tmp_path, text), config(tmp_path, text.replace("info", "debug"))
    assert one.camera == other.camera
    assert one.model == other.model
    assert one.log != other.log
    assert one.camera != config(tmp_path, text.replace("/x", "/y")).camera


def test_a_direct_ask_needs_no_more_than_the_model(tmp_path: Path) -> None:
    path = tmp_path / "glassd.yaml"
    path.write_text(f"{MODEL}camera: {{driver: pedals}}\ntriggers: nonsense\n\tlog: x\n")
    assert load_model_only(path).endpoints[0].url == "reader"
    path.write_text("model: {endpoints: [{url: readr}]}\ntriggers: nonsense\n")
    with pytest.raises(ConfigError) as caught:
        load_model_only(path)
    assert [mistake.path for mistake in caught.value.mistakes] == ["model.endpoints.0.url"]


def test_a_section_whose_lines_are_comments_is_one_that_is_not_there(tmp_path: Path) -> None:
    assert config(tmp_path, f"{MODEL}camera:\n  # driver: uvc\ntriggers:\nlog:\n") == config(tmp_path, MODEL)


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    for path, start in ((tmp_path / "none.yaml", "there is no such file"), (tmp_path, "expected a file")):
        with pytest.raises(ConfigError) as caught:
            load(path)
        assert str(caught.value).startswith(f"{path}: {start}")
        assert len(caught.value.mistakes) == 1


def test_a_part_that_cannot_be_read_does_not_hide_the_rest(tmp_path: Path) -> None:
    (tmp_path / "conf.d/a.yaml").mkdir(parents=True)
    found = mistakes(tmp_path, f"{MODEL}log: {{level: loud}}\n")
    assert [line.split(": ")[0] for line in found] == ["glassd.yaml:2:14", "conf.d/a.yaml"]
