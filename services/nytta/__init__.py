"""Nytta: see, unit by unit, where a digital change has been taken into use, where it has not, and what that costs."""

COLLECTOR = (200_000, 50, 1000)
"""How seldom the garbage collector looks: batches and modules hold many small objects, and none of them in cycles."""


class Mendable(Exception):
    """Something that the person at the keyboard can change; its text says what, in a sentence."""
