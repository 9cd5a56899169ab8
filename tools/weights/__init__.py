"""Bundled weights: trained, packed, measured, described."""
