"""Derived indicators: what several published figures show together. Pure."""
