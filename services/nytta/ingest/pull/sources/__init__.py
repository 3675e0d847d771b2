"""The systems that can be pulled, a file each."""
