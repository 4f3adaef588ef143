"""Pure rules: who may run what, within which bounds, and who signed it."""
