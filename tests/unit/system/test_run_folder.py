"""One module alone knows what lies where in the folder of a run."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from course_utils.system import run_folder
from course_utils.system.paths import PROJECT

NAMES = {"records", "runs", "figures", "scripts", "checkpoints", "run.json", "report.html"}
NAMES |= {run_folder.UNFINISHED, run_folder.TRAINING, run_folder.MODEL}
NAMES |= {run_folder.HISTORY, run_folder.PREDICTIONS}
OWNER = PROJECT / "course_utils" / "system" / "run_folder.py"
TOPS = ("course_utils", "tools")
MODULES = [path for top in TOPS for path in sorted((PROJECT / top).rglob("*.py")) if path != OWNER]


def spelled(code: str) -> list[str]:
    """Return the parts of a run's folder that code names in a path: joined by /, or in a pattern for glob."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            parts = ast.walk(node.right)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("glob", "Path", "joinpath")):
            parts = (part for argument in node.args for part in ast.walk(argument))
        else:
            continue
        texts = (p.value for p in parts if isinstance(p, ast.Constant) and isinstance(p.value, str))
        found += [text for text in texts if any(text.split("/")[0] == n or text.endswith(n) for n in NAMES)]
    return found


def test_no_other_module_names_what_lies_in_the_folder_of_a_run() -> None:
    assert len(MODULES) > 100
    assert {path.name: found for path in MODULES if (found := spelled(path.read_text("utf-8")))} == {}


@pytest.mark.parametrize(
    "code",
    [
        'out / "records"',
        'out.glob("runs/*/training.json")',
        'Path(out, "figures", name)',
        'out / f"{lesson}.unfinished.ipynb"',
        '(out / "report.html").exists()',
    ],
)
def test_rule_finds(code: str) -> None:
    assert spelled(code)


def test_rule_lets_other_words_pass() -> None:
    assert spelled('frame.to_dict("records")\nrow["runs"] / 2\nfolder / "docs" / "records.md"') == []


def test_what_is_being_written_is_no_training_yet(tmp_path: Path) -> None:
    for name in ("cnn-0", ".run-x"):
        run_folder.training(tmp_path, name).mkdir(parents=True)
        (run_folder.training(tmp_path, name) / run_folder.TRAINING).touch()
    (tmp_path / "runs" / "notes.txt").touch()
    assert run_folder.training_files(tmp_path) == [tmp_path / "runs" / "cnn-0" / "training.json"]


def test_slug():
    assert run_folder.slug("Fine-tuned CNN, 1e-05 (last block)") == "fine-tuned-cnn-1e-05-last-block"
    assert run_folder.slug("  ../a/b\\c  ") == "..-a-b-c"
