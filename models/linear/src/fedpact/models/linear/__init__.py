"""Federated linear regression from sums, numpy only."""
