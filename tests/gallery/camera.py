"""A server for the scenes, and a browser that looks at them."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.test import Client
from django.test.testcases import LiveServerThread
from playwright.sync_api import Browser, sync_playwright

from exports.models import Heartbeat
from tests.browser.flags import FLAGS
from tests.gallery.stage import Scene

QUIET = "*, *::before, *::after { transition: none !important; animation: none !important; caret-color: transparent }"


class Camera:
    def __init__(self, browser: Browser, url: str) -> None:
        self.browser, self.url = browser, url

    def take(self, scene: Scene, scheme: str, width: int, to: Path) -> None:
        to.parent.mkdir(parents=True, exist_ok=True)
        context = self.browser.new_context(
            base_url=self.url,
            viewport={"width": width, "height": 800},
            color_scheme="light" if scheme == "light" else "dark",
            forced_colors="active" if scheme == "forced" else "none",
            timezone_id="Europe/Berlin",
            locale="en-GB",
        )
        if scene.account:
            client = Client()
            client.force_login(scene.account)
            session = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": self.url}
            context.add_cookies([session])  # type: ignore[list-item]
        page = context.new_page()
        Heartbeat.beat("driver")  # so that the page takes no step by itself
        page.goto(scene.path)
        if scene.act:
            scene.act(page)
        page.evaluate("document.querySelectorAll('img').forEach((each) => { each.loading = 'eager' })")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=to, full_page=True, animations="disabled", style=QUIET)
        page.goto("about:blank")
        context.close()


@contextlib.contextmanager
def opened(chromium: str, text: int = 100) -> Iterator[Camera]:
    server = LiveServerThread("127.0.0.1", StaticFilesHandler, port=0)
    server.daemon = True
    server.start()
    server.is_ready.wait()
    try:
        with sync_playwright() as playwright:
            letters = f"--blink-settings=defaultFontSize={16 * text // 100}"  # as in the browser's own settings
            browser = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, letters])
            yield Camera(browser, f"http://127.0.0.1:{server.port}")
            browser.close()
    finally:
        server.terminate()
