"""Cases that pass between this house and other platforms (``docs/exchange.md``)."""
