"""How large things are, in pixels."""

from __future__ import annotations

SIZE = 32  # of a picture
SUPERSAMPLING = 4
CANVAS = SIZE * SUPERSAMPLING  # pictures are drawn this large, and made smaller at the end
TEXTURE = 64  # surfaces and coats are computed at this size and enlarged to the canvas
