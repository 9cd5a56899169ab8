"""Run lessons over a grid of parameters: ``python -m course_utils.sweep grid.yaml``. See docs/SWEEPS.md."""
