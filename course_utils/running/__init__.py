"""What `make course` and `make sweep` do: run lessons, follow them, report."""
