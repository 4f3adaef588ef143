"""Federated Cox regression over shared risk sets, numpy only."""
