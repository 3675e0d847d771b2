"""Shell: the only package that speaks to ClickHouse, embedded (chDB) or as a server, through one library.

`private` writes and recomputes the private zone, `open` reads the open zone, `publish` is the one place where gated
figures cross from one to the other, `migrate` brings both schemas up to date.
"""
