"""A real browser in front of a served office: what people see, and what must never happen while they look."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from support.served import PATIENCE, Served, until

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SIZE = {"width": 1366, "height": 768}
TIMEOUT = PATIENCE * 1000
SMALL = 60_000
"""bytes of a picture that documents show"""
FORBIDDEN = ("Content Security Policy", "Content-Security-Policy", "Refused to")
_axed: set[str] = set()


@contextmanager
def chromium() -> Iterator[Any]:
    """The system's Chromium, driven by Playwright; the test is skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright: browser journeys did not run")
    if CHROMIUM is None:
        pytest.skip("no Chromium: browser journeys did not run")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


class Person:
    """Somebody at a browser of their own. Every page is listened to: violations of the page's policy, requests that
    leave the machine, failures of scripts and of the server are ``wrong``; each kind of page is judged once."""

    def __init__(self, browser: Any, served: Served) -> None:
        self.served = served
        self.context = browser.new_context(viewport=SIZE, locale="zh-CN", accept_downloads=True)
        self.page = self.context.new_page()
        self.page.set_default_timeout(TIMEOUT)
        self.wrong: list[str] = []
        self.seen = ""
        """an address this person was shown"""
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.wrong.append(f"script: {error}"))
        self.page.on("request", self._asked)
        self.page.on("response", self._answered)

    def _said(self, message: Any) -> None:
        if any(word in message.text for word in FORBIDDEN):
            self.wrong.append(f"policy: {message.text}")

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.served.address, "data:", "blob:")):
            self.wrong.append(f"outside: {request.url}")

    def _answered(self, response: Any) -> None:
        if response.status >= 500:
            self.wrong.append(f"{response.status}: {response.url}")

    def go(self, path: str) -> int:
        """Open a page; its status."""
        answer = self.page.goto(path if path.startswith("http") else self.served.address + path)
        self.judge()
        return int(answer.status) if answer else 0

    def try_as(self, username: str, path: str = "/") -> Person:
        """Sign in by the demo's page."""
        self.page.goto(f"{self.served.address}/try")
        own = self.page.locator("small", has_text=re.compile(f"· {username}$"))  # names may be there twice
        self.page.locator("button[name=choose]", has=own).click()
        self.page.wait_for_load_state()
        if path != "/":
            self.go(path)
        return self

    def click(self, words: str, *, role: str = "", exact: bool = False) -> None:
        """Click what bears the words, inside the page's main part; then the page that comes is judged."""
        main = self.page.locator("main")
        found = main.get_by_role(role, name=words, exact=exact) if role else main.get_by_text(words, exact=exact)
        found.first.click()
        self.page.wait_for_load_state()
        self.judge()

    def move(self, name: str, **values: str) -> None:
        """Make a move of the case on the page, with what its form asks for; of persons, the label of one."""
        box = self.page.locator(f"details.move:has(input[name=move][value={name}])")
        if box.get_attribute("open") is None:
            box.locator("summary").click()
        for field, value in values.items():
            place = box.locator(f"[name=f_{field}]").first
            if place.get_attribute("type") == "checkbox":
                box.get_by_label(value).check()
            elif place.evaluate("place => place.tagName") == "SELECT":
                place.select_option(value)
            else:
                place.fill(value)
        box.locator("button.btn-primary").click()
        self.page.wait_for_load_state()
        self.judge()

    @property
    def state(self) -> str:
        """The state of the case on the page."""
        return str(self.page.locator(".head .state").first.inner_text())

    def wait_state(self, begins: str) -> str:
        """Wait until the page, which comes anew by itself, shows a state that begins so."""
        self.page.wait_for_function(
            "begins => document.querySelector('.head .state')?.innerText.startsWith(begins)", arg=begins
        )
        self.page.wait_for_load_state()
        self.judge()
        return self.state

    def reload_until(self, path: str, true: Callable[[str], bool]) -> None:
        """Open a page again until what it shows is so."""

        def look() -> bool:
            self.go(path)
            return true(self.text)

        until(look, path)

    @property
    def text(self) -> str:
        return str(self.page.locator("main").inner_text())

    def judge(self) -> None:
        """By axe, once for each kind of page in each language, and by its size: nothing may stand out sideways."""
        path = re.sub(r"\d+", "0", self.page.url.removeprefix(self.served.address).split("?")[0])
        lang = self.page.get_attribute("html", "lang")
        kind = f"{lang} {re.sub(r'/H0+|/[A-Z]+-?0+(-0+)*', '/x', path)}"
        if kind in _axed:
            return
        _axed.add(kind)
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(self.page).response["violations"]
        for one in found:
            if one["impact"] in ("serious", "critical"):
                where = "; ".join(node["html"][:160] for node in one["nodes"][:3])
                self.wrong.append(f"axe {kind}: {one['id']}: {where}")

    def picture(self, name: str, folder: Path | None) -> None:
        """Keep a picture of the page, where pictures are wanted."""
        if folder:
            from PIL import Image

            raw = folder / f"{name}.png"
            self.page.screenshot(path=raw)
            shot = Image.open(raw).convert("RGB")
            for colours in (64, 32, 16):  # as small as documents want it
                shot.convert("P", palette=Image.Palette.ADAPTIVE, colors=colours).save(raw, optimize=True)
                if raw.stat().st_size <= SMALL:
                    break

    def close(self) -> None:
        self.context.close()
