"""The Sparkplug host: sessions, decoding to columns, validation, commit and acknowledgement."""
