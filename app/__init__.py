"""The command line, the settings and the only place where the parts are joined."""
