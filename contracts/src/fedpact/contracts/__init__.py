"""Messages, identifiers and API models that every part of Fedpact shares."""
