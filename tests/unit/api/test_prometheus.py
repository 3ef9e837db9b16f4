"""The query interface: shapes, sight, bounds, and the same numbers as a reading word by word."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.application import routes
from api.guard import GuardedRoute
from api.prometheus.answers import moment, number
from api.prometheus.courses import Ask, bucket_ms
from api.prometheus.evaluate import Course, Vector, evaluate
from api.prometheus.grammar import parse
from api.tokens import Tokens
from core.errors import Unavailable
from core.ports.store import Commit
from core.quality import GOOD, QualityClass, Reason, quality
from core.readings import readings
from store.memory import MemoryStore
from tests.unit.api.world import NOW_MS, World

TIMEOUT = quality(QualityClass.NOT_MEASURED, Reason.TIMEOUT)
ROOT = "/prometheus/api/v1"
NOW_S = NOW_MS // 1000


def ask(world: World, path: str, login: str = "manager1", /, **params: Any) -> Any:
    with world.client(login) as client:
        return client.get(f"{ROOT}/{path}", params={name.replace("match", "match[]"): v for name, v in params.items()})


def keep(
    world: World, values: list[float], point: int = 101, codes: list[int] | None = None, every_ms: int = 10_000
) -> None:
    """Readings every 10 s, the last one 5 s ago."""
    n = len(values)
    times = NOW_MS - 5_000 - np.arange(n - 1, -1, -1, dtype=np.int64) * every_ms
    world.store.commit(
        Commit(readings=readings(point=[point] * n, time_ms=times, value=values, quality=codes or [GOOD] * n))
    )


def test_an_instant_query_is_shaped_as_documented(world: World) -> None:
    """Byte for byte: status, type, labels sorted, the time as a number and the value as a text."""
    keep(world, [1.0, 1.5])
    assert ask(world, "query", query="sewage_pump_level", time=NOW_S).text == (
        '{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"sewage_pump_level",'
        '"class":"sewage_pump","community":"c1","facility":"c1-sp-01","facility_name":"中<script>alert(1)</script>",'
        f'"measurement":"level","point":"101","unit":"m"}},"value":[{NOW_S},"1.5"]}}]}}}}'
    )
    assert ask(world, "query", query="1+1", time=f"{NOW_S}.05").text == (
        f'{{"status":"success","data":{{"resultType":"scalar","result":[{NOW_S}.050,"2"]}}}}'
    )


def test_a_range_query_is_shaped_as_documented(world: World) -> None:
    """A matrix with a value for each moment at which there is one; a number has one everywhere."""
    keep(world, [1.0, 2.0, 3.0])
    span = {"start": NOW_S - 40, "end": NOW_S, "step": 10}
    answer = ask(world, "query_range", query="max(sewage_pump_level)", **span)
    values = f'[[{NOW_S - 20},"1"],[{NOW_S - 10},"2"],[{NOW_S},"3"]]'
    assert answer.text == (
        '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":' + values + "}]}}"
    )
    constant = ask(world, "query_range", query="7", **span).json()["data"]["result"]
    assert [one[1] for one in constant[0]["values"]] == ["7"] * 5


@pytest.mark.parametrize(
    ("path", "params", "status", "kind"),
    [
        ("query", {"query": "a > 1"}, 400, "bad_data"),
        ("query", {}, 400, "bad_data"),
        ("query", {"query": "1", "time": "later"}, 400, "bad_data"),
        ("query_range", {"query": "1", "start": 5, "end": 4, "step": 1}, 400, "bad_data"),
        ("query_range", {"query": "1", "start": 0, "end": 11_001, "step": 1}, 400, "bad_data"),
        ("query_range", {"query": "1", "start": 0, "end": NOW_S, "step": "1d"}, 422, "execution"),
        ("series", {}, 400, "bad_data"),
        ("series", {"match": "a+1"}, 400, "bad_data"),
    ],
)
def test_a_wrong_question_is_answered_as_documented(
    path: str, params: dict[str, Any], status: int, kind: str, world: World
) -> None:
    """Status and kind of error as in Prometheus, the reason in the reader's language."""
    answer = ask(world, path, **params)
    assert (answer.status_code, answer.json()["status"], answer.json()["errorType"]) == (status, "error", kind)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["error"]


def test_eleven_thousand_points_are_answered(world: World) -> None:
    """The bound is that of Prometheus."""
    answer = ask(world, "query_range", query="1", start=0, end=11_000, step=1)
    assert len(answer.json()["data"]["result"][0]["values"]) == 11_001


def test_the_form_asks_the_same(world: World) -> None:
    """Grafana sends long queries as a form; the address may say the rest."""
    keep(world, [4.0])
    with world.client("manager1") as client:
        form = client.post(f"{ROOT}/query?time={NOW_S}", data={"query": "sewage_pump_level*2"})
        assert form.json()["data"]["result"][0]["value"][1] == "8"
        assert client.post(f"{ROOT}/series", data={"match[]": '{class="sewage_pump"}'}).json()["status"] == "success"
        wrong = client.post(
            f"{ROOT}/query", content=b"query=\xff", headers={"content-type": "application/x-www-form-urlencoded"}
        )
        assert wrong.status_code == 400


def test_nobody_asks_about_what_they_do_not_see(world: World) -> None:
    """Series of other communities are in no answer, whatever is matched; a token sees what its login sees."""
    keep(world, [1.0], point=101)
    keep(world, [9.0], point=201)
    everything = '{__name__=~".+"}'
    assert {one["facility"] for one in ask(world, "series", match=everything).json()["data"]} == {"c1-sp-01"}
    assert ask(world, "label/facility/values").json()["data"] == ["c1-sp-01"]
    assert ask(world, "query", query="sum(sewage_pump_level)").json()["data"]["result"][0]["value"][1] == "1"
    assert ask(world, "query", query='sewage_pump_level{community="c2"}').json()["data"]["result"] == []
    assert (
        ask(world, "query", "administrator0", query="sum(sewage_pump_level)").json()["data"]["result"][0]["value"][1]
        == "10"
    )
    secret = Tokens(world.engine).make("manager1", "t", ["series:read"], 1, "x", NOW_MS).secret
    with world.client() as client:
        got = client.get(f"{ROOT}/label/community/values", headers={"Authorization": f"Bearer {secret}"})
    assert got.json()["data"] == ["c1"]


def test_labels_values_metadata_and_build(world: World) -> None:
    """What a query builder asks first."""
    assert "facility_name" in ask(world, "labels").json()["data"]
    assert ask(world, "labels", match='{facility="none"}').json()["data"] == []
    assert ask(world, "label/__name__/values").json()["data"] == ["sewage_pump_current", "sewage_pump_level"]
    assert ask(world, "label/unit/values", match="sewage_pump_level").json()["data"] == ["m"]
    assert ask(world, "label/nonsense/values").json()["data"] == []
    assert ask(world, "metadata", metric="sewage_pump_level").json()["data"] == {
        "sewage_pump_level": [{"type": "gauge", "help": "Sewage pump: Level", "unit": "m"}]
    }
    assert ask(world, "status/buildinfo").json()["data"]["application"] == "Twingrid"


def test_a_value_holds_as_long_as_its_point_says_and_not_beyond_a_failure(world: World) -> None:
    """30 s here: gone after that, and gone at once when the newest reading is not good."""
    keep(world, [1.0])
    read_s = NOW_S - 5
    for after, there in ((0, True), (29, True), (30, False)):
        found = ask(world, "query", query="sewage_pump_level", time=read_s + after).json()["data"]["result"]
        assert bool(found) is there, after
    keep(world, [2.0, math.nan], codes=[GOOD, TIMEOUT], every_ms=2_000)
    assert ask(world, "query", query="sewage_pump_level", time=NOW_S).json()["data"]["result"] == []
    counted = ask(world, "query", query="count_over_time(sewage_pump_level[1m])", time=NOW_S).json()
    assert counted["data"]["result"][0]["value"][1] in ("1", "2")


def test_a_store_that_does_not_answer_is_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 in the shape of Prometheus."""

    def down(*_: Any) -> Any:
        raise Unavailable("the store does not answer")

    monkeypatch.setattr(MemoryStore, "read", down)
    answer = ask(world, "query", query="sewage_pump_level")
    assert (answer.status_code, answer.json()["errorType"]) == (503, "unavailable")


def test_a_long_time_is_answered_from_aggregates_and_says_so(world: World) -> None:
    """A month at 10 s: hours are averaged from aggregates, exactly where they fit; the answer warns."""
    n = 30 * 8_640
    times = NOW_MS - NOW_MS % 3_600_000 - np.arange(n, 0, -1, dtype=np.int64) * 10_000
    value = np.sin(np.arange(n) / 500.0)
    world.store.commit(Commit(readings=readings(point=[101] * n, time_ms=times, value=value)))
    end = (NOW_MS - NOW_MS % 3_600_000) // 1000
    query = {"query": "avg_over_time(sewage_pump_level[1h])", "start": end - 29 * 86_400, "end": end, "step": "1h"}
    answer = ask(world, "query_range", "administrator0", **query).json()
    assert answer["warnings"] == ["over so long a time, values were taken from aggregates of 1h"]
    values = [float(one[1]) for one in answer["data"]["result"][0]["values"]]
    hours = value.reshape(-1, 360).mean(axis=1)[-len(values) :]
    assert len(values) == 29 * 24 + 1
    assert values == pytest.approx(hours, abs=1e-9)


def test_what_reads_too_much_is_refused_with_what_to_do(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many readings in windows too short for aggregates; and more series than a query reads."""
    keep(world, [1.0] * 300)
    monkeypatch.setattr("api.prometheus.courses.MOST_READINGS", 200)
    monkeypatch.setattr("api.prometheus.courses._FEW", 100)
    query = {"query": "sum_over_time(sewage_pump_level[1s])", "start": NOW_S - 6_000, "end": NOW_S, "step": "1s"}
    answer = ask(world, "query_range", **query)
    assert (answer.status_code, answer.json()["errorType"]) == (422, "execution")
    world.settings = replace(world.settings, max_query_series=1)
    many = ask(world, "query", query='{class="sewage_pump"}')
    assert (many.status_code, many.json()["errorType"]) == (422, "execution")


# --- numbers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (-0.0, "-0"), (1.0, "1"), (0.1, "0.1"), (1e-6, "0.000001"), (1e-7, "1e-07"), (1.5e-7, "1.5e-07"),
        (123456789012345680.0, "123456789012345680"), (1e21, "1e+21"), (1.5e300, "1.5e+300"), (-2.5, "-2.5"),
        (math.inf, "+Inf"), (-math.inf, "-Inf"), (math.nan, "NaN"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_prometheus_writes_them(value: float, text: str) -> None:
    """Shortest digits; plain between 1e-6 and 1e21."""
    assert number(value) == text


@given(st.floats())
def test_a_number_is_read_back_as_it_was(value: float) -> None:
    """Nothing is lost in writing."""
    again = float(number(value).replace("Inf", "inf"))
    assert again == value or (math.isnan(again) and math.isnan(value))


def test_moments_have_three_digits_or_none() -> None:
    """As Prometheus writes them."""
    assert [moment(ms) for ms in (0, 1_000, 1_050, 1_795_000_000_137)] == ["0", "1", "1.050", "1795000000.137"]


COLUMN = st.lists(st.tuples(st.integers(0, 200), st.integers(-5, 5)), unique_by=lambda p: p[0], max_size=30).map(sorted)


def course(rows: list[tuple[int, int]]) -> Course:
    value = np.array([float(v) for _, v in rows])
    return Course(
        labels={"__name__": "x", "a": "1"},
        hold_ms=20,
        time_ms=np.array([t for t, _ in rows], np.int64),
        good=np.ones(len(rows), np.bool_),
        last=value,
        low=value,
        high=value,
        total=value,
        count=np.ones(len(rows), np.int64),
    )


BY_HAND: dict[str, Callable[[list[int]], float]] = {
    "avg_over_time": lambda v: sum(v) / len(v),
    "min_over_time": min,
    "max_over_time": max,
    "sum_over_time": sum,
    "count_over_time": len,
    "last_over_time": lambda v: v[-1],
    "present_over_time": lambda _v: 1,
    "stddev_over_time": lambda v: math.sqrt(sum((x - sum(v) / len(v)) ** 2 for x in v) / len(v)),
}


@given(COLUMN, st.integers(1, 60), st.sampled_from(sorted(BY_HAND)))
def test_windows_are_what_they_are_word_by_word(rows: list[tuple[int, int]], range_ms: int, function: str) -> None:
    """(t − range, t], at every moment, for every function."""
    times = np.arange(0, 220, 7, dtype=np.int64)
    found = evaluate(parse(f"{function}(x[{range_ms}ms])"), times, lambda _s: [course(rows)])
    assert isinstance(found, Vector)
    wanted = {t: [v for at, v in rows if t - range_ms < at <= t] for t in times.tolist()}
    got = (
        {}
        if not found.labels
        else {t: float(found.value[0, i]) for i, t in enumerate(times.tolist()) if found.there[0, i]}
    )
    assert got.keys() == {t for t, inside in wanted.items() if inside}
    for t, value in got.items():
        assert value == pytest.approx(BY_HAND[function](wanted[t]), abs=1e-6)


@given(st.lists(st.integers(0, 50), min_size=2, max_size=20))
def test_a_counter_that_starts_anew_only_grows(values: list[int]) -> None:
    """The increase is that of the counter with its resets added back, never below 0."""
    rows = [(i * 10, v) for i, v in enumerate(values)]
    at = (len(values) - 1) * 10
    found = evaluate(parse(f"increase(x[{at + 1}ms])"), np.array([at], np.int64), lambda _s: [course(rows)])
    assert isinstance(found, Vector)
    grown = sum(b - a if b >= a else b for a, b in itertools.pairwise(values))
    assert float(found.value[0, 0]) == pytest.approx(
        grown * (at + min(1, 1)) / at if grown and values[0] else grown, rel=0.2
    )
    assert float(found.value[0, 0]) >= 0


@given(st.integers(0, 10**12), st.integers(1, 10**9), st.integers(0, 10**9))
def test_aggregates_never_blur_a_window(first_ms: int, step_ms: int, range_ms: int) -> None:
    """Their width divides first moment, step and range, or is a quarter of the narrowest at most."""
    width = bucket_ms(Ask(first_ms=first_ms, last_ms=first_ms + step_ms * 10, step_ms=step_ms, range_ms=range_ms))
    if width:
        narrow = min(one for one in (step_ms, range_ms) if one)
        exact = not (first_ms % width or step_ms % width or range_ms % width)
        assert width <= narrow
        assert exact or width * 4 <= narrow


def test_the_document_names_what_is_asked() -> None:
    """Every operation of the interface stands under the token's scope."""
    from api.policy import load

    names = {one.operation_id for one in routes() if isinstance(one, GuardedRoute) and one.path.startswith(ROOT)}
    assert len(names) == 11
    assert names <= load().scopes["series:read"]
