"""Access to Kafka, Delta, MongoDB, Spark, HTTP and mail, with typed errors."""
