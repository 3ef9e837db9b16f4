"""The Modbus side: register maps, answers to requests, and the TCP server with its faults."""
