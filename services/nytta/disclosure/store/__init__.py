"""Across the gate: exact figures in, published figures, facts and verdicts out. Private, but for what it writes."""
