"""Core: what was promised, what has come, what will come and what it is worth; maturity from measured indicators."""
