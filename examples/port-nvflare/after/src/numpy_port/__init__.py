"""The ported application."""
