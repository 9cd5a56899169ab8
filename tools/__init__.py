"""What maintainers and instructors run: each room by `python -m tools.<room>`."""
