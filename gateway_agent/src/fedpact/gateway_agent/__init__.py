"""Runs a site's part of an activation: FLARE server at the orchestrator, FLARE clients at a custodian."""
