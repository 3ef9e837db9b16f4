"""One small file per command; each has ``register(app, speaker)``."""
