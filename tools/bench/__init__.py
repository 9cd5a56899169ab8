"""Times and rates that the course speaks of, measured."""
