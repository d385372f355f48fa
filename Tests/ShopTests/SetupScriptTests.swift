import Foundation
import TestKit
import Testing

/// `scripts/setup`, on machines that are made of a few programs in a directory: nothing of this one is changed.
@Suite struct SetupScriptTests {
    /// What the programs of a machine say.
    struct Machine {
        var swift = "6.2"
        var libpq = "15.4"
        /// `nil` where there is no server.
        var server: String? = "15.4"
        var libnats = "3.3.0"
        /// `nil` where there is no server.
        var nats: String? = "2.9.10"
        var hasWrk = true
        /// Of what tests look at the page with, what is there.
        var page: Set = ["chromium", "curl", "fonts-inter"]
        var hasPackages = true
        /// Whether apt-get can install them.
        var hasNetwork = true
        var isRoot = true
    }

    private struct Outcome {
        var status: Int32
        var output: String
        /// What apt-get was asked for, and what was appended to which file.
        var changes: String
    }

    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// What Debian's packages ask whether they may start a service.
    private static let policy = "/usr/sbin/policy-rc.d"

    /// - Parameter arguments: of the script.
    private func setUp(_ machine: Machine, _ arguments: [String]) throws -> Outcome {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("setup-\(UUID().uuidString)")
        let (bin, server) = (directory.appendingPathComponent("bin"), directory.appendingPathComponent("server"))
        for each in [bin, server] {
            try FileManager.default.createDirectory(at: each, withIntermediateDirectories: true)
        }
        defer { try? FileManager.default.removeItem(at: directory) }
        let log = directory.appendingPathComponent("changes").path

        func program(_ name: String, in place: URL = bin, _ text: String) throws {
            let path = place.appendingPathComponent(name).path
            try "#!/bin/sh\n\(text)\n".write(toFile: path, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        }
        for name in ["sed", "sort", "head", "tail", "grep", "cat", "cp"] {
            try program(name, "PATH=/usr/bin:/bin exec \(name) \"$@\"")
        }
        try program("swift", "echo 'Swift version \(machine.swift) (swift-RELEASE)'")
        try program("python3", "exit 0")
        try program("openssl", "exit 0")
        // The real one would find the real apt-get; this one stays among these programs.
        try program("env", "while case $1 in *=*) ;; *) false ;; esac; do export \"$1\"; shift; done\nexec \"$@\"")
        try program("id", "echo \(machine.isRoot ? 0 : 1000)")
        // Here until apt-get installs it: a machine says what it has now.
        let installed = directory.appendingPathComponent("installed").path
        try program(
            "pkg-config",
            """
            case $* in
            *libpq) [ -n '\(machine.libpq)' ] && echo '\(machine.libpq)' || cat \(installed);;
            *libnats) echo '\(machine.libnats)';;
            esac
            """)
        if let version = machine.server { try program("initdb", in: server, "echo 'initdb (PostgreSQL) \(version)'") }
        let later = directory.appendingPathComponent("later")
        try FileManager.default.createDirectory(at: later, withIntermediateDirectories: true)
        try program("initdb", in: later, "echo 'initdb (PostgreSQL) 15.4'")
        let nats = "echo 'nats-server: v\(machine.nats ?? "2.9.10")'"
        if machine.nats != nil { try program("nats-server", in: server, nats) }
        try program("nats-server", in: later, nats)
        if machine.hasWrk { try program("wrk", "exit 0") }
        for name in ["chromium", "curl"] where machine.page.contains(name) { try program(name, "exit 0") }
        // Fonts are looked for with it, and with nothing else.
        try program("find", machine.page.contains("fonts-inter") ? "echo /usr/share/fonts/Inter.otf" : "exit 0")
        if machine.hasPackages {
            try program(
                "apt-get",
                """
                echo "apt-get $*" >>\(log)
                case "$*" in install*) \(machine.hasNetwork);; esac || exit 100
                case "$*" in *' nats-server') cp \(later.path)/nats-server \(server.path)/nats-server;; esac
                case "$*" in *' libpq-dev'*) echo 15.4 >\(installed);; esac
                case "$*" in *' postgresql') cp \(later.path)/initdb \(server.path)/initdb;; esac
                """)
        }
        try program("tee", "echo \"tee $*: $(cat)\" >>\(log)")
        for name in ["chmod", "rm"] { try program(name, "echo \"\(name) $*\" >>\(log)") }

        // Whether this machine forbids to start services is nothing to these tests.
        let policy = directory.appendingPathComponent("policy-rc.d").path
        let text = try String(contentsOf: Self.root.appendingPathComponent("scripts/setup"), encoding: .utf8)
        try #require(text.contains(Self.policy))
        let script = directory.appendingPathComponent("setup").path
        try text.replacing(Self.policy, with: policy).write(toFile: script, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script)
        let env = try #require(Command("env"))
        let outcome = try env.run(
            [
                "PATH=\(bin.path)", "FLOTILLA_POSTGRES=\(server.path)",
                // By the shell: while other tests start processes, a file that was just written may be held open for a moment.
                "FLOTILLA_NATS_SERVER=\(server.path)/nats-server", "/bin/sh", script,
            ] + arguments)
        let changes = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        return Outcome(
            status: outcome.status, output: outcome.output, changes: changes.replacing(policy, with: Self.policy))
    }

    @Test(arguments: [[], ["postgres"], ["nats"], ["postgres", "nats"], ["postgres", "nats", "bench"], ["page"]])
    func whereAllIsThereItSaysAndDoesNothing(arguments: [String]) throws {
        let outcome = try setUp(Machine(), arguments)
        #expect(outcome.status == 0)
        #expect(outcome.output.isEmpty, "\(outcome.output)")
        #expect(outcome.changes.isEmpty, "\(outcome.changes)")
    }

    @Test func withoutPostgresNothingOfItIsNeeded() throws {
        let outcome = try setUp(Machine(libpq: "", server: nil, nats: nil, hasWrk: false, hasPackages: false), [])
        #expect(outcome.status == 0)
        #expect(outcome.output.isEmpty, "\(outcome.output)")
    }

    @Test(arguments: [
        (Machine(swift: "6.1.2"), "Swift is 6.1.2; install 6.2 or later"),
        (Machine(libpq: "13.14"), "libpq is 13.14; Flotilla needs 14 or later"),
        (Machine(server: "12.22"), "the PostgreSQL server is 12.22; Flotilla needs 13 or later"),
        (Machine(server: nil, hasPackages: false), "missing: postgresql (by their Debian names)"),
        (Machine(libpq: "", isRoot: false), "run this as root: apt-get install libpq-dev"),
        (Machine(libnats: "3.1.1"), "libnats is 3.1.1; Flotilla needs 3.3 or later"),
        (Machine(nats: "2.8.4"), "nats-server is 2.8.4; Flotilla needs 2.9 or later"),
        (Machine(nats: nil, hasPackages: false), "missing: nats-server (by their Debian names)"),
        (Machine(hasWrk: false, hasPackages: false), "missing: wrk (by their Debian names)"),
    ])
    func whatIsOldOrCannotBeInstalledIsTold(machine: Machine, message: String) throws {
        let outcome = try setUp(machine, ["postgres", "nats", "bench"])
        #expect(outcome.status == 1)
        #expect(outcome.output.contains(message), "\(outcome.output)")
        #expect(outcome.changes.isEmpty, "\(outcome.changes)")
    }

    @Test func anotherWordIsRefused() throws {
        let outcome = try setUp(Machine(), ["mysql"])
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("no set-up for \"mysql\""), "\(outcome.output)")
    }

    @Test func whatIsMissingIsInstalledAndTold() throws {
        let outcome = try setUp(Machine(libpq: ""), ["postgres"])
        #expect(outcome.status == 0, "\(outcome.output)")
        #expect(outcome.output == "setup: installing libpq-dev\n")
        #expect(
            outcome.changes == """
                apt-get update -qq
                apt-get install -y -qq --no-install-recommends libpq-dev

                """)
    }

    /// Debian's package makes a cluster and starts it unless it is told not to, before.
    @Test func aServerIsInstalledAndNotStarted() throws {
        let outcome = try setUp(Machine(server: nil), ["postgres"])
        #expect(outcome.status == 0, "\(outcome.output)")
        let changes = outcome.changes.split(separator: "\n").map(String.init)
        let install = "apt-get install -y -qq --no-install-recommends"
        #expect(changes.first == "apt-get update -qq")
        #expect(changes.dropFirst().first == "\(install) postgresql-common")
        #expect(changes.last == "\(install) postgresql")
        // Where this machine says already whether a cluster is to be made, that stays.
        let settings = "/etc/postgresql-common/createcluster.conf"
        let text = (try? String(contentsOfFile: settings, encoding: .utf8)) ?? ""
        if !text.contains(/(?m)^ *create_main_cluster/) {
            #expect(changes.dropFirst(2).first == "tee -a \(settings): create_main_cluster = false")
            #expect(outcome.output.contains("no PostgreSQL cluster is made or started"), "\(outcome.output)")
        }
    }

    /// Debian's package starts a server unless policy-rc.d forbids it, while it is installed and no longer.
    @Test(arguments: [true, false]) func aNATSServerIsInstalledAndNotStarted(hasNetwork: Bool) throws {
        let outcome = try setUp(Machine(nats: nil, hasNetwork: hasNetwork), ["nats"])
        #expect(outcome.status == (hasNetwork ? 0 : 1), "\(outcome.output)")
        let changes = [
            "apt-get update -qq", "tee \(Self.policy): #!/bin/sh", "exit 101", "chmod 755 \(Self.policy)",
            "apt-get install -y -qq --no-install-recommends nats-server", "rm -f \(Self.policy)",
        ]
        #expect(outcome.changes.split(separator: "\n").map(String.init) == changes)
    }

    /// A browser, a font that it can show, and what asks as no browser does: each is installed where it is missing.
    @Test(arguments: ["chromium", "curl", "fonts-inter"]) func whatLooksAtThePageIsInstalled(missing: String) throws {
        var machine = Machine()
        machine.page.remove(missing)
        // Nobody else needs it.
        #expect(try setUp(machine, ["postgres", "nats", "bench"]).changes.isEmpty)
        let outcome = try setUp(machine, ["page"])
        #expect(outcome.status == 0 && outcome.output == "setup: installing \(missing)\n", "\(outcome.output)")
        #expect(outcome.changes.hasSuffix("--no-install-recommends \(missing)\n"), "\(outcome.changes)")
        machine.hasPackages = false
        let told = try setUp(machine, ["page"])
        #expect(told.status == 1 && told.output.contains("missing: \(missing) (by their Debian names)"))
    }

    @Test func whatIsMeasuredAgainstIsInstalled() throws {
        let machine = Machine(hasWrk: false)
        #expect(try setUp(machine, ["postgres", "nats"]).changes.isEmpty)
        #expect(try setUp(machine, ["bench"]).changes.hasSuffix("--no-install-recommends wrk\n"))
    }
}
