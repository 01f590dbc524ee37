"""Who may talk to the studio: whoever knows its token, by its own address, and no page of another origin."""

import secrets

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_POLICY = {
    "default-src": "'self'",
    "script-src": "'self' 'wasm-unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "connect-src": "'self' blob:",
    "worker-src": "'self' blob:",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "; ".join(map(" ".join, _POLICY.items())),
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",  # whose path would hold the token
    "x-content-type-options": "nosniff",
}
"""Of every answer."""


class Guard:
    """An ASGI application that lets another one answer, without the token in the path, what is allowed to ask."""

    def __init__(self, app: ASGIApp, *, port: int, token: str):
        self._app, self._prefix = app, f"/{token}/"
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = [(name.decode("latin1"), value.decode("latin1")) for name, value in scope["headers"]]
        hosts, origins = ([value for name, value in headers if name == own] for own in ("host", "origin"))
        path = scope["path"].encode()
        is_allowed = (
            scope["type"] == "http"
            and len(hosts) == 1
            and hosts[0] in self._hosts
            and all(origin in {f"http://{host}" for host in self._hosts} for origin in origins)
            and secrets.compare_digest(path[: len(self._prefix)], self._prefix.encode())
        )

        async def send_with_headers(message):
            if message["type"] == "http.response.start":
                own = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message = message | {"headers": [*message["headers"], *own]}
            await send(message)

        if not is_allowed:
            await JSONResponse({"error": "not allowed"}, 403)(scope, receive, send_with_headers)
            return
        inner = scope | {"path": scope["path"][len(self._prefix) - 1 :]}
        await self._app(inner, receive, send_with_headers)
