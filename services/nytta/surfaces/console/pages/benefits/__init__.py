"""Pages about benefits: the register of an organisation, and one benefit with its course."""
