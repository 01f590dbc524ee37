"""The studio's server: works by HTTP, for a page of this machine. docs/studio.md is its interface."""

import asyncio
import collections
import concurrent.futures
import contextlib
import dataclasses
import json
import pathlib
import re
import secrets
import threading
import typing
from collections.abc import Callable, Sequence

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from musicvae_jax.checkpoint import CheckpointError
from musicvae_jax.files import FileError
from surrogate.accompaniment.options import Options
from surrogate.rendering import page
from surrogate.studio import changes, state_json, take_files, work_file
from surrogate.studio.bandleader import Bandleader
from surrogate.studio.changes import ChangeError
from surrogate.studio.examples import Example
from surrogate.studio.melody_reader import MelodyFile
from surrogate.studio.work import Work

MOST_BYTES, MOST_SECONDS = 4 << 20, 20
"""Of what is sent."""
MOST_WORKS = 32
"""So many are kept; the one that was not asked for the longest goes first."""
IDLE_SECONDS = 1.0
"""How long it waits before it warms up for what may come."""
FIRST = "first"
"""The name of the work that the studio began with."""
_WEB = pathlib.Path(__file__).parent / "web"
_STATIC = page.PLAYER, _WEB
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}


class _Waiting(typing.NamedTuple):
    change: changes.Change
    superseded: asyncio.Event


@dataclasses.dataclass
class _OpenWork:
    work: Work
    number: int = 0
    waiting: list[_Waiting] = dataclasses.field(default_factory=list)


class Studio:
    """Works that are open, and what changes them, one after another.

    leader: a function that loads what writes; called once, in a thread of its own, when the server starts. examples: by
    name. soundfont: the file to play with, or None where there is none. begin_with: a file that is opened at the start,
    as the work FIRST. warm_up: numbers of bars for which the leader is warmed up once it is loaded, one after another
    while nothing else is to be written.
    """

    def __init__(
        self,
        leader: Callable[[], Bandleader],
        examples: dict[str, Example],
        soundfont: str | None = None,
        begin_with: MelodyFile | None = None,
        warm_up: Sequence[int] = (),
    ):
        self._load, self._examples, self._soundfont, self._begin_with = leader, examples, soundfont, begin_with
        self._warm_up = warm_up
        self._works: collections.OrderedDict[str, _OpenWork] = collections.OrderedDict()

    def app(self) -> Starlette:
        """The application, which a Guard is to stand before."""
        routes = [
            Route("/", self._page),
            Route("/static/{name}", self._static),
            Route("/soundfont", self._soundfont_file),
            Route("/examples", self._example_list),
            Route("/works", self._begin, methods=["POST"]),
            Route("/works/{work}", self._state, methods=["GET"]),
            Route("/works/{work}", self._forget, methods=["DELETE"]),
            Route("/works/{work}/changes", self._change, methods=["POST"]),
            Route("/works/{work}/files/{name}", self._file),
        ]
        mistakes = HTTPException, ClientDisconnect, ChangeError, FileError, CheckpointError, Exception
        return Starlette(
            routes=routes,
            exception_handlers=dict.fromkeys(mistakes, _mistake),
            middleware=[Middleware(_Closing)],
            lifespan=self._lifespan,
        )

    @contextlib.asynccontextmanager
    async def _lifespan(self, app):
        self._turn, self._leader = asyncio.Lock(), asyncio.get_running_loop().create_future()
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._prepare, args=(loop,), daemon=True).start()
        self._first = None if self._begin_with is None else asyncio.create_task(self._open(self._begin_with, FIRST))
        yield

    def _prepare(self, loop):
        try:
            result, error = self._load(), None
        except Exception as mistake:
            result, error = None, mistake

        def tell():
            if not self._leader.done():
                self._leader.set_exception(error) if error else self._leader.set_result(result)

        with contextlib.suppress(RuntimeError, concurrent.futures.CancelledError):  # the loop is closed
            loop.call_soon_threadsafe(tell)
            for bars in self._warm_up if result else ():
                asyncio.run_coroutine_threadsafe(self._idle(), loop).result()
                result.warm_up(bars)

    async def _idle(self):
        """Until nothing is to be written."""
        await asyncio.sleep(IDLE_SECONDS)
        async with self._turn:
            pass

    async def _page(self, request):
        return HTMLResponse(page.filled((_WEB / "index.html").read_text(encoding="utf-8"), {}))

    async def _static(self, request):
        name = request.path_params["name"]
        for folder in _STATIC:
            if re.fullmatch(r"[\w-][\w.-]*\.(js|css)", name) and (folder / name).is_file():
                return FileResponse(folder / name, media_type=_TYPES[pathlib.Path(name).suffix])
        raise HTTPException(404, f"there is no {name}")

    async def _soundfont_file(self, request):
        if self._soundfont is None:
            return Response(status_code=204)
        return FileResponse(self._soundfont)

    async def _example_list(self, request):
        return JSONResponse([{"name": name, "title": own.title} for name, own in self._examples.items()])

    async def _begin(self, request):
        body = await _body(request)
        if "name" in request.query_params:
            file = MelodyFile(request.query_params["name"][-200:], body)
        else:
            asked = _json(body)
            name = asked.get("example") if isinstance(asked, dict) else None
            if not isinstance(name, str) or name not in self._examples:
                raise HTTPException(400, "send a file with ?name=, or the name of an example")
            file = self._examples[name].file()
        name = secrets.token_hex(8)
        await self._open(file, name)
        return await self._answer(name)

    async def _open(self, file, name):
        leader = await asyncio.shield(self._leader)
        async with self._turn:
            if work_file.is_named(file.name):
                work = await run_in_threadpool(work_file.opened, file, leader)
            else:
                work = await run_in_threadpool(leader.begin, file, Options())
        self._works[name] = _OpenWork(work)
        while len(self._works) > MOST_WORKS:
            self._works.popitem(last=False)

    async def _state(self, request):
        if request.path_params["work"] == FIRST and self._first is not None:
            await asyncio.shield(self._first)
        return await self._answer(self._name(request))

    async def _forget(self, request):
        del self._works[self._name(request)]
        return JSONResponse({})

    async def _change(self, request):
        name = self._name(request)
        opened, change = self._works[name], changes.parse(_json(await _body(request)))
        waiting = _Waiting(change, asyncio.Event())
        for other in opened.waiting:  # which may have overtaken it
            newer, older = sorted((other, waiting), key=lambda each: each.change.number)[::-1]
            if changes.replaces(newer.change, older.change):
                older.superseded.set()
        opened.waiting.append(waiting)
        leader = await asyncio.shield(self._leader)
        async with self._turn:
            opened.waiting.remove(waiting)
            if waiting.superseded.is_set():
                raise HTTPException(409, "superseded")
            opened.work = await run_in_threadpool(leader.changed, opened.work, change)
            opened.number = change.number
            return await self._answer(name)

    async def _answer(self, name):
        if name not in self._works:
            raise HTTPException(404, "this work was closed")
        opened, knows_chords = self._works[name], (await asyncio.shield(self._leader)).knows_chords
        told = {"knows_chords": knows_chords, "soundfont": self._soundfont is not None}
        return JSONResponse(await run_in_threadpool(state_json.of_work, name, opened.work, opened.number, **told))

    async def _file(self, request):
        opened, name = self._works[self._name(request)], request.path_params["name"]
        with_sections = request.query_params.get("sections") == "true"
        content, media = await run_in_threadpool(
            take_files.content, opened.work, name, soundfont=self._soundfont, with_sections=with_sections
        )
        return Response(content, media_type=media, headers={"content-disposition": "attachment"})

    def _name(self, request):
        name = request.path_params["work"]
        if name not in self._works:
            raise HTTPException(404, "there is no such work; open it again")
        self._works.move_to_end(name)
        return name


class _Closing:
    """What is not yet answered when the studio is closed, is told so."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def send_on(message):
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        except asyncio.CancelledError:
            if begun or scope["type"] != "http":
                raise
            await JSONResponse({"error": "the studio was closed; start it again"}, 503)(scope, receive, send)


async def _body(request: Request) -> bytes:
    """What is sent, refused where it is too much or comes too slowly."""
    parts, size = [], 0
    try:
        async with asyncio.timeout(MOST_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > MOST_BYTES:
                    raise HTTPException(413, f"the file is larger than {MOST_BYTES >> 20} MB; is it a MIDI file?")
                parts.append(part)
    except TimeoutError:
        raise HTTPException(408, f"the file did not come within {MOST_SECONDS} s") from None
    return b"".join(parts)


def _json(body: bytes) -> typing.Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise HTTPException(400, "what was sent is no JSON") from None


async def _mistake(request: Request, mistake: Exception) -> JSONResponse:
    """One line that says what is wrong."""
    status = mistake.status_code if isinstance(mistake, HTTPException) else 400
    words = mistake.detail if isinstance(mistake, HTTPException) else str(mistake)
    if not isinstance(mistake, HTTPException | ChangeError | FileError | CheckpointError):
        status, words = 500, f"the studio failed: {type(mistake).__name__}: {mistake}"
    return JSONResponse({"error": " ".join(words.split())}, status)
