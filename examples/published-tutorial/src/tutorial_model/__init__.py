"""The published tutorial model."""
