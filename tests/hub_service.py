"""A stand-in of the Hugging Face hub on this machine: repositories in memory, their branches as commits of files."""

import base64
import contextlib
import hashlib
import http.server
import json
import threading
import urllib.parse


class HubService:
    """What was pushed: {repository: {branch: commit}}, {commit: {path: bytes}}; asked: method and path of requests."""

    def __init__(self):
        self.branches, self.commits, self.asked, self.created = {}, {}, [], {}

    def create(self, request):
        repository = f"{request['organization']}/{request['name']}"
        self.created[repository] = request
        self.branches.setdefault(repository, {"main": self._commit({})})
        return {"url": f"/{repository}", "name": repository}

    def commit(self, repository, branch, lines):
        files = dict(self.commits[self.branches[repository][branch]])
        for line in map(json.loads, lines.splitlines()):
            if line["key"] == "file":
                files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
        self.branches[repository][branch] = done = self._commit(files)
        return {"commitUrl": f"/{repository}/commit/{done}", "commitOid": done, "success": True}

    def _commit(self, files):
        number = hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()
        self.commits[number] = files
        return number

    def answer(self, method, path, body):
        """JSON, or (commit, content) of a file, or None where there is nothing."""
        words = [urllib.parse.unquote(word) for word in path.strip("/").split("/")]
        match method, words:
            case "POST", ["api", "repos", "create"]:
                return self.create(json.loads(body))
            case "POST", ["api", "validate-yaml"]:
                return {"errors": [], "warnings": []}
            case "POST", ["api", "models", owner, name, "branch", branch]:
                own = self.branches[f"{owner}/{name}"]
                own.setdefault(branch, own["main"])
                return {}
            case "POST", ["api", "models", _, _, "preupload", _]:
                files = [file["path"] for file in json.loads(body)["files"]]
                return {"files": [{"path": file, "uploadMode": "regular", "shouldIgnore": False} for file in files]}
            case "POST", ["api", "models", owner, name, "commit", branch]:
                return self.commit(f"{owner}/{name}", branch, body.decode())
            case "GET", ["api", "models", owner, name, "revision", revision]:
                commit = self.branches.get(f"{owner}/{name}", {}).get(revision)
                return commit and {"id": f"{owner}/{name}", "sha": commit, "siblings": []}
            case "GET", ["api", "models", _, _, "tree", commit]:
                files = self.commits[commit].items()
                return [{"type": "file", "path": path, "size": len(data), "oid": _oid(data)} for path, data in files]
            case "GET" | "HEAD", [_, _, "resolve", commit, *parts]:
                return commit, self.commits[commit]["/".join(parts)]
        return None


def _oid(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@contextlib.contextmanager
def running():
    """A HubService and its address."""
    service = HubService()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do(self):
            path = urllib.parse.urlsplit(self.path).path
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            service.asked.append((self.command, path))
            answer = service.answer(self.command, path, body)
            if isinstance(answer, tuple):
                commit, data = answer
                self.send_response(200)
                self.send_header("ETag", f'"{_oid(data)}"')
                self.send_header("X-Repo-Commit", commit)
            else:
                data = json.dumps(answer or {"error": "there is no such repository"}).encode()
                self.send_response(404 if answer is None else 200)
                if answer is None:
                    self.send_header("X-Error-Code", "RepoNotFound")
                self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        do_GET = do_POST = do_HEAD = do

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield service, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
