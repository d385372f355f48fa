"""The shop's own PostgreSQL server, which runs as long as the shop: on a Unix socket that nobody else may use."""
import ctypes, os, pwd, shutil, signal, subprocess, tempfile, time
from pathlib import Path

from shop import Failure

PATIENCE = 60  # seconds that the server has to start, or to end


def account():
    """Whom the server runs as, as arguments of subprocess: PostgreSQL does not run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise Failure("PostgreSQL does not run as root, and there is no user `postgres` or `nobody` to run it as")


def prepare():
    """In the new process: the server is told to end when this one is killed, and hears signals as programs usually do."""
    ctypes.CDLL(None).prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG; SIGINT is a fast shutdown
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


class Server:
    def __init__(self, directory):
        """The server whose data are below a directory. They are made there at the first start."""
        self.directory = directory
        self.log = directory / "server.log"
        self.account = account()
        self.process = None

    def url(self, database):
        # Nothing is left to the environment (PGHOST, PGPORT, PGUSER).
        return f"postgresql://shop@/{database}?host={self.socket}&port=5432"

    def start(self):
        cluster = self.home() / "cluster"
        programs = self.programs(cluster)
        if not cluster.exists():
            self.initialize(programs, cluster)
        # A socket's path may have 107 bytes: not every data directory can hold one.
        self.socket = self.given(tempfile.mkdtemp(prefix="shop-", dir="/tmp"))
        settings = {
            "listen_addresses": "", "unix_socket_directories": self.socket, "unix_socket_permissions": "0700",
            "port": 5432, "wal_level": "logical", "max_slot_wal_keep_size": "1GB", "logging_collector": "off"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [programs / "postgres", "-D", cluster, *options], cwd="/", stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True, preexec_fn=prepare, **self.account)
        self.make_database("shop")

    def home(self):
        """A directory for the server's user. It is elsewhere where that user cannot come to the shop's data: in /root."""
        home = self.directory / "server"
        if home.is_symlink() and not home.exists():
            raise Failure(f"{home} leads to data that are gone: remove {self.directory} to begin anew")
        if not home.exists():
            self.directory.mkdir(parents=True, exist_ok=True)
            if subprocess.run(["test", "-x", self.directory], cwd="/", **self.account).returncode == 0:
                home.mkdir(mode=0o700)
            else:
                home.symlink_to(tempfile.mkdtemp(prefix="flotilla-shop-", dir="/var/tmp"))
            self.given(home)
        return home.resolve()

    def given(self, path):
        """The path, which belongs to the server's user from now on."""
        if self.account:
            os.chown(path, self.account["user"], self.account["group"])
        return path

    def programs(self, cluster):
        """The directory of the server's programs: of the version that made the data, or of the newest."""
        given = os.environ.get("FLOTILLA_POSTGRES")
        if given:
            return Path(given)
        version = (cluster / "PG_VERSION").read_text().strip() if cluster.exists() else "*"
        found = [path.parent for path in Path("/usr/lib/postgresql").glob(f"{version}/bin/initdb")]
        if not found:
            which = "" if version == "*" else f" {version}, which made {cluster}"
            raise Failure(f"there is no PostgreSQL{which}; `scripts/setup postgres` installs it")
        return max(found, key=lambda path: float(path.parent.name))

    def initialize(self, programs, cluster):
        new = cluster.with_name("cluster.new")
        shutil.rmtree(new, ignore_errors=True)  # of a start that was interrupted
        done = subprocess.run(
            [programs / "initdb", "--pgdata", new, "--auth", "trust", "--username", "shop", "--encoding", "UTF8",
             "--locale", "C.UTF-8"],
            cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            universal_newlines=True, preexec_fn=prepare, **self.account)
        if done.returncode != 0:
            raise Failure(f"initdb failed:\n{done.stdout}")
        new.rename(cluster)

    def make_database(self, name):
        import psycopg2
        deadline = time.monotonic() + PATIENCE
        while True:
            self.check()
            try:
                connection = psycopg2.connect(self.url("postgres"))
                break
            except psycopg2.OperationalError as error:
                if time.monotonic() > deadline:
                    raise Failure(f"PostgreSQL does not answer: {error}; its log is {self.log}")
                time.sleep(0.05)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if not cursor.fetchone():
                cursor.execute(f"CREATE DATABASE {name}")
        connection.close()

    def check(self):
        """Fails where the server has ended by itself."""
        if self.process.poll() is not None:
            words = self.log.read_text(errors="replace").splitlines()[-10:]
            raise Failure("\n  ".join([f"PostgreSQL ended by itself; the end of {self.log}:", *words]))

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)  # at once; it recovers at the next start
                self.process.wait()
            shutil.rmtree(self.socket, ignore_errors=True)
            self.process = None
