"""Make the pictures of the README from the demo: light and dark, 1280 pixels wide. Run by `make pictures`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from service.screen import Screen
from service.showing import show

IMAGES = Path(__file__).parent / "images"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def main() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("The pictures need Chromium: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        show(Screen(quiet=True), Path(folder) / "demo", 7, keep=False)
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        for theme in ("light", "dark"):
            page = browser.new_page(viewport={"width": 1280, "height": 1180}, color_scheme=theme)
            page.goto((Path(folder) / "demo" / "status.html").as_uri())
            page.screenshot(path=str(IMAGES / f"status-{theme}.png"))
        browser.close()


if __name__ == "__main__":
    main()
