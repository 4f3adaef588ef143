"""Bus, store, settings, HTTP and telemetry shared by the services. No domain words."""
