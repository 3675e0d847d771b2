"""From published figures to findings: states, benefits, alerts and their delivery.

For managers and programme leads. Pure functions on published rows; `store` reads and writes open tables alone. Nothing
here imports a private module: whatever it knows, everybody may know who may see the unit.
"""
