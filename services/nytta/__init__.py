"""Nytta: see, unit by unit, where a digital change has been taken into use, where it has not, and what that costs."""


class Mendable(Exception):
    """Something that the person at the keyboard can change; its text says what, in a sentence."""
