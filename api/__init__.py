"""The HTTP interface: routes, models, permissions and the live stream."""
