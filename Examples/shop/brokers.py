"""What carries the shop's events: flotilla itself, or a NATS server of the shop's own, which runs as long as the shop."""
import ctypes, json, os, secrets, shutil, signal, subprocess, time

from shop import DATA, Failure

PATIENCE = 30  # seconds that the server has to start, or to end


class Embedded:
    environment = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def check(self):
        """Fails where it is not there any more."""


def prepare():
    """In the new process: the server is told to end when this one is killed, and hears signals as programs usually do."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


class JetStream(Embedded):
    """On the loopback interface, for those alone who know the token; each start has a port and a token of its own."""

    def __init__(self):
        # Each kind of store has streams of its own.
        self.home = DATA / f"jetstream-{os.environ.get('SHOP_STORE') or 'sqlite'}"
        self.log = self.home / "server.log"
        self.token = secrets.token_urlsafe(24)
        self.process = None

    @property
    def environment(self):
        return {"SHOP_BROKER_URL": f"nats://{self.token}@127.0.0.1:{self.port}"}

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        program = os.environ.get("FLOTILLA_NATS_SERVER") or shutil.which("nats-server") or "/usr/sbin/nats-server"
        if not os.access(program, os.X_OK):
            raise Failure("there is no nats-server; `scripts/setup nats` installs it")
        self.home.mkdir(parents=True, exist_ok=True)
        settings = self.home / "server.conf"
        with open(os.open(settings, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(f'listen: "127.0.0.1:-1"\nports_file_dir: {json.dumps(str(self.home))}\n'
                       f'authorization {{ token: "{self.token}" }}\n'
                       f'jetstream {{ store_dir: {json.dumps(str(self.home / "data"))}, max_file_store: 1TB }}\n')
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([program, "-c", settings], cwd="/", stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, start_new_session=True, preexec_fn=prepare)
        self.port = self.find_port()

    def find_port(self):
        """The port that the server has got, as soon as it lets anybody in."""
        file = self.home / f"nats-server_{self.process.pid}.ports"
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self.check()
            try:
                return json.loads(file.read_text())["nats"][0].rpartition(":")[2]
            except (OSError, ValueError, LookupError):
                time.sleep(0.02)
        raise Failure(f"nats-server does not start; its log is {self.log}")

    def check(self):
        if self.process.poll() is not None:
            words = self.log.read_text(errors="replace").splitlines()[-10:]
            raise Failure("\n  ".join([f"nats-server ended by itself; the end of {self.log}:", *words]))

    def stop(self):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None


def chosen():
    """The kind that SHOP_BROKER names."""
    kind = os.environ.get("SHOP_BROKER") or "embedded"
    if kind == "embedded":
        return Embedded()
    if kind == "nats":
        return JetStream()
    raise Failure(f"SHOP_BROKER is embedded or nats, not {kind}")
