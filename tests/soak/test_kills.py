"""Rows 30 and 31 of the faults: kernels that are killed, also while a checkpoint is written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

KILLS = Path(__file__).with_name("kills.py")


def test_10_kills_leave_no_unreadable_checkpoint_and_change_no_number() -> None:
    command = [sys.executable, str(KILLS), "--kills", "10", "--seed", "3"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=500)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.startswith("10 kills in ")
    assert "unreadable checkpoints: 0 (" in ended.stdout
    assert "other numbers than without kills: 0" in ended.stdout
    assert ", 0 of them during a write" not in ended.stdout
