"""The command behind ``make grade``."""

from __future__ import annotations

import sys

from tools.grading.cli import main

sys.exit(main())
