"""Drives a compute spec through its life."""
