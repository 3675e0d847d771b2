"""Rows of a file become events: what a mapping says is compiled once, for it runs for every row."""
