"""SQL text of subject rows and of cells, for the store to execute.

Names of databases are arguments, so that the same text serves the live zone, a verification and a test.
"""
