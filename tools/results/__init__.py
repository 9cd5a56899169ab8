"""Reference results: repeated, compared, written into documents."""
