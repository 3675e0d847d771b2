"""Core: who belongs where, and what was agreed: the registry.

Three YAML files (organisation, systems, programme) are read into one `Registry` of frozen dataclasses: organisations
and units with their history, reporting groups, the codes that sources use for units, calendars, systems and case
types, milestones, plans, benefits, decisions, costs, deviations and approvals. `load` reads and checks a directory,
`created` makes a registry for a log that has none, `tables` gives the rows that `store` keeps. Nothing here knows an
event or a figure.
"""
