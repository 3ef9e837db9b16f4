"""The rule language, its compiler, the engine and the alarm life cycle."""
