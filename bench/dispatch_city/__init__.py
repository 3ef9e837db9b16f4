"""A city of workers in simulation: alarms and reports of a season, given out by dispatch and by naive rivals."""
