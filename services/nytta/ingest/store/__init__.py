"""The SQL of what comes in: raw events, rejects, marks, exclusions. Private."""
