"""Below all: paths, files written whole, progress, downloads. It imports the errors alone."""
