"""The site: what Sphinx is given, the check of links, and (full) all of it built."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest

from course_utils.running.execution import LESSONS
from course_utils.system.paths import PROJECT
from tools import site
from tools.site import prepare
from tools.site.__main__ import main
from tools.site.links import faults

TEXT = "[![Colab](https://example.org/badge.svg)](https://example.org/01) and [start](../README.md#two)"


def test_badges_are_plain_links_and_readme_is_the_front_page():
    assert prepare.page(TEXT) == "[Colab](https://example.org/01) and [start](../index.md#two)"
    assert prepare.page("[all](notebooks/exercises/student)") == "[all](notebooks/exercises/student/index.md)"
    assert prepare.page("[data](data/README.md)") == "[data](data/README.md)"


def test_a_notebook_keeps_its_outputs_and_gets_alt_texts_and_its_download():
    path = next(LESSONS.glob("01_*.ipynb"))
    stored = nbformat.read(path, as_version=4)
    shown = prepare.notebook_page(nbformat.read(path, as_version=4), path)
    pictures = [cell for cell in shown.cells if "image/png" in str(cell.get("outputs"))]
    left_out = [cell for cell in shown.cells if "remove-cell" in cell.metadata.get("tags", [])]

    assert [cell.get("outputs") for cell in stored.cells] == [
        cell.get("outputs") for cell in shown.cells if cell is not shown.cells[1]
    ]
    assert pictures
    assert all(cell.metadata.mystnb.image.alt for cell in pictures)
    assert {cell.metadata.tags[0] for cell in left_out} == prepare.LEFT_OUT
    assert f"(path:/downloads/{path.name})" in shown.cells[1].source


def test_download_of_an_exercise_is_the_exercise():
    path = PROJECT / prepare.STUDENT / "01_data_loading.ipynb"
    shown = prepare.notebook_page(nbformat.read(path, as_version=4), path)

    assert "(path:/downloads/exercises/01_data_loading.ipynb)" in shown.cells[1].source


def test_pages_named_in_the_menu_exist():
    named = [*prepare.FOR_STUDENTS, *prepare.FOR_TEACHERS]

    assert [name for name in named if not (PROJECT / f"{name}.md").is_file()] == []


@pytest.mark.parametrize(
    ("link", "is_broken"),
    [
        ("other.html", False),
        ("other.html#there", False),
        ("#here", False),
        ("https://example.org/gone", False),
        ("folder/", True),
        ("gone.html", True),
        ("other.html#gone", True),
        ("#gone", True),
    ],
)
def test_links(link: str, is_broken: bool, tmp_path: Path):
    (tmp_path / "other.html").write_text('<p id="there">', encoding="utf-8")
    (tmp_path / "index.html").write_text(f'<a id="here" href="{link}">', encoding="utf-8")

    assert faults(tmp_path) == ([f"Broken link: index.html: {link}"] if is_broken else [])


def test_loads_from_other_hosts_are_found_and_links_are_none(tmp_path: Path):
    text = '<a href="https://a.org/"><img src="//b.org/x"><link href="https://c.org/f.css"><img src="data:,">'
    (tmp_path / "index.html").write_text(text, encoding="utf-8")

    outside = ["index.html: //b.org/x", "index.html: https://c.org/f.css"]
    assert faults(tmp_path) == [f"From another host: {one}" for one in outside]


class Pictures(HTMLParser):
    """The pictures of a page, and the language that it says."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.alts: list[str | None] = []
        self.language = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.alts.append(dict(attrs).get("alt"))
        if tag == "html":
            self.language = dict(attrs).get("lang")


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("made") / "site"
    begun = sum(os.times()[:4])  # of processors, so that a busy machine is no failure
    # A process of its own: Sphinx forks, which can hang where TensorFlow was loaded before.
    made = subprocess.run([sys.executable, "-m", "tools.site", "--out", out], cwd=PROJECT)
    assert made.returncode == 0, "a warning, or a broken link"
    assert sum(os.times()[:4]) - begun < 120
    return out


@pytest.mark.full
def test_all_pages_are_built_with_their_figures(built: Path):
    notebooks = [path for pattern in prepare.NOTEBOOKS for path in PROJECT.glob(pattern)]
    assert len(notebooks) >= 15
    for path in notebooks:
        shown = Pictures(built / path.relative_to(PROJECT).with_suffix(".html"))
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        stored = sum("image/png" in output.get("data", {}) for c in cells for output in c.get("outputs", []))
        assert len(shown.alts) >= stored, path.name
    for path in (PROJECT / "docs").glob("*.md"):
        assert (built / "docs" / f"{path.stem}.html").is_file()
    front = (built / "index.html").read_text(encoding="utf-8")
    assert front.index("What comes out") < front.index("results-models.png") < front.index("Begin with")
    assert "load_cifar10" in (built / "api" / "cifar10.html").read_text(encoding="utf-8")


@pytest.mark.full
def test_every_page_has_a_language_and_every_picture_an_alt_text(built: Path):
    pages = {path: Pictures(path) for path in built.rglob("*.html")}

    assert {page.language for page in pages.values()} == {"en"}
    faulty = {path.name: alt for path, page in pages.items() for alt in page.alts if not alt or ".png" in alt}
    assert faulty == {}, "without an alt text, Sphinx writes the name of the file"


@pytest.mark.full
def test_links_hold_nothing_comes_from_other_hosts_and_search_finds_a_word_of_the_glossary(built: Path):
    styles = "".join(path.read_text(encoding="utf-8") for path in built.rglob("*.css"))

    assert faults(built) == []
    assert re.findall(r"(?:url\(|@import )[\"']?(?:https?:)?//[^)\"' ]+", styles) == []
    assert '"calibr":' in (built / "searchindex.js").read_text(encoding="utf-8")
    assert len(list((built / "_downloads").rglob("*.ipynb"))) >= 15


@pytest.mark.full
def test_a_warning_and_a_broken_link_stop_it(tmp_path: Path, monkeypatch, capfd):
    def prepare_faulty(source: Path) -> None:
        (source / "static").mkdir(parents=True)
        (source / "index.md").write_text('# A\n\n[gone](gone.md) <a href="gone.html">gone</a>\n', "utf-8")

    monkeypatch.setattr(site.__main__, "prepare", prepare_faulty)

    assert main(["--out", str(tmp_path / "site")]) == 1
    told = capfd.readouterr().err
    assert "gone.md" in told
    assert "Broken link: index.html: gone.html" in told
