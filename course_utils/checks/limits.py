"""How much an answer may hold. Lessons stay far below; a hostile notebook meets them."""

from __future__ import annotations

DEPTH = 6  # lists in lists
ITEMS = 20_000  # of one list or dict
COLUMNS = 200  # of one table
TEXT_CHARACTERS = 20_000
NAME_CHARACTERS = 200  # of a column, layer or metric
LARGEST_NUMBER = 1e300  # whole numbers above it are of no use, and slow to read
ARRAY_BYTES = 2_000_000  # values are kept up to here; above it, shape, dtype and range alone
LAYERS = 2_000  # of one model, nested ones counted
ANSWER_CHARACTERS = 8_000_000  # of one answer as JSON
ANSWERS = 200  # of one notebook
DTYPES = (
    *("bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"),
    *("float16", "float32", "float64"),
)
