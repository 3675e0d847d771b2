"""What comes in: events over HTTP, in files and through Kafka become durable raw rows of the private zone.

For whoever connects a source. Contracts of events (`events`) and readers of files (`files`) are pure and open to
every room; `http`, `stream` and `store` hold raw events and are private. Nothing here computes a figure.
"""
