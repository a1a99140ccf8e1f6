"""The embedded services, Kafka, a MongoDB-wire server and a web server, and their Java."""
