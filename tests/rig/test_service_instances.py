"""Two pairs of glasses on one board: two instances, each with its own camera, config, keys, socket and state."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from glassd_drivers.units import Size
from rig.camera import drawn
from rig.camera.formats import Encoding

if TYPE_CHECKING:
    from rig.board import Board

LIMIT_S = 180.0
"""Seconds for two starts at once: the guest's processor is an emulated one."""
CONFIG = """
model: {{endpoints: [{{url: "{url}", vision: model-of-{name}}}]}}
camera: {{driver: uvc, device: /dev/glassd/by-id/camera-glassd_Virtual_camera_{serial}, size: 640x480}}
language: en
"""
SIZE = Size(640, 480)
SERIALS = {"left": "CAMERA-1", "right": "CAMERA-2"}


def test_each_of_two_instances_asks_about_what_its_own_camera_sees(board: Board) -> None:
    shown = dict(zip(SERIALS, drawn(Encoding.MJPEG, SIZE)[:2], strict=True))
    for camera, picture in zip((board.camera, board.second_camera), shown.values(), strict=True):
        camera.show([picture])
        camera.plug()
    for name, serial in SERIALS.items():
        board.write(f"/etc/glassd/{name}/glassd.yaml", CONFIG.format(url=board.model.url, name=name, serial=serial))
    board.run("systemctl start glassd@left glassd@right", limit_s=LIMIT_S)
    for name in SERIALS:
        board.until(f"glassd -i {name} status", "camera       uvc        ready", LIMIT_S)
    for name, picture in shown.items():
        board.model.answer_next(f"What the {name} eye sees.")
        assert name in board.run(f"glassd -i {name} ask 'What is this?'").out
        _, body = board.model.request()
        assert body["model"] == f"model-of-{name}"
        (part,) = (part for part in body["messages"][-1]["content"] if part["type"] == "image_url")
        assert base64.b64decode(part["image_url"]["url"].partition(",")[2]) == picture
    assert board.run("glassd status", status=5).err.startswith("glassd status: no glassd is running at /run/glassd/")


def test_what_happens_to_one_is_nothing_to_the_other(board: Board) -> None:
    for name, serial in SERIALS.items():
        board.write(f"/etc/glassd/{name}/glassd.yaml", CONFIG.format(url=board.model.url, name=name, serial=serial))
        board.write(f"/etc/credstore/glassd-{name}/vendor", f"sk-of-{name}", 0o600)
    board.run("systemctl start glassd@left glassd@right", limit_s=LIMIT_S)
    for name in SERIALS:
        assert board.shell(f"cat /run/credentials/glassd@{name}.service/key_vendor") == f"sk-of-{name}"
        assert board.shell(
            f"stat --format='%U:%G %a' /run/glassd-{name}/glassd.sock /var/lib/glassd-{name}"
        ).splitlines() == [
            "glassd:glassd 660",
            "glassd:glassd 700",
        ]
    pid = "systemctl show --value --property=MainPID glassd@right"
    right = board.shell(pid)
    board.run("kill -9 $(systemctl show --value --property=MainPID glassd@left)")
    board.until("systemctl show --property=NRestarts glassd@left", "=1")
    board.until("glassd -i left status", limit_s=LIMIT_S)
    board.run(
        "sed -i s/language:/langage:/ /etc/glassd/left/glassd.yaml; ! systemctl reload glassd@left", limit_s=LIMIT_S
    )
    assert "did you mean language?" in board.journal("glassd@left")
    board.run("systemctl stop glassd@left")
    board.run("glassd -i right status && systemctl reload glassd@right", limit_s=LIMIT_S)
    assert board.shell(pid) == right
    assert "langage" not in board.journal("glassd@right")
