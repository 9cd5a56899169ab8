"""The project's files agree with one another, and hold nothing that belongs to one machine."""

from __future__ import annotations

import json
import re
import subprocess
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from course_utils.checks.judges import exercises
from course_utils.running.runner import BUDGETS

PROJECT = Path(__file__).resolve().parents[2]
FLOORS = {
    "keras": "3.15.1",
    "py7zr": "1.1.3",
    "pillow": "12.3.0",
    "gradio": "6.16.0",
    "jupyter-server": "2.20.0",
    "jupyterlab": "4.5.7",
}  # below them: known security faults
SECRETS = [
    r"-----BEGIN [A-Z ]*PRIVATE KEY",
    r"\bgh[pousr]_[A-Za-z0-9]{20,}",
    r"\bAKIA[0-9A-Z]{16}\b",
    r"\bhf_[A-Za-z0-9]{20,}",
    r'"key"\s*:\s*"[0-9a-f]{32}"',
]
MACHINE_PATHS = [
    r"(?<![\w.}/])/(?:work|root)/[\w.-]+",
    r"(?<![\w.}/])/(?:home|Users)/(?!ann\b)[\w.-]+/[\w.-]+",
]


def lines_of(name: str) -> list[str]:
    lines = (line.split("#")[0].strip() for line in (PROJECT / name).read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("-")]


def requirements(name: str) -> dict[str, Requirement]:
    found = [Requirement(line) for line in lines_of(name)]
    return {canonical(requirement.name): requirement for requirement in found}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned() -> dict[str, Version]:
    pins = requirements("constraints.txt")
    return {name: Version(str(pin.specifier).removeprefix("==")) for name, pin in pins.items()}


def tracked_files() -> list[Path]:
    result = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True)
    if result.returncode:
        pytest.skip("this is no git repository, so nothing is tracked")
    return [path for name in result.stdout.split("\0") if name and (path := PROJECT / name).is_file()]


def test_environment_agrees_with_requirements():
    text = (PROJECT / "environment.yml").read_text(encoding="utf-8")
    listed = re.findall(r"^ {6}- (.+)$", text, re.MULTILINE)

    assert sorted(listed) == sorted(lines_of("requirements.txt"))
    assert f"python{python_range()}" in text


def python_range() -> str:
    text = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    return re.search(r'requires-python = "(.+)"', text).group(1)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-extra.txt", "requirements-dev.txt"])
def test_each_requirement_is_pinned_within_its_range(name: str):
    pins = pinned()
    outside = [str(r) for n, r in requirements(name).items() if n not in pins or pins[n] not in r.specifier]

    assert outside == []


def test_pins_are_at_or_above_the_security_floors():
    pins = pinned()

    assert {name: str(pins[name]) for name, floor in FLOORS.items() if pins[name] < Version(floor)} == {}


@pytest.mark.parametrize("python", ["3.11.0", "3.12.0", "3.13.0"])
def test_pins_can_be_installed_on_each_python_of_the_readme(python: str):
    """The first releases: a system's own Python may be old, and one pin that asks for more stops make."""
    too_new = []
    for name in pinned():
        needed = metadata.distribution(name).metadata.get("Requires-Python")
        if needed and python not in SpecifierSet(needed):
            too_new.append(f"{name} needs Python {needed}")
    assert too_new == []


def test_constraints_hold_versions_only():
    form = re.compile(r"[\w.-]+==[\w.+!]+")

    assert [line for line in lines_of("constraints.txt") if not form.fullmatch(line)] == []


def test_readme_names_the_two_commands():
    text = (PROJECT / "README.md").read_text(encoding="utf-8")

    assert "make course" in text
    assert "make test" in text


def test_help_lists_every_target():
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE).group(1).split()
    shown = subprocess.run(["make", "help"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout

    assert len(phony) >= 8
    assert [target for target in phony if not re.search(rf"^  {target} +\w", shown, re.MULTILINE)] == []
    assert sorted(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)) == sorted(phony)


def teaching() -> str:
    return (PROJECT / "docs" / "TEACHING.md").read_text(encoding="utf-8")


def test_teaching_names_make_targets_and_words_that_exist():
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    commands = re.findall(r"(?:^|`)make ([a-z-]+)([^`\n]*)", teaching(), re.MULTILINE)
    words = set(re.findall(r"^\| `([A-Z_]+)` \|", teaching(), re.MULTILINE))
    words |= {word for _, rest in commands for word in re.findall(r"\b([A-Z_]+)=", rest)}

    assert {target for target, _ in commands} >= {"exercises", "grade"}
    assert [target for target, _ in commands if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []
    assert [word for word in words if f"$({word})" not in makefile] == []


def test_teaching_names_files_that_exist():
    named = re.findall(r"`((?:notebooks|course_utils|docs|tools|data)/[^`*]*)`", teaching())

    assert [name for name in named if not (PROJECT / name).exists()] == []


def test_teaching_names_each_exercise_and_no_other():
    known = {one.name for lesson in BUDGETS["offline"] for one in exercises(lesson)}
    named = set(re.findall(r"\b0\d\.q?\d+\b", teaching()))

    assert named - known == set()
    assert {name for name in known if ".q" not in name} - named == set()


def test_questions_for_a_talk_name_each_lesson_and_exercises_that_exist():
    text = (PROJECT / "docs" / "AI.md").read_text(encoding="utf-8")
    asked = re.findall(r"^\| (\d) \| .+\? ", text, re.MULTILINE)
    known = {one.name for lesson in BUDGETS["offline"] for one in exercises(lesson)}

    assert all(asked.count(str(lesson)) >= 3 for lesson in range(1, 6))
    assert set(re.findall(r"\b0\d\.\d+\b", text)) <= known


def test_minutes_and_points_in_teaching_add_up():
    rows = re.findall(r"^\| \[(\d+)\]\(.+?\) \| (\d+) \|(?: (\d+) \|)? (.+) \|$", teaching(), re.MULTILINE)
    parts = {number: [int(part.split()[-1]) for part in row.split(" · ")] for number, _, _, row in rows}

    assert len(rows) == 10
    assert {number: sum(parts[number]) for number in parts} == {number: int(m) for number, m, _, _ in rows}
    for number, _, points, _ in rows[5:]:
        assert sum(one.points for one in exercises(number)) == int(points), number


def test_architecture_names_what_exists():
    text = (PROJECT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:course_utils|docs|exercises|results|tests|tools)/[^`*]*)`", text)
    paths += [f"docs/{link}" for link in re.findall(r"\]\(([^)]+)\)", text)]
    modules = {path.name for path in tracked_files() if path.suffix == ".py"}

    assert len(paths) >= 15
    assert [path for path in paths if not (PROJECT / path).exists()] == []
    assert set(re.findall(r"\b\w+\.py\b", text)) <= modules


def test_flags_in_teaching_are_those_of_grading():
    code = "".join(path.read_text(encoding="utf-8") for path in (PROJECT / "tools" / "grading").glob("*.py"))
    table = teaching().split("| flag | what to do |")[1].split("\n\n")[0]
    flags = [row.split("|")[1] for row in table.strip().splitlines()[1:]]
    pieces = [piece.strip() for flag in flags for piece in re.split("…|;", flag) if len(piece.strip()) > 3]

    assert len(pieces) >= 15
    assert [piece for piece in pieces if piece not in code] == []


@pytest.mark.parametrize(("number", "seconds"), BUDGETS["offline"].items())
def test_times_in_the_text_are_the_budgets(number: str, seconds: int):
    (lesson,) = (PROJECT / "notebooks").glob(f"{number}_*.ipynb")
    title = json.loads(lesson.read_text(encoding="utf-8"))["cells"][0]["source"]
    assert f"up to {seconds} seconds offline" in "".join(title)
    (row,) = re.findall(rf"^\|.*{lesson.name}.*$", (PROJECT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert row.endswith(f"| up to {seconds} s |")


def test_data_with_spaces_reaches_the_runner_whole(tmp_path: Path):
    folder = tmp_path / "my pictures; $HOME 'x'"
    command = ["make", "--no-print-directory", "course", f"DATA={folder}".replace("$", "$$"), "SEED=2"]
    ready = tmp_path / "ready"  # newer than all that it depends on, so nothing is set up
    ready.touch()
    command += [f"READY={ready}", "PY=printf '[%s]\\n'"]
    shown = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout

    given = re.findall(r"^\[(.*)\]$", shown, re.MULTILINE)
    words = ["-m", "course_utils.runner", "--profile", "offline", "--data"]
    assert given == [*words, str(folder), "--seed", "2"]


def test_tracked_files_hold_no_secrets_and_no_paths_of_a_machine():
    found = []
    for path in tracked_files():
        if path.suffix in (".npz", ".h5", ".png", ".gz") or path.name == Path(__file__).name:
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        for pattern in SECRETS + MACHINE_PATHS:
            found += [f"{path.relative_to(PROJECT)}: {match}" for match in re.findall(pattern, text)]

    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN RSA PRIVATE KEY-----",
        "ghp_" + "a" * 36,
        '{"username": "x", "key": "' + "0" * 32 + '"}',
        "see /work/course",
        "in /home/jo/course",
    ],
)
def test_patterns_find(text: str):
    assert any(re.search(pattern, text) for pattern in SECRETS + MACHINE_PATHS)


def lesson_texts() -> dict[str, str]:
    """Return the Markdown text of each lesson by number, in one line."""
    texts = {}
    for path in sorted((PROJECT / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        shown = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
        texts[str(int(path.name[:2]))] = " ".join(" ".join(shown).split())
    return texts


def glossary() -> list[tuple[str, re.Pattern, str]]:
    """Return what the glossary explains: words, a pattern that finds them, and the number of the lesson."""
    text = (PROJECT / "docs" / "GLOSSARY.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| (\d+) \|$", text, flags=re.MULTILINE)
    forms = {words: "|".join(re.escape(word) for word in words.split(", ")) for words, _ in rows}
    return [(words, re.compile(rf"\b({forms[words]})(s|es|d)?\b", re.IGNORECASE), at) for words, at in rows]


def test_glossary_names_the_lesson_in_which_a_word_comes_first():
    lessons = lesson_texts()
    found = [
        (words, next((number for number, text in lessons.items() if use.search(text)), None))
        for words, use, _ in glossary()
    ]

    assert len(found) > 30
    assert found == [(words, number) for words, _, number in glossary()]
    assert found == sorted(found, key=lambda row: row[0].lower())


def test_each_word_of_the_glossary_is_a_link_in_the_lesson_that_uses_it_first():
    lessons = lesson_texts()
    link = re.compile(r"\[`?([^]`]+)`?\]\(\.\./docs/GLOSSARY\.md\)")
    linked = {number: link.findall(text) for number, text in lessons.items()}

    assert [words for words, use, number in glossary() if not any(map(use.fullmatch, linked[number]))] == []
