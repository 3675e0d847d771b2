"""Core: what an indicator is, which subjects it counts, and the SQL text of its cells.

The store executes what this package renders. Three kinds of indicator exist: *counted* ones are YAML definitions with
SQL expressions, *rolled* ones come out of the one view that divides, *derived* ones are pure functions over published
rows. A fourth kind is a change of the design.
"""
