"""For people: the console and its API, reports, dashboards, and who may sign in.

Everything here shows published figures and findings, and computes none. What a page needs of the running service, it
asks through an interface that `cli` fills in.
"""
