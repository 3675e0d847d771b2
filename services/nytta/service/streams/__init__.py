"""The streams that compute and that keep the alerts: each has one owner at a time, by a lease."""
