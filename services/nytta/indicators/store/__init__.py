"""The SQL of cells: subjects derived from raw events, cells, their values and their verification. Private."""
