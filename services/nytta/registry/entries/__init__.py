"""The edge of the registry: what its YAML files may say, entry by entry, with the line of each word."""
