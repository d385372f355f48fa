"""The programs that make up the shop, as processes."""
import ctypes, signal, subprocess, sys, time

from shop import DATA, HERE, IS_SAGA, Failure, environment

PATIENCE = 1.5  # seconds that the programs have to end by themselves
ENDINGS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


class Crew:
    """The programs at work. However this one ends, none of them outlives it."""

    def __init__(self, stores):
        self.stores = stores
        self.logs = DATA / "logs"
        self.logs.mkdir(exist_ok=True)
        self.members = []
        self.libc = ctypes.CDLL(None)

    def start(self, name, *command):
        with open(self.logs / f"{name}.log", "wb") as log:
            self.members.append((name, subprocess.Popen(
                [*map(str, command)], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment(self.stores),
                start_new_session=True, preexec_fn=self.prepare)))

    def start_service(self, name):
        variant = HERE / "saga" / f"{name}.py"
        program = variant if IS_SAGA and variant.exists() else HERE / f"{name}.py"
        self.start(name, sys.executable, program, self.stores.place)

    def prepare(self):
        """In the new process: it ends when this one is killed, and hears signals as programs usually do."""
        self.libc.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
        for ending in ENDINGS:
            signal.signal(ending, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])

    def check(self):
        self.stores.check()
        self.stores.broker.check()
        for name, process in self.members:
            if process.poll() is not None:
                words = (self.logs / f"{name}.log").read_text(errors="replace").splitlines()[-10:]
                raise Failure("\n  ".join([f"{name} ended by itself, exit code {process.returncode}:", *words]))

    def end(self):
        for _, process in reversed(self.members):
            process.terminate()
        deadline = time.monotonic() + PATIENCE
        for _, process in self.members:
            try:
                process.wait(max(0.01, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()  # nothing is lost by it: it goes on where it was
                process.wait()
        self.members = []
