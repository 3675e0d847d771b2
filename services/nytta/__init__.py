"""Nytta: see, unit by unit, where a digital change has been taken into use, where it has not, and what that costs."""
