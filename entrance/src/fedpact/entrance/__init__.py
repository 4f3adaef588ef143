"""The one public entrance to the FLARE servers of a hub."""
