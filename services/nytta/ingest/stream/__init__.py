"""Kafka and Faust: topics, messages, a producer that answers when all replicas have them, and streams that store.

Each stream is a short file around a function that a test calls without a broker. Nothing else knows Faust, but for
`service.streams`, which joins streams to the computation.
"""
