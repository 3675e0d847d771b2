"""What a person can mend."""


class Mendable(Exception):
    """Something that the person at the keyboard can change; its text says what, in a sentence."""
