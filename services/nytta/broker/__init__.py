"""Events on their way through Kafka: topics, messages, a producer that answers when all replicas have them."""
