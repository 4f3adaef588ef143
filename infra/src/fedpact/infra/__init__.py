"""Topology of the bus as data, and a supervisor for one machine."""
