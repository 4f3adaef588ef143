"""Capacity: places an activation everywhere or nowhere."""
