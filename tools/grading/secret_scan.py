"""Look for passwords and keys in a notebook: told by cell number, never shown."""

from __future__ import annotations

import re

from tools.grading.notebook_file import Notebook

SIGNS = {
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY",
    "a GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})",
    "an Amazon key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a Google key": r"\bAIza[0-9A-Za-z_-]{35}\b",
    "a Hugging Face token": r"\bhf_[A-Za-z0-9]{20,}",
    "a Kaggle key": r"""\\?["']key\\?["']\s*[:=]\s*\\?["'][0-9a-f]{32}|KAGGLE_KEY\W{1,6}[0-9a-f]{32}"""
    r"|\bKGAT_[A-Za-z0-9]{16,}",
    "an API key": r"\bsk-(?:proj-|ant-)?[A-Za-z0-9_-]{20,}",
    "a Slack token": r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    "a password": r"""(?i)\b(?:password|passwd|api_key|secret_key)\s*=\s*["'][^"'\s]{8,}["']""",
}


def find_secrets(notebook: Notebook) -> list[str]:
    """Return what was found, for example ``"a Kaggle key in cell 4"``; cells are counted from 1."""
    found = []
    for number, cell in enumerate(notebook.cells, start=1):
        text = f"{cell.source}\n{cell.outputs}"
        found += [f"{what} in cell {number}" for what, sign in SIGNS.items() if re.search(sign, text)]
    return found
