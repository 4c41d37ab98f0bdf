"""What the API says of itself, OpenAPI 3.1: also how one signs in, which no function shows."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from desk.context import Desk
from desk.security.visitors import CSRF, UNSAFE, cookie_name

SIGN_IN = ("/api/v1/session", "post")
OPEN_TO_ALL = {SIGN_IN, ("/healthz", "get"), ("/readyz", "get")}


def describe(app: FastAPI, desk: Desk) -> None:
    """`app.openapi` with the cookie and the token in it; made once."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(
                title=app.title,
                version=app.version,
                openapi_version=app.openapi_version,
                description=app.description,
                routes=app.routes,
            )
            _say_who_may(made, desk)
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]


def _say_who_may(made: dict[str, Any], desk: Desk) -> None:
    made.setdefault("components", {})["securitySchemes"] = {
        "session": {"type": "apiKey", "in": "cookie", "name": cookie_name(desk)},
        "csrf": {
            "type": "apiKey",
            "in": "header",
            "name": CSRF,
            "description": "`csrf` of GET /api/v1/me.",
        },
    }
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            if (path, method) in OPEN_TO_ALL:
                continue
            needs: dict[str, list[str]] = {"session": []}
            operation["security"] = [needs | ({"csrf": []} if method.upper() in UNSAFE else {})]
