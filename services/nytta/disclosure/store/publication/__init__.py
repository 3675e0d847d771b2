"""Publication: what one reads, decides and writes, by subject. `disclosure/store/publish.py` puts them in order."""
