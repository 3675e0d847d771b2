"""Faust workers: each stream is a short file around a function that a test calls without a broker."""
