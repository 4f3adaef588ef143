"""A federated model."""
