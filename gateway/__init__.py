"""The edge: drivers, poll planning, spool, uplink and commissioning."""
