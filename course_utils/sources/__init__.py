"""Where pictures can come from: one module a source."""
