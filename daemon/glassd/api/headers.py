"""What every response tells a browser that it may not do with it.

Model text, prompts and names of files reach a page as JSON alone; should one ever be taken for HTML all the same, the
policies below leave it nothing to run, load or send (Content Security Policy Level 3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from glassd.config.fields import host_of, is_loopback

if TYPE_CHECKING:
    from aiohttp import web

NOTHING_POLICY: Final = "default-src 'none'; frame-ancestors 'none'; sandbox"
"""For what is no page: opened in a browser's tab, it runs, loads and frames nothing."""
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; "
    # innerHTML and its like throw: text is put in as text (Trusted Types).
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
"""For the pages: scripts and styles are files of the site, never part of a page; nothing is loaded from elsewhere."""
_ALWAYS: Final = {
    "Content-Security-Policy": NOTHING_POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), fullscreen=(self), screen-wake-lock=(self), "
    "display-capture=(), geolocation=(), hid=(), microphone=(), midi=(), payment=(), serial=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Put them on a response that is about to be sent; what its handler has set stays."""
    for name, value in _ALWAYS.items():
        response.headers.setdefault(name, value)
    if request.secure or is_loopback(host_of(f"http://{request.host}")):
        # Elsewhere browsers pass over it, and complain (HTML, "Cross-origin opener policies": a secure context).
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    response.headers["Server"] = "glassd"
