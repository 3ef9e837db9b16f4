"""A subset of the Prometheus query interface over the stored measurements."""
