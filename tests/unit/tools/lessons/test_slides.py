"""Slides come from the lessons by a rule, and each file is whole without a network."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_utils.running.execution import find_lessons
from tools.lessons.slide_parts import LINES, PIECES
from tools.lessons.slides import Slide, main, slides_of

LESSONS = find_lessons()


def printed(text: str) -> list:
    return [new_output("stream", name="stdout", text=text)]


def shown(data: dict, alt: str = "") -> list:
    return [new_output("display_data", data, metadata={"image/png": {"alt": alt}} if alt else {})]


def deck(*cells: object) -> list[Slide]:
    made = [cell if not isinstance(cell, str) else new_markdown_cell(cell) for cell in cells]
    return slides_of(new_notebook(cells=[new_markdown_cell("# 1 · A title\n\nWhat it is about."), *made]))


def told(slides: list[Slide]) -> list[tuple[str, str]]:
    return [(slide.kind, slide.title) for slide in slides]


def test_headings_figures_and_tables_begin_slides():
    table = "<table><thead></thead><tbody><tr><td>5</td></tr></tbody></table>"
    slides = deck(
        "## 1. First\n\nSome text.\n\n### Second\n\nMore text.",
        new_code_cell("draw()", outputs=shown({"image/png": "AAAA"}, "A <curve>.")),
        new_code_cell("table()", outputs=shown({"text/html": table, "text/plain": "5"})),
    )

    assert told(slides) == [
        ("cover", "1 · A title"),
        ("text", "1. First"),
        ("text", "Second"),
        ("figure", "Second"),
        ("text", "Second"),
        ("figure", "Second"),
    ]
    assert slides[3].parts == ['<img src="data:image/png;base64,AAAA" alt="A &lt;curve&gt;.">']
    assert slides[5].parts == [table]


def test_setting_up_and_keeping_records_is_left_out():
    tags = ("bootstrap", "parameters", "sentinel")
    tagged = [new_code_cell("secret", metadata={"tags": [tag]}) for tag in tags]
    slides = deck(
        *tagged,
        "Leads to the start only.",
        new_code_cell('lesson = start_lesson("01")', outputs=printed("secret")),
        new_code_cell('lesson.record("secret")'),
        "## Kept",
        "A text.",
    )
    page = " ".join(part for slide in slides for part in slide.parts)

    with_output = deck(new_code_cell('print(lesson.record("accuracy"))', outputs=printed("0.5")))
    assert "0.5" in with_output[-1].parts[-1]
    assert "secret" not in page
    assert "Leads to" not in page
    assert told(slides)[-1] == ("text", "Kept")


def test_a_question_stands_alone_and_its_answer_waits():
    question = "**Predict:** how many?\n\n> *My guess:*"
    answer = "<details><summary>Answer</summary>\n\nTwo.\n\n</details>"
    slides = deck(
        f"## A\n\nBefore.\n\n{question}\n\n{answer}",
        new_code_cell("count()", outputs=printed("2")),
        "It is two.",
        new_code_cell("more()", outputs=printed("3")),
    )
    question, code, after = slides[2:]

    assert told(slides[1:]) == [("text", "A"), ("predict", "A"), ("text", "A"), ("text", "A")]
    assert "how many?" in question.parts[0]
    assert question.parts[1].startswith("<details>")
    assert "guess" not in " ".join(question.parts)
    assert code.parts[-1] == '<pre class="out later">2</pre>'
    assert "It is two." in after.parts[0]
    assert after.parts[-1] == '<pre class="out">3</pre>'  # nobody asked


def test_long_texts_go_on_under_the_same_title_and_long_tables_are_cut():
    rows = "".join(f"<tr><td>{number}</td></tr>" for number in range(100))
    table = f"<table><tbody>{rows}</tbody></table>"
    slides = deck(
        "## Long\n\n" + "\n\n".join(f"Paragraph {number} " + "word " * 60 for number in range(9)),
        "Leads to code.",
        new_code_cell("\n".join(f"line_{number} = 1" for number in range(18))),
        new_code_cell("table()", outputs=shown({"text/html": table})),
    )
    texts = [slide for slide in slides if slide.kind == "text"]
    figures = [slide for slide in slides if slide.kind == "figure"]

    assert {slide.title for slide in texts} == {"Long"}
    assert all(sum(slide.lines) <= LINES for slide in texts if len(slide.parts) > 2)
    assert len(texts) > 3
    with_code = next(slide for slide in texts if "line_17" in slide.parts[-1])
    assert "Leads to code." in with_code.parts[0]
    assert len(figures) == PIECES
    rest = 100 - sum(slide.parts[0].count("<tr>") for slide in figures)
    assert f"and {rest} more rows" in figures[-1].parts[0]


@pytest.mark.parametrize("path", LESSONS, ids=[path.name[:2] for path in LESSONS])
def test_a_lesson_is_whole(path: Path):
    lesson = nbformat.read(path, as_version=4)
    slides = slides_of(lesson)
    page = "\n".join(part for slide in slides for part in slide.parts)
    outputs = [output for cell in lesson.cells for output in cell.get("outputs", [])]
    figures = [output for output in outputs if "image/png" in output.get("data", {})]
    texts = [cell.source for cell in lesson.cells if cell.cell_type == "markdown"]
    questions = sum(text.count("**Predict:**") for text in texts)

    assert page.count("<img ") == len(figures) >= 3
    assert sum(slide.kind == "predict" for slide in slides) == questions >= 5
    assert not re.search(r'(?:src|href)="(?!https:|data:)', page)
    assert "<h1" not in page
    assert page.count("<strong>Exercise ") >= 7
    assert ">open<" not in page
    assert "- open" not in page
    assert not re.search("<ol|<p>|#", " ".join(slide.title for slide in slides))


def test_a_deck_is_one_file_that_asks_no_server(tmp_path, capsys):
    main(["--lessons", "02", "--out", str(tmp_path)])
    page = next(tmp_path.iterdir()).read_text(encoding="utf-8")

    assert "Made: " in capsys.readouterr().out
    assert not re.search(r'<link|<script src|@import|url\(|src="http', page)
    assert page.count("<section ") > 20
    with pytest.raises(SystemExit, match="Next:"):
        main(["--lessons", "77", "--out", str(tmp_path)])
