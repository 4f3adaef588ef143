"""Payloads in, results out."""
