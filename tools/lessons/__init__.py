"""Lessons and exercises: stored outputs, the common frame, the editions."""
