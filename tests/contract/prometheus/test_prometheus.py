"""The same questions to Prometheus itself and to ours, over the same readings: the same answers."""

from __future__ import annotations

import json
import math
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api.access import Caller
from api.places import PlaceBook
from api.policy import load
from api.prometheus.desk import Parameters, PrometheusDesk
from core.places import ClassMembers
from core.ports.store import Commit
from core.readings import readings
from tests.conftest import find_free_port, require_program
from tests.unit.api.conftest import settings, world  # noqa: F401 - fixtures of the API's world
from tests.unit.api.world import NOW_MS, FakeDirectory, World

pytestmark = [pytest.mark.requires("prometheus"), pytest.mark.leaves_running, pytest.mark.timeout(120)]

START_S, END_S = NOW_MS // 1000 - 3_600, NOW_MS // 1000
LEVEL, CURRENT = "sewage_pump_level", "sewage_pump_current"


class HoldingDirectory(FakeDirectory):
    """Every value holds five minutes, as in Prometheus."""

    def members(self) -> Mapping[str, ClassMembers]:
        known = super().members()["sewage_pump"]
        holds = {key: np.full(2, 300_000) for key in known.point}
        return {
            "sewage_pump": ClassMembers(
                class_id=known.class_id,
                facility=known.facility,
                code=known.code,
                point=known.point,
                stale_after_ms=holds,
                unit=known.unit,
            )
        }


def columns() -> Mapping[int, tuple[Sequence[int], Sequence[float]]]:
    """Two hours at about 10 s, off the whole second: a walk with a gap, a rare one, a counter that restarts."""
    chance = np.random.default_rng(7)
    n = 720
    times = NOW_MS - 7_200_000 + np.arange(n) * 10_000 + 137 + chance.integers(0, 700, n)
    gap = (np.arange(n) < 400) | (np.arange(n) > 470)
    walk = 2 + np.cumsum(chance.normal(0, 0.05, n))
    counter = np.cumsum(chance.integers(0, 5, n)).astype(float)
    counter[500:] -= counter[500]
    rare = np.arange(n) % 17 == 3
    return {
        101: (times[gap].tolist(), walk[gap].tolist()),
        201: (times[rare].tolist(), (walk[rare] * 1e-7).tolist()),
        102: (times.tolist(), counter.tolist()),
    }


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Prometheus with those readings as a block; its address."""
    server, tool = require_program("prometheus"), require_program("promtool")
    folder: Path = tmp_path_factory.mktemp("prometheus")
    names = {
        101: (LEVEL, "c1-sp-01", "c1", "m"),
        201: (LEVEL, "c2-sp-01", "c2", "m"),
        102: (CURRENT, "c1-sp-01", "c1", "A"),
    }
    lines = []
    for metric in (LEVEL, CURRENT):
        lines.append(f"# TYPE {metric} gauge")
        for point, (name, facility, community, unit) in names.items():
            measurement = metric.rsplit("_", 1)[1]
            if name == metric:
                labels = (
                    f'class="sewage_pump",community="{community}",facility="{facility}",'
                    'facility_name="<script>alert(1)</script>",'
                    f'measurement="{measurement}",point="{point}",unit="{unit}"'
                )
                times, values = columns()[point]
                lines += [f"{metric}{{{labels}}} {v!r} {t / 1000:.3f}" for t, v in zip(times, values, strict=True)]
    (folder / "in.om").write_text("\n".join([*lines, "# EOF", ""]), "utf-8")
    (folder / "empty.yml").write_text("{}\n", "utf-8")
    blocks = ["tsdb", "create-blocks-from", "openmetrics", str(folder / "in.om"), str(folder / "data")]
    subprocess.run([str(tool), *blocks], check=True, capture_output=True, timeout=60)
    port = find_free_port()
    arguments = [f"--config.file={folder / 'empty.yml'}", f"--storage.tsdb.path={folder / 'data'}", "--log.level=error"]
    arguments += [f"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.retention.time=100y"]
    with subprocess.Popen([str(server), *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            base = f"http://127.0.0.1:{port}"
            _await(f"{base}/-/ready")
            yield base
        finally:
            process.terminate()


def _await(address: str) -> None:
    import time

    for _ in range(200):
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail("Prometheus did not start")


@pytest.fixture
def ours(world: World) -> tuple[PrometheusDesk, Caller]:  # noqa: F811 - the fixture
    """Our desk over the same readings, asked by somebody who sees everything."""
    for point, (times, values) in columns().items():
        world.store.commit(Commit(readings=readings(point=[point] * len(times), time_ms=times, value=values)))
    ports = world.ports()
    object.__setattr__(ports, "directory", HoldingDirectory())
    login = world.registry.login_by_name["administrator0"]
    caller = Caller(login=login, permissions=load().permissions_of(login), session="", expires_ms=0)
    return PrometheusDesk(ports, PlaceBook(ports.registry, ports.clock), world.settings), caller


def fetched(base: str, path: str, **params: Any) -> tuple[int, Any]:
    """An answer of Prometheus."""
    address = f"{base}/api/v1/{path}?{urllib.parse.urlencode(params)}"
    try:
        with urllib.request.urlopen(address, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def by_labels(data: Any) -> dict[str, list[tuple[float, float]]]:
    """Series by their labels, values as numbers."""
    return {
        json.dumps(one["metric"], sort_keys=True): [(at, float(v)) for at, v in one.get("values", [one.get("value")])]
        for one in data["result"]
    }


QUERIES = [
    *(LEVEL, CURRENT, f'{LEVEL}{{facility="c2-sp-01"}}', '{facility=~"c[12]-.*",unit!="m"}'),
    *(f'{LEVEL}{{community!~"c1|x"}}', f"{LEVEL} offset 7m", f"{LEVEL} offset -3m", f"{LEVEL} * 2 + 1"),
    *(f"100 - {LEVEL} / 0", f"-{LEVEL} ^ 2", f"{LEVEL} % 0.3", f"2 ^ 3 ^ 2 - -1 * {CURRENT}"),
    *(f"{name}_over_time({LEVEL}[4m])" for name in ("avg", "min", "max", "sum", "count", "last", "present", "stddev")),
    *(f"{name}({CURRENT}[{span}])" for name in ("rate", "increase", "delta") for span in ("1m", "5m", "45m", "15s")),
    *(f"delta({LEVEL}[4m])", f"rate({CURRENT}[5m] offset 10m)", f"sum(rate({CURRENT}[5m])) by (community)"),
    *(f"{name}({LEVEL})" for name in ("sum", "avg", "min", "max", "count", "stddev", "group")),
    f"avg without (facility, point, facility_name, community) ({LEVEL})",
    *(f"sum by (unit) ({LEVEL})", f"count by (nothing) ({LEVEL})", f"max(avg_over_time({LEVEL}[10m])) - 1"),
    *(f"abs(-{LEVEL})", f"ceil({LEVEL})", f"floor({LEVEL})", f"round({LEVEL})", f"sqrt({LEVEL})"),
    *(f"exp({LEVEL})", f"ln({LEVEL})", "1 / 0", "vector_that_is_not"),
]


@pytest.mark.parametrize("query", QUERIES)
def test_the_same_question_has_the_same_answer(query: str, real: str, ours: tuple[PrometheusDesk, Caller]) -> None:
    """Over an hour by the quarter minute, and at one moment: series, labels, moments and numbers."""
    desk, caller = ours
    span = {"query": query, "start": START_S, "end": END_S, "step": 15}
    moment = {"query": query, "time": END_S - 600}
    for path, params in (("query_range", span), ("query", moment)):
        status, theirs = fetched(real, path, **params)
        mine = getattr(desk, path)(caller, Parameters([(name, str(value)) for name, value in params.items()]))
        assert (mine.status, status) == (200, 200), (mine.text, theirs)
        answer = json.loads(mine.text)
        assert answer["data"]["resultType"] == theirs["data"]["resultType"]
        if answer["data"]["resultType"] == "scalar":
            assert answer == theirs
            continue
        got, wanted = by_labels(answer["data"]), by_labels(theirs["data"])
        assert got.keys() == wanted.keys()
        for key, values in wanted.items():
            assert [at for at, _ in got[key]] == [at for at, _ in values]
            for (_, one), (at, other) in zip(got[key], values, strict=True):
                assert one == pytest.approx(other, rel=1e-9, abs=1e-12) or (math.isnan(one) and math.isnan(other)), at


@pytest.mark.parametrize("query", [LEVEL, CURRENT])
def test_what_is_not_computed_is_the_same_to_the_byte(
    query: str, real: str, ours: tuple[PrometheusDesk, Caller]
) -> None:
    """The texts of the values, and so their digits."""
    desk, caller = ours
    params = {"query": query, "time": END_S}
    _, theirs = fetched(real, "query", **params)
    mine = json.loads(desk.query(caller, Parameters([(name, str(value)) for name, value in params.items()])).text)
    order = lambda one: one["metric"]["point"]  # noqa: E731
    assert sorted(mine["data"]["result"], key=order) == sorted(theirs["data"]["result"], key=order)


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("query", {"query": "sum("}),
        ("query", {"query": "rate(x)"}),
        ("query", {"query": '{a=~".*"}'}),
        ("query", {"query": "1", "time": "later"}),
        ("query_range", {"query": "1", "start": 0, "end": 11_001, "step": 1}),
        ("query_range", {"query": "1", "start": 5, "end": 1, "step": 1}),
    ],
)
def test_the_same_mistakes_are_refused_the_same_way(
    path: str, params: dict[str, Any], real: str, ours: tuple[PrometheusDesk, Caller]
) -> None:
    """Status and kind of error."""
    desk, caller = ours
    status, theirs = fetched(real, path, **params)
    mine = getattr(desk, path)(caller, Parameters([(name, str(value)) for name, value in params.items()]))
    answer = json.loads(mine.text)
    assert (mine.status, answer["status"], answer["errorType"]) == (status, theirs["status"], theirs["errorType"])
