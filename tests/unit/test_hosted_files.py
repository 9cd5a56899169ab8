"""Files that hosts read: they hold the form that is published for them, and say what the project says."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
import yaml

import course_utils
from course_utils.system.paths import PROJECT
from tools.support import ROWS

WORKFLOWS = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", WORKFLOWS),
        ("vendor.dependabot", [PROJECT / ".github" / "dependabot.yml"]),
        ("vendor.github-issue-forms", sorted((PROJECT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"))),
        ("vendor.citation-file-format", [PROJECT / "CITATION.cff"]),
    ],
)
def test_files_hold_their_published_schema(schema: str, files: list):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *files]
    done = subprocess.run(command, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout


def test_the_version_to_cite_is_the_packages():
    cited = yaml.safe_load((PROJECT / "CITATION.cff").read_text(encoding="utf-8"))

    assert cited["version"] == course_utils.__version__


def test_make_targets_of_workflows_and_of_codespaces_exist():
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    texts = [path.read_text(encoding="utf-8") for path in WORKFLOWS]
    container = json.loads((PROJECT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    named = re.findall(r"\bmake ([a-z-]+)", "\n".join([*texts, container["postCreateCommand"]]))

    assert {"setup", "test", "course", "matrix", "standalone"} <= set(named)
    assert [target for target in named if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []


def test_systems_and_pythons_are_those_of_the_readme():
    text = (PROJECT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    matrix = yaml.safe_load(text)["jobs"]["course"]["strategy"]["matrix"]

    assert [system.split("-")[0] for system in matrix["system"]] == ["ubuntu", "macos", "windows"]
    assert matrix["python"] == ["3.11", "3.12", "3.13"]


def test_weekly_rows_are_rows_of_the_matrix():
    text = (PROJECT / ".github" / "workflows" / "weekly.yml").read_text(encoding="utf-8")
    rows = yaml.safe_load(text)["jobs"]["versions"]["strategy"]["matrix"]["row"]

    assert set(rows) <= {row.name for row in ROWS}
    assert {"3.11 lowest", "3.13 newest", "3.13 colab"} <= set(rows)
