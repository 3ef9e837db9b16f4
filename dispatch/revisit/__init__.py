"""After a case is closed residents are asked (回访)."""
