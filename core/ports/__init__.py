"""The ports between the rooms: narrow protocols. Adapters live in the rooms, ``app`` joins them."""
