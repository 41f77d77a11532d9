"""A USB camera that is a program on the host: the guest's own uvcvideo binds to it.

with VirtualCamera(Path("camera.sock"), serial="A1") as camera:
    camera.plug()
    camera.show([jpeg])
    camera.await_frames(30)
    print(camera.sent[-1].ended)
"""

from rig.camera.camera import CameraError, EncodingName, Sent, VirtualCamera
from rig.camera.pictures import drawn, number_in

__all__ = ["CameraError", "EncodingName", "Sent", "VirtualCamera", "drawn", "number_in"]
