"""A KDR diagnoser with Python's standard library alone: does this process carry a marker in its command line? Usage: diagnoser.py SOCKET"""
import json, sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from threading import Lock

GET = {"/healthz": {}, "/readyz": {}, "/v1/manifest": {
    "name": "demo-marker", "role": "diagnoser", "version": "1.0.0", "protocols": ["v1"], "scope": "node",
    "match": {"faults": ["DemoMarker"]}, "needs": [], "intrusive": [], "privileges": []}}
answers, lock = {}, Lock()  # by requestId: the same id twice has the effect of once, and answers the same

def diagnose(pid, marker):
    try:
        command, stat = (Path(f"/proc/{pid}/{name}").read_text(errors="replace").replace("\0", " ") for name in ("cmdline", "stat"))
    except (FileNotFoundError, ProcessLookupError):
        return {"outcome": "NotIdentified", "reason": f"there is no process {pid}"}
    if marker not in command: return {"outcome": "NotIdentified", "reason": f"{marker} is not in: {command[:256]}"}
    # Start time: field 22 of stat, counted behind the name, which may hold anything (proc_pid_stat(5)).
    process = {"bootId": Path("/proc/sys/kernel/random/boot_id").read_text().strip(), "pid": pid, "startTicks": stat.rsplit(")", 1)[1].split()[19]}
    return {"outcome": "Identified", "cause": "DemoMarker", "title": f"Process {pid} carries the marker", "severity": "info", "confidence": "high",
            "evidence": [{"title": command[:256]}], "target": {"kind": "Process", "process": process}, "recommendation": []}

class Plugin(BaseHTTPRequestHandler):
    def reply(self, status, value):
        self.send_response(status)
        self.send_header("content-type", "application/json" if status == 200 else "application/problem+json")
        self.end_headers()
        self.wfile.write(json.dumps(value if status == 200 else {"title": value, "status": status}).encode())
    def do_GET(self):
        self.reply(200, GET[self.path]) if self.path in GET else self.reply(404, "no such route")
    def do_POST(self):
        size = int(self.headers.get("content-length", 0))
        if self.path != "/v1/diagnose" or size > 1 << 20: return self.reply(404 if size <= 1 << 20 else 413, "no such route, or more than 1 MiB")
        try:
            request = json.loads(self.rfile.read(size))
            if request["protocol"] != "v1": raise ValueError("this plugin speaks v1")
            key, pid = request["requestId"], int(request["abnormal"]["spec"]["processReference"]["pid"])
            with lock: answer = answers[key] = answers.get(key) or diagnose(pid, request["parameters"].get("marker", "kdr-demo-marker"))
            if len(answers) > 1000: del answers[next(iter(answers))]
            self.reply(200, answer)
        except (ValueError, KeyError, TypeError, AttributeError) as error: self.reply(400, f"not a request: {error!r}"[:256])
    def log_message(self, *_): pass

Path(sys.argv[1]).unlink(missing_ok=True)
ThreadingUnixStreamServer(sys.argv[1], Plugin).serve_forever()
