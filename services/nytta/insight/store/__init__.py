"""The SQL of findings: states, alerts, statements, benchmarks. Open tables alone."""
