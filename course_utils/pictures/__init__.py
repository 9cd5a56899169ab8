"""Where pictures come from: formats of files, places to get them, and the drawn stand-in."""
