"""Make slides of the lessons: one HTML file a lesson, which needs no network, for instructors.

They are derived from the notebooks and their stored outputs by a rule, so nobody sets metadata:
- A heading begins a slide. So does a figure or a table; it stands there alone.
- What does not fit under one heading goes on under the same title.
- A question to predict has a slide of its own; its answer, or what the next cell prints, waits for a key.
- Cells that set a lesson up or only keep records are left out, and so is the text that leads to them.
- A table that is longer than two slides is cut, and says so.

    python -m tools.lessons.slides [--out FOLDER] [--lessons "01 03"]
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

import jinja2
import nbformat
from nbformat import NotebookNode

from course_utils.errors import CourseError
from course_utils.running.execution import find_lessons
from course_utils.system.paths import PROJECT
from course_utils.system.whole_file import write_whole
from tools.lessons import slide_parts

TEMPLATE = Path(__file__).with_name("slides.html.j2")
SETUP_TAGS = {"bootstrap", "parameters", "sentinel"}
SETUP = re.compile(r"\bstart_lesson\(|^profile\.table\(\)", re.MULTILINE)
WORDS = 28  # a shorter text before a cell that is left out only leads to it
RECORDS = re.compile(r"\blesson\.(record|save_run)\(")
BLOCK = re.compile(r"<details>.*?</details>|```.*?```|(?:(?!\n[ \t]*\n|<details>|```).)+", re.DOTALL)


@dataclass
class Slide:
    """One screen: its title, what stands on it as HTML, and how many lines that takes."""

    title: str
    kind: str = "text"  # text | cover | predict | figure
    parts: list[str] = field(default_factory=list)
    lines: list[float] = field(default_factory=list)  # of each part


def slides_of(lesson: NotebookNode) -> list[Slide]:
    """Return the slides of a lesson, in order; the first is its cover."""
    slides: list[Slide] = []
    is_answer = False  # what comes next answers a question
    for cell, following in zip(lesson.cells, [*lesson.cells[1:], None], strict=True):
        if cell.cell_type == "markdown" and not (_is_short(cell) and _is_left_out(following)):
            is_answer = _add_text(slides, cell.source)
            if len(slides) == 1:
                _begin(slides)  # only the first text stands on the cover
        elif cell.cell_type == "code" and not _is_left_out(cell):
            _add_code(slides, cell, is_answer=is_answer)
    return [slide for slide in slides if slide.parts or slide.kind == "cover"]


def _begin(slides: list[Slide], kind: str = "text", title: str = "") -> Slide:
    slides.append(Slide(title or slides[-1].title, kind))
    return slides[-1]


def _add(slides: list[Slide], part: str, lines: float, *, is_code: bool = False) -> None:
    """Add a part to the last slide, or to a new one; a text that leads to code goes there with it."""
    slide = slides[-1]
    is_bound = part.startswith("<pre") or (is_code and len(slide.parts) == 1)
    limit = slide_parts.LINES * (1.25 if is_bound else 1)  # rather smaller letters than apart
    if slide.kind == "figure" or (slide.parts and sum(slide.lines) + lines > limit):
        new = _begin(slides)
        if is_code and len(slide.parts) > 1 and slide.parts[-1].startswith("<p>"):
            new.parts, new.lines = [slide.parts.pop()], [slide.lines.pop()]
        slide = new
    slide.parts.append(part)
    slide.lines.append(lines)


def _add_text(slides: list[Slide], source: str) -> bool:
    """Add the blocks of a text; return whether it asked a question."""
    if slides and slides[-1].kind == "predict":
        _begin(slides)
    for block in (match[0].strip() for match in BLOCK.finditer(source)):
        if block.startswith("#"):
            title, _, block = block.partition("\n")
            _begin(slides, "text" if slides else "cover", slide_parts.heading(title))
        elif "**Predict:**" in block:
            _begin(slides, "predict")
        if block and block != "> *My guess:*":
            _add(slides, slide_parts.text(block), slide_parts.lines(block))
    return slides[-1].kind == "predict"


def _add_code(slides: list[Slide], cell: NotebookNode, *, is_answer: bool) -> None:
    if slides[-1].kind == "predict":
        _begin(slides)
    _add(slides, slide_parts.code(cell.source), slide_parts.code_lines(cell.source), is_code=True)
    for output in cell.outputs:
        for shown in slide_parts.pictured(output):
            slide = _begin(slides, "figure")
            slide.parts, slide.lines = [shown], [slide_parts.LINES]
        if printed := slide_parts.printed(output):
            part = slide_parts.output(printed, later=is_answer)
            _add(slides, part, slide_parts.code_lines(printed))
            if is_answer:
                _begin(slides)  # the next text would tell the answer


def _is_short(cell: NotebookNode) -> bool:
    return not re.search(r"# |\*\*Predict", cell.source) and len(cell.source.split()) < WORDS


def _is_left_out(cell: NotebookNode | None) -> bool:
    if cell is None or cell.cell_type != "code":
        return False
    is_setup = SETUP_TAGS & set(cell.metadata.get("tags", [])) or SETUP.search(cell.source)
    return bool(is_setup or (RECORDS.search(cell.source) and not cell.outputs))


def write_deck(lesson: Path, out: Path) -> Path:
    """Write the slides of a lesson to OUT/NN_name.html, whole or not at all, and return the file."""
    slides = slides_of(nbformat.read(lesson, as_version=4))
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    path = out / f"{lesson.stem}.html"
    write_whole(path, template.render(slides=slides, code_style=slide_parts.code_style()))
    return path


def main(arguments: list[str] | None = None) -> None:
    """Make the slides, and say where they are; leave with 1 where a lesson is unknown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=PROJECT / "build" / "slides", help="folder")
    parser.add_argument("--lessons", default="", help='for example "01 03"; default: the required ones')
    chosen = parser.parse_args(arguments)
    try:
        for lesson in find_lessons(chosen.lessons.replace(",", " ").split()):
            print(f"Made: {write_deck(lesson, chosen.out)}", flush=True)
    except CourseError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
