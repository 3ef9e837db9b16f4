"""Home Assistant is shown points of chosen facilities: MQTT discovery, states, what is taken away again."""
