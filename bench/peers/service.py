"""A small service of the design that edgeframe replaces, to measure beside it.

Sessions are pandas DataFrames behind FastAPI. Each is a pickle: a file of DIRECTORY, or a value of the
Redis at REDIS_URL if that is set. Every request reads the DataFrame that it needs, and every change
writes it again. A version is a copy; undo and redo copy it back. The paths are those of edgeframe, so
that the same client measures both. Pages and tables are JSON.
"""

import io
import os
import pickle
import time
import uuid
from pathlib import Path

import pandas
import redis
from fastapi import Body, FastAPI, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool

MAX_VERSIONS = 10
TTL_SECONDS = 3600


class DiskBackend:
    """Keeps each value in a file."""

    def __init__(self, directory):
        self.directory = Path(directory)

    def path(self, key):
        return self.directory / key.replace(":", "-")

    def get(self, key):
        try:
            return self.path(key).read_bytes()
        except FileNotFoundError:
            return None

    def set(self, key, value):
        self.path(key).write_bytes(value)

    def delete(self, *keys):
        for key in keys:
            self.path(key).unlink(missing_ok=True)

    def health(self):
        return {"backend_type": "disk", "active_sessions": len(list(self.directory.glob("meta-*")))}


class RedisBackend:
    """Keeps each value in Redis."""

    def __init__(self, url):
        self.client = redis.Redis.from_url(url)

    def get(self, key):
        return self.client.get(key)

    def set(self, key, value):
        self.client.setex(key, TTL_SECONDS, value)

    def delete(self, *keys):
        self.client.delete(*keys)

    def health(self):
        begin = time.perf_counter()
        self.client.ping()
        latency = 1000 * (time.perf_counter() - begin)
        sessions = sum(1 for _ in self.client.scan_iter("meta:*", count=1000))
        version = self.client.info("server")["redis_version"]
        return {"backend_type": "redis", "active_sessions": sessions, "latency_ms": latency, "version": version}


if "REDIS_URL" in os.environ:
    backend = RedisBackend(os.environ["REDIS_URL"])
else:
    backend = DiskBackend(os.environ["DIRECTORY"])
app = FastAPI()


def get(key):
    value = backend.get(key)
    if value is None:
        raise HTTPException(404, "session_not_found")
    return pickle.loads(value)


def put(key, value):
    backend.set(key, pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL))


def get_dataframe(session):
    return get(f"data:{session}")


def update_dataframe(session, table):
    put(f"data:{session}", table)


def create_version(session, meta, table):
    """Makes a version of table, and forgets those that were undone and the oldest ones."""
    dropped = meta["versions"][meta["at"] + 1:]
    meta["versions"] = meta["versions"][: meta["at"] + 1] + [meta["next"]]
    dropped += meta["versions"][:-MAX_VERSIONS]
    meta["versions"] = meta["versions"][-MAX_VERSIONS:]
    put(f"version:{session}:{meta['next']}", table)
    meta["next"] += 1
    meta["at"] = len(meta["versions"]) - 1
    put(f"meta:{session}", meta)
    if dropped:
        backend.delete(*(f"version:{session}:{number}" for number in dropped))


def create_session(body):
    table = pandas.read_csv(io.BytesIO(body))
    session = str(uuid.uuid4())
    update_dataframe(session, table)
    create_version(session, {"versions": [], "at": -1, "next": 1}, table)
    return {"session_id": session, "shape": list(table.shape)}


@app.post("/api/v1/sessions", status_code=201)
async def upload(request: Request):
    return await run_in_threadpool(create_session, await request.body())


@app.get("/api/v1/sessions/{session}/data")
def read(session: str, offset: int = 0, limit: int = 100, format: str = "page"):
    table = get_dataframe(session)
    if format == "page":
        table = table.iloc[offset : offset + limit]
    return Response(table.to_json(orient="records"), media_type="application/json")


@app.patch("/api/v1/sessions/{session}/data")
def edit(session: str, body: dict = Body(...)):
    table, meta = get_dataframe(session), get(f"meta:{session}")
    for operation in body["operations"]:
        table.iloc[operation["rows"], table.columns.get_loc(operation["column"])] = operation["values"]
    update_dataframe(session, table)
    create_version(session, meta, table)
    return {"session_id": session, "shape": list(table.shape)}


@app.post("/api/v1/sessions/{session}/versions", status_code=201)
def snapshot(session: str):
    create_version(session, get(f"meta:{session}"), get_dataframe(session))
    return {"session_id": session}


def move(session, by):
    meta = get(f"meta:{session}")
    meta["at"] += by
    if not 0 <= meta["at"] < len(meta["versions"]):
        raise HTTPException(409, "nothing_to_move_to")
    update_dataframe(session, get(f"version:{session}:{meta['versions'][meta['at']]}"))
    put(f"meta:{session}", meta)
    return {"session_id": session}


@app.post("/api/v1/sessions/{session}/undo")
def undo(session: str):
    return move(session, -1)


@app.post("/api/v1/sessions/{session}/redo")
def redo(session: str):
    return move(session, 1)


@app.delete("/api/v1/sessions/{session}", status_code=204)
def delete(session: str):
    meta = get(f"meta:{session}")
    backend.delete(f"meta:{session}", f"data:{session}", *(f"version:{session}:{n}" for n in meta["versions"]))
    return Response(status_code=204)


@app.get("/health/storage")
def health():
    return {"status": "healthy", **backend.health()}
