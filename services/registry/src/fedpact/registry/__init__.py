"""What exists: gateways, datasets, models and their versions."""
