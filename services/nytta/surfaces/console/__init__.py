"""The console: server-rendered pages and a reading API over the open zone, for people; nothing from other hosts."""
