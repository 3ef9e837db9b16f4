"""The rule language: text to checked rules. ``load_rules`` is the door; ``docs/rules.md`` the manual."""
