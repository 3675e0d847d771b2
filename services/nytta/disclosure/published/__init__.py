"""What is published, read back. Open: no module here can name a private table."""
