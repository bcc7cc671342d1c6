"""The site in a browser: light, dark and on a phone. Skipped where there is no Chromium."""
from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

TOC = yaml.safe_load((Path(__file__).parents[2] / "_toc.yml").read_text("utf-8"))
PAGES = [TOC["root"], *(chapter["file"] for part in TOC["parts"] for chapter in part["chapters"]), "search"]
MODES = {"light": ("light", 1280, 900), "dark": ("dark", 1280, 900), "phone": ("light", 390, 844)}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(course_site) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(course_site("full")))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(params=MODES, scope="module")
def context(request, browser) -> Iterator:
    scheme, width, height = MODES[request.param]
    made = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height})
    yield made
    made.close()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_quiet_keeps_to_itself_and_fits(context, address, page):
    tab, faults = context.new_page(), []
    tab.on("console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on("request", lambda asked: None if asked.url.startswith((address, "data:")) else faults.append(asked.url))
    tab.on("response", lambda answer: faults.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    tab.goto(f"{address}/{page}.html", wait_until="networkidle")
    width, room = tab.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    tab.close()
    assert faults == []
    assert width <= room, f"{width} px of content in {room} px"


def test_search_finds_a_word_of_the_text(context, address):
    tab = context.new_page()
    tab.goto(f"{address}/search.html?q=gradient", wait_until="networkidle")
    tab.wait_for_selector("#search-results ul.search li", timeout=10_000)
    tab.close()


def test_choosing_a_tab_chooses_it_in_every_listing(context, address):
    tab = context.new_page()
    tab.goto(f"{address}/chapters/momentum.html", wait_until="networkidle")
    tab.locator('label[data-sync-id="pytorch"]').first.click()
    inputs = tab.eval_on_selector_all('label[data-sync-id="pytorch"]', "labels => labels.map(l => l.control.checked)")
    tab.close()
    assert len(inputs) > 1
    assert all(inputs)


def test_figures_take_the_theme_s_ink(context, address):
    tab = context.new_page()
    tab.goto(f"{address}/chapters/intro.html", wait_until="networkidle")
    ink, text = tab.evaluate("""() => {
        const colour = (selector) => getComputedStyle(document.querySelector(selector));
        return [colour("svg.figure use").fill, colour("article").color];
    }""")
    tab.close()
    assert ink == text
