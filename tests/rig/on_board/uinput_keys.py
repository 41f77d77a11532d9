"""Makes an input device, called made-up, and keeps it: its bus, its keys by number, and whether it is a mouse too."""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import sys

# linux/uinput.h
UI_SET_EVBIT, UI_SET_KEYBIT, UI_SET_RELBIT = 0x40045564, 0x40045565, 0x40045566
UI_DEV_SETUP, UI_DEV_CREATE = 0x405C5503, 0x5501
EV_KEY, EV_REL, REL_X, REL_Y = 1, 2, 0, 1
NAME_BYTES = 80

bus, keys, kind = sys.argv[1:]
device = os.open("/dev/uinput", os.O_RDWR)
fcntl.ioctl(device, UI_SET_EVBIT, EV_KEY)
for key in keys.split(","):
    fcntl.ioctl(device, UI_SET_KEYBIT, int(key))
if kind == "mouse":
    fcntl.ioctl(device, UI_SET_EVBIT, EV_REL)
    for axis in (REL_X, REL_Y):
        fcntl.ioctl(device, UI_SET_RELBIT, axis)
fcntl.ioctl(device, UI_DEV_SETUP, struct.pack(f"HHHH{NAME_BYTES}sI", int(bus), 1, 1, 1, b"made-up", 0))
fcntl.ioctl(device, UI_DEV_CREATE)
signal.pause()
