"""From raw events to exact cells: what an indicator is, what it counts, and which weeks stand out.

For whoever defines what is measured. Definitions, subjects and `detection` are pure and open; `store` computes exact
figures and `disposal` takes persons out of them, both in the private zone. Nothing here writes into the open zone.

Three kinds of indicator exist: *counted* ones are YAML definitions with SQL expressions, *rolled* ones come out of the
one view that divides, *derived* ones (`insight.states`) are pure functions over published rows.
"""
