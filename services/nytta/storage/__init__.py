"""The only package that speaks to ClickHouse, embedded (chDB) or as a server, through one library.

Connection, migrations, lease, journal, backup. It knows no unit, no event and no figure.
"""
