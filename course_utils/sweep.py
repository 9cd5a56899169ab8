"""Run lessons over a grid of parameters: ``python -m course_utils.sweep grid.yaml``. See docs/SWEEPS.md."""

import sys

from course_utils.running.sweep.cli import main

if __name__ == "__main__":
    sys.exit(main())
