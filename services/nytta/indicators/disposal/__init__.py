"""How persons leave the private zone: by retention, by erasure, and by a change of keys. Private."""
