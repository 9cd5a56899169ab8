"""What `course_utils` must not hide: training, freezing and classifiers stand in the lessons.

The rules read the syntax tree; each is shown to find what it is for.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from lesson_checks import LESSONS

import course_utils
from course_utils.running.execution import code_cells

PACKAGE = Path(course_utils.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
TRAINING = {"fit", "compile", "train_on_batch"}
NO_MODELS = {("re", "compile"), ("ImageOps", "fit")}  # other libraries' functions of these names
CLASSIFIERS = {"Dense", "Sequential"}
HEAVY = {"tensorflow", "keras", "tf_keras"}


def hidden_training(tree: ast.Module) -> list[str]:
    """Find calls of fit, compile and train_on_batch."""
    return [
        f"line {node.lineno}: {ast.unparse(node.func)}()"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in TRAINING
        and (ast.unparse(node.func.value), node.func.attr) not in NO_MODELS
    ]


def hidden_freezing(tree: ast.Module) -> list[str]:
    """Find assignments to .trainable, by setattr too."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "trainable" and isinstance(node.ctx, ast.Store):
            found.append(f"line {node.lineno}: {ast.unparse(node)} is set")
        if (
            isinstance(node, ast.Call)
            and ast.unparse(node.func) == "setattr"
            and "trainable" in ast.unparse(node)
        ):
            found.append(f"line {node.lineno}: {ast.unparse(node)}")
    return found


def hidden_classifiers(tree: ast.Module) -> list[str]:
    """Find calls that build a dense layer or a sequential model; sub-models from tensors are fine."""
    return [
        f"line {node.lineno}: {ast.unparse(node.func)}()"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in CLASSIFIERS
    ]


RULES = (hidden_training, hidden_freezing, hidden_classifiers)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_module_keeps_to(rule, module: Path):
    assert rule(ast.parse(module.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (hidden_training, "def f(model): model.fit(x)"),
        (hidden_training, "self.model.compile(loss='mse')"),
        (hidden_training, "make().train_on_batch(x, y)"),
        (hidden_freezing, "base.trainable = False"),
        (hidden_freezing, "for layer in a: a.b.trainable, x = True, 1"),
        (hidden_freezing, "setattr(layer, 'trainable', True)"),
        (hidden_classifiers, "import keras\nhead = keras.layers.Dense(10)(x)"),
        (hidden_classifiers, "from keras import Sequential\nm = Sequential([])"),
    ],
)
def test_rule_finds(rule, code: str):
    assert len(rule(ast.parse(code))) == 1


@pytest.mark.parametrize(
    "code",
    [
        "import re\nre.compile('a')",
        "print(layer.trainable)",
        "def f():\n    import keras\n    return keras.Model(inputs, outputs)",
    ],
)
def test_rules_let_pass(code: str):
    assert [rule(ast.parse(code)) for rule in RULES] == [[]] * len(RULES)


def run_python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, text=True, check=True
    ).stdout


def test_importing_the_modules_does_not_import_tensorflow():
    names = [module.name for module in pkgutil.walk_packages([str(PACKAGE)], "course_utils.")]
    code = f"import importlib, sys\nfor name in {names}: importlib.import_module(name)\n"
    code += f"print(sorted({HEAVY} & set(sys.modules)), len(sys.modules))"

    assert len(names) > 10
    assert run_python(code).startswith("[] ")


def test_importing_the_package_is_quick():
    code = "import time; t = time.perf_counter(); import course_utils; print(time.perf_counter() - t)"
    seconds = min(float(run_python(code)) for _ in range(3))  # the quickest: others may use the machine

    print(f"import course_utils: {seconds:.3f} s")
    assert seconds <= 0.3


def missing_names(tree: ast.Module) -> list[str]:
    """Find what code takes from the package and is not there: ``import`` lines, and ``module.name``."""
    modules, found = {}, []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("course_utils"):
            for alias in node.names:
                try:
                    name = f"{node.module}.{alias.name}"
                    modules[alias.asname or alias.name] = importlib.import_module(name)
                except ImportError:
                    if not hasattr(importlib.import_module(node.module), alias.name):
                        found.append(name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            module = modules[node.value.id]
            found += [] if hasattr(module, node.attr) else [f"{module.__name__}.{node.attr}"]
    return found


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_lessons_use_names_that_are_there(path: Path):
    source = "\n\n".join(cell.source for cell in code_cells(nbformat.read(path, as_version=4)))
    assert missing_names(ast.parse(source)) == []


def test_a_missing_name_is_found():
    code = "from course_utils import plotting as p; from course_utils.lesson import nothing; p.none(p.bars)"
    assert missing_names(ast.parse(code)) == ["course_utils.lesson.nothing", "course_utils.plotting.none"]
