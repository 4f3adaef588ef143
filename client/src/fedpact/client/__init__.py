"""Python SDK and the fedpact command."""
