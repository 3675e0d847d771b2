"""The SQL of the registry: its tables in the open zone."""
