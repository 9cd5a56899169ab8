"""A module a file format that pictures can come in."""
