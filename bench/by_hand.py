"""The hand-written worker that everybody writes first: a rival for ``ingest_bench``, run as a process of its own.

One JSON message a reading over MQTT, ``on_message`` parses it and hands an influxdb-client ``Point`` to the batching
writer, VictoriaMetrics stores it.
"""

from __future__ import annotations

import json
import sys
import threading
import time

import paho.mqtt.client as mqtt
from influxdb_client import InfluxDBClient, Point, WriteOptions, WritePrecision  # type: ignore[attr-defined]
from paho.mqtt.enums import CallbackAPIVersion

from bench.mqtt_raw import RawPublisher, publish_packet


def main() -> None:
    """Arguments: broker port, VictoriaMetrics port, number of messages; prints one JSON object."""
    broker, victoria, count = (int(text) for text in sys.argv[1:4])
    influx = InfluxDBClient(url=f"http://127.0.0.1:{victoria}", token="", org="bench")
    writer = influx.write_api(write_options=WriteOptions(batch_size=5000, flush_interval=200))
    seen, done = 0, threading.Event()

    def on_message(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        nonlocal seen
        reading = json.loads(message.payload)
        point = Point("r").tag("facility", reading["facility"])  # type: ignore[no-untyped-call]
        point = point.tag("point", reading["point"])
        writer.write("bench", record=point.field("value", reading["value"]).time(reading["ts"], WritePrecision.MS))
        seen += 1
        if seen == count:
            done.set()

    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_message = on_message
    client.connect("127.0.0.1", broker)
    client.subscribe("readings/#", 0)
    client.loop_start()
    time.sleep(1)
    now_ms = time.time_ns() // 1_000_000
    packets = []
    for index in range(count):
        reading = {
            "facility": f"f{index % 100:03d}",
            "point": f"p{index % 10_000:05d}",
            "value": 20 + index % 77 / 10,
            "ts": now_ms + index // 10_000,
        }
        packets.append(publish_packet(f"readings/{index % 100}", json.dumps(reading).encode()))
    publisher = RawPublisher(broker, "by-hand-feeder")
    begin = time.perf_counter()
    for start in range(0, count, 500):
        while start - seen > 4000 and not done.is_set():
            time.sleep(0.002)
        publisher.send(b"".join(packets[start : start + 500]))
    done.wait(120)
    writer.close()  # type: ignore[no-untyped-call]
    seconds = time.perf_counter() - begin
    client.disconnect()
    client.loop_stop()
    publisher.close()
    sys.stdout.write(json.dumps({"readings_s": seen / seconds}) + "\n")


if __name__ == "__main__":
    main()
