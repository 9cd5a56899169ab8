"""The form of the masters: complete, and in style. That nbgrader takes them is shown by their editions."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from exercise_runs import GAP, HIDDEN, builder, exercise_cells, exercise_numbers, part_of, wrong_answers
from nbformat import NotebookNode

from course_utils.checks.judges import exercises

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "notebooks"))
import lesson_checks

ROLES = ("task", "solution", "example", "check")
LONGEST_GAP = 10
WORDS_TO_AVOID = r"\b(backbone|feature extractor|holdout|dev set|mock|fake data)\b"


def test_has_six_exercises_and_six_questions(master: NotebookNode):
    numbers = exercise_numbers(master)
    count = len(numbers) - 6

    assert count >= 6
    assert numbers == [str(n) for n in range(1, count + 1)] + [f"q{n}" for n in range(1, 7)]


def test_judges_and_master_name_the_same_exercises(master: NotebookNode, lesson: str):
    judged = {one.name: one for one in exercises(lesson)}

    assert list(judged) == [f"{lesson}.{number}" for number in exercise_numbers(master)]
    for name, exercise in judged.items():
        cells = exercise_cells(master, name[3:])
        checked = cells["answer" if exercise.is_quiz else "check"]
        graded = cells["solution"] if exercise.by_person else checked  # nbgrader: a person grades it
        assert graded.metadata.nbgrader.points == exercise.points, name
        assert f'check("{name}", ' in checked.source, name
        assert (f'check("{name}h", ' in checked.source) == exercise.has_hidden, name
        if not exercise.is_quiz:
            points = "1 point" if exercise.points == 1 else f"{exercise.points} points"
            title = f"## Exercise {name} · {exercise.title} ({points})"
            assert cells["task"].source.splitlines()[0] == title


def test_each_exercise_has_its_cells(master: NotebookNode):
    for number in exercise_numbers(master):
        cells = exercise_cells(master, number)
        assert tuple(sorted(cells)) == tuple(sorted(("task", "answer") if "q" in number else ROLES)), number
        if "q" in number:
            assert re.findall(r"^- \*\*([a-d])\*\* · \S", cells["task"].source, re.M) == list("abcd"), number
        else:
            assert "<details><summary>Hint</summary>\n\n" in cells["task"].source, number
            assert builder.EXPECTED in cells["example"].metadata.tags, number
            assert cells["example"].outputs, f"{number}: run  python -m tools.lessons.editions --run"


def test_cells_are_locked_but_for_the_gaps_and_the_class_word(master: NotebookNode, lesson: str):
    by_person = {one.name for one in exercises(lesson) if one.by_person}
    for cell in master.cells:
        number, role = part_of(cell)
        meta = cell.metadata.nbgrader
        assert meta.grade_id == cell.id
        is_gap = role in ("solution", "answer")
        is_open = is_gap or cell.id.endswith("-parameters")
        assert (meta.locked, meta.solution) == (not is_open, is_gap), cell.id
        graded = ("solution",) if f"{lesson}.{number}" in by_person else ("check", "answer")
        assert meta.grade == (role in graded), cell.id


def test_gaps_are_short_and_say_their_task(master: NotebookNode):
    solutions = [cell for cell in master.cells if cell.metadata.nbgrader.solution]

    assert solutions
    for cell in solutions:
        (gap,) = GAP.finditer(cell.source)  # one a cell
        assert gap["solution"].count("\n") <= LONGEST_GAP, cell.id
        assert part_of(cell)[1] == "answer" or len(builder.MARKER.search(cell.source)["task"]) >= 15, cell.id


def test_most_exercises_have_a_hidden_part(master: NotebookNode):
    checks = [cell for cell in master.cells if part_of(cell)[1] == "check"]

    assert sum(bool(HIDDEN.search(cell.source)) for cell in checks) >= len(checks) / 2


def test_exercises_do_not_use_each_others_results(master: NotebookNode):
    """Each exercise alone, behind the frame, finds all names that it uses: run in test_solutions."""
    for number in exercise_numbers(master):
        for cell in exercise_cells(master, number).values():
            others = set(re.findall(r'(?:check|given)\("\d\d\.(q?\d+)', cell.source)) - {number, "0"}
            assert not others, f"{cell.id} names the exercises {others}"


def test_frame_is_stamped(master: NotebookNode):
    bootstraps = [cell for cell in master.cells if "bootstrap" in lesson_checks.tags(cell)]

    assert [cell.source for cell in bootstraps] == [builder.frame.bootstrap(*builder.frame.read_setting())]
    assert "minute" in master.cells[0].source
    assert "**Needs:**" in master.cells[0].source
    (parameters,) = [cell for cell in master.cells if "parameters" in lesson_checks.tags(cell)]
    assert re.search(r'^CLASS_WORD = ""', parameters.source, re.MULTILINE)


@pytest.mark.parametrize("rule", ["cell_size", "rhythm"])
def test_student_edition_keeps_to_the_style(rule: str, master: NotebookNode, master_path: Path):
    edition = builder.student_edition(master, master_path.name)

    assert getattr(lesson_checks, f"{rule}_problems")(edition) == []


def test_lines_and_words(master: NotebookNode):
    for cell in master.cells:
        long = [line for line in cell.source.splitlines() if len(line) > 100]
        assert not long, f"{cell.id}: {long[0]}"
        assert not re.findall(WORDS_TO_AVOID, cell.source, re.IGNORECASE), cell.id


def test_figures_have_a_text_alternative_and_fit(master: NotebookNode):
    assert lesson_checks.figure_problems(master) == []


def test_only_expected_outputs_are_stored(master: NotebookNode):
    stored = [cell.id for cell in master.cells if cell.get("outputs") and part_of(cell)[1] != "example"]

    assert stored == []
    assert not any(lesson_checks.MACHINE_PATH.findall(str(cell.get("outputs"))) for cell in master.cells)


def test_each_exercise_has_three_wrong_answers(master: NotebookNode, lesson: str):
    wrong = wrong_answers(lesson)

    assert list(wrong) == [f"{lesson}.{n}" for n in exercise_numbers(master) if "q" not in n]
    for name, answers in wrong.items():
        hints = [hint for _, hint in answers]
        assert len(answers) >= 3, name
        assert len(set(hints)) == len(hints), f"{name}: each wrong answer needs a hint of its own"
        assert all(len(hint) >= 6 for hint in hints), name
