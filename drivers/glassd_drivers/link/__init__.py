"""The link: one serial line to a bridge with a camera, a display and buttons (docs/link.md). Nothing in here does I/O.

`host.HostEnd` is the board's end; the other modules are its parts, one idea each.
"""
