"""Core: the gate. What leaves the private zone has passed it: enough persons behind it, and no finer than need be."""
