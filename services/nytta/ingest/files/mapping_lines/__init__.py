"""The lines of a drafted mapping, by kind of list; `mapping_text` puts them together."""
