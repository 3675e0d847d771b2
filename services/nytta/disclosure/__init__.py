"""The gate: what leaves the private zone has passed it, with enough persons behind it, and no finer than need be.

For whoever answers for the data. The rules and the ledger are pure; `store` is the only writer of figures into the
open zone; `published` reads back what was published. A figure that is not in the ledger is nowhere.
"""
