"""The Sparkplug host: node sessions, decode to columns, validate, de-duplicate, commit, acknowledge."""
