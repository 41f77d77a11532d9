"""The shared device `web` (docs/web.md): a page in a browser, which is the camera, the display and the buttons at once.

The daemon's server takes the page's WebSocket, `Context.sockets` hands it on. `device` is what the drivers share.
"""
