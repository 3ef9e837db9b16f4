"""The application: routes behind the gate, the perimeter around them, the pages beside them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount

from api import policy, problems
from api.documentation import TITLE, VERSION
from api.guard import check_routes
from api.pages import Pages
from api.perimeter import Perimeter
from api.ports import ApiPorts
from api.problems import ProblemError
from api.routes import (
    alarms,
    backtests,
    cases,
    closure,
    configurations,
    departments,
    documents,
    enrolment,
    equipment,
    evaluation,
    exchange,
    flags,
    folding,
    funds,
    imports,
    intakes,
    notifications,
    places,
    plans,
    prometheus,
    records,
    registry,
    revisits,
    rules,
    series,
    session,
    stream,
    system,
    tokens,
    webhooks,
)
from api.services import Services, build
from api.settings import ApiSettings
from core.errors import TwingridError

_COMPRESS_FROM_BYTES = 1_024
_COMPRESS_LEVEL = 5


def routes() -> list[BaseRoute]:
    """Every route of the API, in order."""
    routers = (
        session.router,
        tokens.router,
        places.router,
        series.router,
        prometheus.router,
        equipment.router,
        records.router,
        documents.router,
        imports.router,
        registry.router,
        alarms.router,
        folding.router,
        flags.router,
        cases.router,
        closure.router,
        evaluation.router,
        funds.router,
        plans.router,
        intakes.router,
        departments.router,
        exchange.router,
        webhooks.router,
        revisits.router,
        system.router,
        configurations.router,
        enrolment.router,
        backtests.router,
        rules.router,
        notifications.router,
        stream.router,
        system.probes,
    )
    return [route for router in routers for route in router.routes]


def create_app(ports: ApiPorts, settings: ApiSettings) -> FastAPI:
    """Build one API process's application; nothing runs before its lifespan is entered.

    Raises:
        core.errors.Invalid: if a route is not guarded or has no entry in the policy.
        RuntimeError: if ``settings.web_root`` holds no built pages.
    """
    granted = policy.load()
    served = routes()
    check_routes(served, granted)
    services = build(ports, settings, granted)
    app = FastAPI(
        title=TITLE,
        version=VERSION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    app.state.services = services
    app.router.routes.extend(served)
    if settings.web_root is not None:
        app.router.routes.append(
            Mount("/", Pages(settings.web_root, kept_on_phones=settings.kept_on_phones), name="pages")
        )
    _handle_errors(app)
    app.add_middleware(GZipMiddleware, minimum_size=_COMPRESS_FROM_BYTES, compresslevel=_COMPRESS_LEVEL)
    app.add_middleware(Perimeter, settings=settings, metrics=services.metrics)
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    await run_in_threadpool(services.setup.prepare, services.ports.clock.now_ms())
    async with services.live.running():
        yield


def _handle_errors(app: FastAPI) -> None:
    async def explained(request: Request, error: Exception) -> Response:
        problem = problems.translate(error)
        owner = None
        if problem.owner is not None:
            services: Services = request.app.state.services
            book = await run_in_threadpool(services.book.now)
            owner = book.person_ref(problem.owner)
        return problems.answer(request, problem, owner)

    async def invalid(request: Request, error: Exception) -> Response:
        return problems.answer(request, problems.of_validation(error))

    async def refused(request: Request, error: Exception) -> Response:
        return problems.answer(request, problems.of_http(error))

    for kind in (ProblemError, TwingridError, SQLAlchemyError):
        app.add_exception_handler(kind, explained)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, refused)
