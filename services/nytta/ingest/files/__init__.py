"""File formats and source systems, turned into usage events.

A mapping (YAML, `schemas/mappings`) says what the columns of a log mean; `read` turns a file and its mapping
into chunks of CloudEvents, row by row, with flat memory. Nothing here validates an event: the chunks go
through `nytta.ingest.events`.
"""
