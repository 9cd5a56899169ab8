"""Notebooks that run alone: what they carry, and a run in an empty folder by a Python without the project."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from base64 import b85decode
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import nbformat
import pytest

from course_utils.running.parameters import QUICK
from course_utils.start import PACKAGES
from course_utils.system import missing_steps
from course_utils.system.paths import PROJECT
from tools.lessons import frame, standalone

IMPORTED_AS = {"sklearn": "scikit-learn", "PIL": "pillow", "yaml": "pyyaml"}
OF_OTHERS = {"h5py", "IPython", "scipy"}  # come with keras, with each kernel, and with scikit-learn
BACKENDS = {"jax", "torch"}  # of Keras, for who asks for them
FOR_FILES = {"py7zr", "pyarrow", "kaggle", "kagglesdk"}  # of one source of pictures each, imported there
WITH_GRADIO = {"fastapi", "starlette", "uvicorn"}  # which lesson 13 asks for
EXTRA = (PROJECT / "requirements-extra.txt").read_text(encoding="utf-8")
OF_ONE_LESSON = set(re.findall(r"^[\w-]+", EXTRA, re.MULTILINE))
RUN = """
import json, sys, types
from IPython.core.interactiveshell import InteractiveShell
sys.modules["google.colab"] = types.ModuleType("google.colab")
shell = InteractiveShell.instance()
for cell in json.load(open(sys.argv[1], encoding="utf-8"))["cells"]:
    if cell["cell_type"] == "code":
        shell.run_cell("".join(cell["source"])).raise_error()
        if "parameters" in cell["metadata"].get("tags", []):
            shell.run_cell(sys.argv[2]).raise_error()
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("standalone")
    assert standalone.main(["--out", str(out)]) == 0
    return out


def carried(path: Path) -> bytes:
    code = next(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code")
    values = re.search(r'^REPOSITORY, TAG, DIGEST, CARRIED = .*"(\w+)", "(.+)"$', code, re.MULTILINE)
    content = b85decode(values[2])
    assert sha256(content).hexdigest() == values[1]
    return content


def test_every_lesson_and_exercise_is_written_and_small(written: Path):
    lessons = {path.name for path in (PROJECT / "notebooks").glob("[0-9]*.ipynb")}
    exercises = {path.name for path in (PROJECT / "notebooks/exercises/student").glob("*.ipynb")}

    assert {path.name for path in written.glob("*.ipynb")} == lessons
    assert {path.name for path in (written / "exercises").glob("*.ipynb")} == exercises
    assert max(path.stat().st_size for path in written.rglob("*.ipynb")) < 2_000_000
    assert len(carried(written / "01_data_loading.ipynb")) < 500_000


def test_with_weights_a_file_stays_below_6_megabytes(tmp_path: Path):
    (lesson, *_) = standalone.write_all(tmp_path, ["03"], with_weights=True)

    assert lesson.stat().st_size < 6_000_000
    with zipfile.ZipFile(BytesIO(carried(lesson))) as archive:
        assert archive.read("data/weights/MobileNetV2.npz")
        assert "data/weights/ResNet50.npz" not in archive.namelist()


def test_course_zip_holds_all_weights(written: Path):
    with zipfile.ZipFile(written / "course.zip") as archive:
        assert {"data/weights/MobileNetV2.npz", "data/weights/ResNet50.npz"} <= set(archive.namelist())
        assert archive.testzip() is None


def test_the_same_files_give_the_same_digest(written: Path, tmp_path: Path):
    (again, *_) = standalone.write_all(tmp_path, ["05"])
    assert carried(again) == carried(written / again.name)


def test_a_lesson_alone_knows_its_sections(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with zipfile.ZipFile(BytesIO(carried(written / "04_resnet50_fine_tuning.ipynb"))) as archive:
        archive.extractall(tmp_path)

    there = missing_steps.missing_step("04", "base_model")
    monkeypatch.setattr(missing_steps, "NOTEBOOKS", tmp_path / "notebooks")

    assert there.startswith("There is no `base_model` yet.\nNext: run section")
    assert missing_steps.missing_step("04", "base_model") == there


def test_no_output_and_no_link_into_the_project_is_left(written: Path):
    for path in written.rglob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                assert not cell.outputs
            else:
                links = re.findall(r"\]\(([^)\s]+)\)", cell.source)
                inside = [link for link in links if not link.startswith(("http", "#", "data:"))]
                assert inside == [], path.name


def test_with_a_repository_links_lead_there(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(frame, "read_setting", lambda: ("jo/course", "v1"))
    folder = PROJECT / "notebooks" / "exercises" / "student"
    cell = nbformat.v4.new_markdown_cell("[Lesson 3](../../03_frozen_mobilenetv2.ipynb#part), ![x](data:a)")
    notebook = nbformat.v4.new_notebook(cells=[cell])

    standalone.standalone(notebook, folder, b"")

    address = "https://github.com/jo/course/blob/v1/notebooks/03_frozen_mobilenetv2.ipynb#part"
    assert cell.source == f"[Lesson 3]({address}), ![x](data:a)"


def test_unknown_lessons_are_told(tmp_path: Path, capsys: pytest.CaptureFixture):
    assert standalone.main(["--out", str(tmp_path), "--lessons", "77"]) == 1
    assert "No lessons 77.\nNext: name lessons such as 01." in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def imports_of(text: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module.split(".")[0])
    return found


def imports_of_all(code: str) -> set[str]:
    """Return what a notebook imports, but for packages of requirements-extra.txt that it asks for."""
    calls = re.findall(r"^start\((.+)\)$", code, re.MULTILINE)
    asked_for = {name for call in calls for name in ast.literal_eval(f"[{call}]")}
    return imports_of(code) - (asked_for & OF_ONE_LESSON)


def test_a_package_of_one_lesson_counts_for_no_other_only_where_a_cell_asks_for_it():
    assert imports_of_all('start("optuna", "onnx")\nimport optuna\nimport numpy') == {"numpy"}
    assert imports_of_all("start()\nimport optuna") == {"optuna"}
    assert imports_of_all('start("nowhere")\nimport nowhere') == {"nowhere"}


def test_the_short_list_is_what_notebooks_import(written: Path):
    """By themselves, and by the code that they carry: no package more, none less."""
    found: set[str] = set()
    for path in written.rglob("*.ipynb"):
        cells = nbformat.read(path, as_version=4).cells
        found |= imports_of_all("\n".join(cell.source for cell in cells if cell.cell_type == "code"))
    with zipfile.ZipFile(BytesIO(carried(written / "01_data_loading.ipynb"))) as archive:
        for name in archive.namelist():
            code = archive.read(name).decode() if name.endswith(".py") else ""
            found |= imports_of(code) - OF_ONE_LESSON - WITH_GRADIO
    known = sys.stdlib_module_names | {"course_utils", "google", "packaging"}
    others = found - known - OF_OTHERS - FOR_FILES - BACKENDS

    assert {IMPORTED_AS.get(name, name) for name in others} == set(PACKAGES)


def run_alone(folder: Path, *words: object) -> subprocess.CompletedProcess:
    """Run code in a folder, with the packages of this Python but without its course_utils."""
    folder.mkdir(exist_ok=True)
    packages = sysconfig.get_path("purelib")  # on PYTHONPATH, .pth files, the course's too, do not count
    own = {"PYTHONPATH": packages, "MPLBACKEND": "agg", "COURSE_CACHE": str(folder / "cache")}
    command = [Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}", "-c", *words]
    how = {"capture_output": True, "text": True, "timeout": 500}
    return subprocess.run(command, cwd=folder, env=os.environ | own, **how)


@pytest.mark.skipif(os.name == "nt", reason="the layout of a Python is another on Windows")
def test_an_exercise_runs_alone_and_answers(written: Path, tmp_path: Path):
    """Two answers right and two wrong: told as in the project, and kept beside the notebook."""
    notebook = nbformat.read(written / "exercises" / "03_frozen_mobilenetv2.ipynb", as_version=4)
    right = "def shapes(pictures, side, classes):\n    small = side // 32\n    return "
    right += "(pictures, small, small, 1280), (pictures, 1280), (pictures, classes)"
    answers = {"ex-03-1-solution": right, "ex-03-q1-answer": 'answer = "z"'}
    kept = []
    for cell in notebook.cells:
        if cell.cell_type == "code" and re.match(r"ex-03-(bootstrap|parameters|start|1|q1)\b", cell.id):
            cell.source = answers.get(cell.id, cell.source)
            kept.append(cell)
    notebook.cells = kept
    nbformat.write(notebook, tmp_path / "alone.ipynb")

    done = run_alone(tmp_path / "empty", RUN, tmp_path / "alone.ipynb", "")

    assert done.returncode == 0, done.stderr[-2000:]
    assert "03.1: right" in done.stdout
    assert "03.q1: right" not in done.stdout
    (folder,) = (tmp_path / "empty").glob("course*")
    assert list((folder / "build" / "course" / "answers").glob("*03*"))


@pytest.mark.full
@pytest.mark.parametrize("lesson", ["01", "02", "03", "05"])
def test_a_lesson_runs_alone_to_its_last_cell(lesson: str, tmp_path: Path):
    (path, *_) = standalone.write_all(tmp_path, [lesson], with_weights=True)
    parameters = f"PROFILE, DATA, OVERRIDES = 'offline', 'drawn', json.loads('{json.dumps(QUICK)}')"

    done = run_alone(tmp_path / "empty", RUN, path, "import json; " + parameters)

    assert f"Lesson {lesson}: finished" in done.stdout, done.stderr[-2000:]


def test_without_weights_and_network_one_message_names_the_ways(written: Path, tmp_path: Path):
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from course_utils.weights import weights_path\n"
        "weights_path('ResNet50', source='bundled')"
    )
    zipfile.ZipFile(BytesIO(carried(written / "04_resnet50_fine_tuning.ipynb"))).extractall(tmp_path)

    done = run_alone(tmp_path, code)

    assert "CourseError: The bundled weights are not here: ResNet50.npz." in done.stderr
    assert "put ResNet50.npz" in done.stderr
    assert "imagenet" in done.stderr
