"""A browser as the tests see it: pages in a size and a language, each a stranger to the others.

What a page says in its console as an error, or throws, fails the test; so does what axe finds serious.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Browser, BrowserContext, BrowserType, ConsoleMessage, Error, Page

SIZES = {"glasses": (480, 640), "phone": (390, 844), "desktop": (1440, 900)}
"""Width and height in CSS pixels: a see-through display, a phone, a desk."""
LIMIT_MS = 20_000
"""How long a test waits for what must come in a page: generous, for it only matters when it does not come."""
NAME = "board.test"
"""The board's name in its network: what comes from there over HTTP is no secure context, as it is from 127.0.0.1."""
AXE = Path("build/browser/node_modules/axe-core/axe.min.js")
"""Where tests/tools/browser.sh puts it."""

Permission = Literal["granted", "denied", "prompt"]
Language = Literal["zh", "en"]
_LOCALES: dict[Language, str] = {"zh": "zh-CN", "en": "en-GB"}


def launch(chromium: BrowserType, film: Path | None) -> Browser:
    """Start the system's Chromium without a window; `film` is what its camera sees, None where it has none."""
    path = shutil.which("chromium")
    assert path, "there is no Chromium: make browser installs it"
    camera = [] if film is None else ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}"]
    return chromium.launch(
        executable_path=path,
        args=[f"--host-resolver-rules=MAP {NAME} 127.0.0.1", *camera],
    )


class Pages:
    """Opens the pages of one board, and keeps what goes wrong in them."""

    def __init__(self, browser: Browser, url: str, token: str) -> None:
        self.url = url
        self.wrong: list[str] = []
        self._token = token
        self._expected: list[str] = []
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    def open(
        self,
        path: str,
        size: str = "desktop",
        language: Language = "en",
        *,
        signed_in: bool = True,
        camera: Permission = "granted",
        touch: bool = False,
        script: str | None = None,
    ) -> Page:
        """Open a page in a browser of its own, which shares no cookie, storage or permission with another.

        `size` is one of SIZES. `signed_in` as the board's owner, with the token; else as a stranger. `script` runs in
        the page before its own ones.
        """
        width, height = SIZES[size]
        context = self._browser.new_context(
            base_url=self.url,
            viewport={"width": width, "height": height},
            locale=_LOCALES[language],
            has_touch=touch,
            reduced_motion="reduce",
        )
        self._contexts.append(context)
        context.set_default_timeout(LIMIT_MS)
        page = context.new_page()
        self.permit(page, camera)
        if script is not None:
            page.add_init_script(script)
        page.on("console", self._console)
        page.on("pageerror", self._thrown)
        if signed_in:
            answer = context.request.post("/api/sessions", data={"token": self._token}, headers={"Origin": self.url})
            assert answer.ok, f"signing in: {answer.status} {answer.text()}"
        page.goto(path)
        return page

    def permit(self, page: Page, camera: Permission) -> None:
        """Answer the browser's question for the camera, from now on."""
        # Not detached: the answer would end with it.
        session = page.context.new_cdp_session(page)
        target = session.send("Target.getTargetInfo")["targetInfo"]
        session.send(
            "Browser.setPermission",
            {
                "permission": {"name": "camera"},
                "setting": camera,
                "origin": self.url,
                "browserContextId": target["browserContextId"],
            },
        )

    def expect_errors(self, *patterns: str) -> None:
        """Take no offence at console errors that match, such as what a browser says of a network that was cut."""
        self._expected += patterns

    def close(self) -> None:
        """Close all pages; fail if one had an error."""
        for context in self._contexts:
            context.close()
        unexpected = [text for text in self.wrong if not any(re.search(known, text) for known in self._expected)]
        assert not unexpected, "the pages' consoles had errors:\n" + "\n".join(unexpected)

    def last_words(self) -> str:
        """Return what the open pages show and what they complained of, for the report of a failed test."""
        pages = [page for context in self._contexts for page in context.pages]
        seen = [f"{page.url}\n{page.locator('html').aria_snapshot(timeout=2000)}" for page in pages]
        return "\n\n".join([*seen, *self.wrong])

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "assert"):
            where = message.location
            self.wrong.append(f"{message.text} ({where.get('url')}:{where.get('lineNumber')})")

    def _thrown(self, error: Error) -> None:
        self.wrong.append(f"thrown: {error.stack or error.message}")


def until(page: Page, condition: str) -> None:
    """Wait until a condition holds, an expression; the pages' policy forbids what Playwright's own way to wait does."""
    page.evaluate(
        f"""async limit => {{
            const end = performance.now() + limit;
            while (!({condition})) {{
                if (performance.now() > end) throw Error("it never came");
                await new Promise(resolve => setTimeout(resolve, 20));
            }}
        }}""",
        LIMIT_MS,
    )


def axe(page: Page, but: Sequence[str] = ()) -> None:
    """Fail where axe finds a serious or critical fault in what the page shows; `but` are rules that are left out."""
    assert AXE.is_file(), f"{AXE} is missing: make browser installs it"
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run({resultTypes: ['violations'], preload: false})")["violations"]
    grave = [each for each in found if each["impact"] in ("serious", "critical") and each["id"] not in but]
    assert not grave, json.dumps(
        [{"rule": each["id"], "help": each["help"], "at": [node["html"] for node in each["nodes"]]} for each in grave],
        indent=1,
        ensure_ascii=False,
    )
