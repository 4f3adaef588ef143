"""Renders a FLARE job from a payload, in a fork, with no network and no keys."""
