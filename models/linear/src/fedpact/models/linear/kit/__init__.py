"""
What every model that ships with Fedpact needs at a site: the data's door, tables, moments, exchanges.

Each model folder carries its own copy, byte for byte, because a model is pinned by the digest of its folder and that
digest has to cover all of its code. A test keeps the copies equal.
"""
