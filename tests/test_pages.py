"""The pages in a real browser, on a phone's and a desktop's width, and on paper."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from labbench.report import gradebook
from labbench.texts import Lang
from tests import books
from tests.books import HOSTILE, SPECS

playwright = pytest.importorskip("playwright.sync_api", reason="no playwright here: pip install playwright")

WIDTHS = (360, 1280)
#: What sticks out of the window, unless it lies in a part that scrolls by itself; and words that are cut off.
OVERFLOW = """() => [...document.querySelectorAll('body *')].filter(e => {
    if (e.closest('.scroll') && !e.matches('.scroll')) return false;
    const box = e.getBoundingClientRect();
    return box.right > document.documentElement.clientWidth + 0.5 || box.left < -0.5;
}).map(e => e.outerHTML.slice(0, 120))"""
PICTURES = """() => [...document.querySelectorAll('svg')].map(e => e.getBoundingClientRect())
    .filter(box => box.width < 20 || box.height < 8).length"""


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        try:
            chromium = started.chromium.launch(executable_path=found, args=["--no-sandbox"])
        except playwright.Error as error:
            pytest.skip(f"no Chromium here: apt-get install chromium ({str(error).splitlines()[0]})")
        yield chromium
        chromium.close()


@pytest.fixture(scope="module", params=[Lang.EN, pytest.param(Lang.ZH, marks=pytest.mark.slow)])
def folder(request, tmp_path_factory):
    place = tmp_path_factory.mktemp(f"book-{request.param.value}")
    for path, content in gradebook.write(books.gradebook(), SPECS, lambda _: (books.table(HOSTILE[9]),), request.param):
        file = place / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return place


@pytest.fixture
def opened(browser):
    """Opens a page and collects what goes wrong on it."""
    contexts = []

    def visit(file, width=1280):
        context = browser.new_context(viewport={"width": width, "height": 800}, offline=True)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("dialog", lambda dialog: page.complaints.append(dialog.message))
        page.on("requestfailed", lambda request: page.complaints.append(request.url))
        page.on("request", lambda r: page.complaints.extend([] if r.url.startswith(("file:", "data:")) else [r.url]))
        page.goto(file.as_uri())
        return page

    yield visit
    for context in contexts:
        context.close()


def pages(folder):
    hostile = sorted(p for p in folder.glob("students/*/3-3.html") if "-" in p.parent.name)
    known = [folder / "students" / f"s{i}" / "3-3.html" for i in (1, 3)]
    return [folder / "index.html", *known, *hostile[:2]]


def test_the_browser_sees_what_is_wrong(opened, tmp_path):
    """Else none of what follows would say anything."""
    file = tmp_path / "bad.html"
    file.write_text("<!DOCTYPE html><div style='width:500px'>x</div><img src='gone.png'><svg width=5 height=5></svg>")
    page = opened(file, 360)
    assert page.evaluate(OVERFLOW)
    assert page.evaluate(PICTURES) == 1
    assert any("gone.png" in complaint for complaint in page.complaints)


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_sticks_out_and_nobody_complains(folder, opened, width):
    for file in pages(folder):
        page = opened(file, width)
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        assert page.evaluate(OVERFLOW) == []
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.evaluate(PICTURES) == 0
        assert page.complaints == []


def test_links_lead_where_they_say(folder, opened):
    page = opened(folder / "index.html")
    links = page.eval_on_selector_all("a", "links => links.map(a => [a.getAttribute('href'), a.href])")
    assert len(links) > 20
    for written, url in links:
        if written.startswith("#"):
            assert page.locator(f'[id="{written[1:]}"]').count() == 1
        else:
            assert Path(playwright_path(url)).is_file(), written
    page.click("#students a >> nth=1")
    assert page.locator("h1").inner_text().startswith("3-3")
    assert "张 1" in page.title()
    page.click("header a")
    assert page.url == (folder / "index.html").as_uri()
    assert page.complaints == []


def playwright_path(url):
    from urllib.parse import unquote, urlsplit

    return unquote(urlsplit(url).path)


def test_hostile_names_are_read_as_they_are(folder, opened):
    said = opened(folder / "index.html").locator("#students").inner_text()
    for words in (HOSTILE[0], HOSTILE[1], HOSTILE[5], "\\x1b[31mred", "\\u202egnp.exe", "{{ 7*7 }}"):
        assert words in said


def test_it_prints(folder, opened):
    for file in (folder / "index.html", folder / "students" / "s1" / "3-3.html"):
        page = opened(file, 718)  # A4 within its margins
        page.emulate_media(media="print")
        assert page.evaluate(OVERFLOW) == []
        assert page.pdf(format="A4").startswith(b"%PDF")
