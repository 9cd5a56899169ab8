"""Run the lessons from the command line: ``python -m course_utils.runner`` (what ``make course`` calls)."""

import sys

from course_utils.running.runner import main

if __name__ == "__main__":
    sys.exit(main())
