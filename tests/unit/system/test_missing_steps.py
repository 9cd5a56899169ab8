"""Which section to run first. How a notebook shows it is in tests/faults/test_training.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from course_utils.system import missing_steps


@pytest.mark.parametrize(
    ("number", "name", "told"),
    [
        ("04", "cifar10", "There is no `cifar10` yet.\nNext: run the cells before section 1 first, then "),
        ("04", "unfreeze", 'There is no `unfreeze` yet.\nNext: run section "4. Unfreeze, '),
        ("04", "nowhere_made", ""),
        ("99", "cifar10", ""),
        ("04", None, ""),
    ],
)  # fmt: skip
def test_what_is_missing(number: str, name: str | None, told: str) -> None:
    assert missing_steps.missing_step(number, name).startswith(told)
    assert bool(told) == bool(missing_steps.missing_step(number, name))


def test_a_course_without_notebooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(missing_steps, "NOTEBOOKS", tmp_path)
    assert missing_steps.missing_step("04", "cifar10") == ""
    (tmp_path / "04_x.ipynb").write_text(json.dumps({"cells": [{"cell_type": "code", "source": "%magic"}]}))
    assert missing_steps.missing_step("04", "cifar10") == ""
