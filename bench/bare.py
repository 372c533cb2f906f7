"""The yardstick: a bare Starlette route that reads the body and answers 201 with ``{}``."""

from __future__ import annotations

import json
import socket

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


async def write(request: Request) -> JSONResponse:
    await request.body()
    return JSONResponse({}, status_code=201)


def main() -> None:
    app = Starlette(routes=[Route("/twilio_segment/batch_custom_event", write, methods=["POST"])])
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    print(json.dumps({"url": f"http://127.0.0.1:{bound.getsockname()[1]}"}), flush=True)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, loop="uvloop", http="httptools"))
    server.run(sockets=[bound])


if __name__ == "__main__":
    main()
