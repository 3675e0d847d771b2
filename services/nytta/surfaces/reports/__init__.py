"""Shell: a statement as a document that a steering group can decide from, in three languages and three formats."""
