"""The only door to a custodian's data."""
