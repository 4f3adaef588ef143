"""The HTTP API and its read model."""
