"""A module a place that pictures can be had from."""
