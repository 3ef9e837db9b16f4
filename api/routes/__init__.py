"""The routes, one file per subject; each is thin: it names its inputs and asks a service."""
