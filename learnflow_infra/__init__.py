"""Deploy Kafka and PostgreSQL on Kubernetes through Helm, and prove that they work."""
