import FleetCore
import Testing

@testable import FleetFile

@Suite struct NATSKeyTests {
    private func fleet(_ broker: String, _ environment: [String: String] = [:]) -> FleetFileResult {
        FleetFileReader(environment: environment, storeSchemes: ["sqlite"], brokerEngines: ["embedded", "nats"])
            .read(
                text: "fleet: f\nbroker: \(broker)\nservices: {a: {store: 'sqlite:a.db'}}\n", path: "/srv/f/fleet.yaml")
    }

    @Test func allKeys() throws {
        let result = fleet(
            """
            {engine: nats, url: ["nats://u:${WORD}@a:4222", "tls://b"], replicas: 3, limit: 1GiB,
              tls: {ca: ca.pem, cert: me.pem, key: /keys/me.key}}
            """, ["WORD": "secret"])
        let nats = try #require(result.definition?.broker.nats, "\(result.problems)")
        #expect(nats.servers.map(\.text) == ["nats://u:secret@a:4222", "tls://b"])
        #expect(nats.description == "nats://***@a:4222, tls://b")
        #expect(nats.replicas == 3)
        #expect(nats.tls == TLSFiles(authority: "/srv/f/ca.pem", certificate: "/srv/f/me.pem", key: "/keys/me.key"))
        #expect(result.definition?.broker.retention.limit == .gibibytes(1))
    }

    @Test(arguments: [
        "nats://a:4222", "\"nats://a:4222, nats://b:4222\"", "{engine: nats, url: \"nats://[::1]:4222\"}",
    ])
    func aURLAlone(broker: String) throws {
        let result = fleet(broker)
        let definition = try #require(result.definition, "\(result.problems)")
        #expect(definition.broker.engine == "nats")
        #expect(definition.broker.nats?.servers.first?.scheme == "nats")
    }

    @Test func monitoringEndpointsOfTheServers() throws {
        let one = fleet("{engine: nats, url: 'nats://a', monitor: 'http://a:8222/'}")
        #expect(
            one.definition?.broker.nats?.monitors == [NATSMonitorDefinition(url: "http://a:8222", name: "a:8222")],
            "\(one.problems)")
        let two = fleet("{engine: nats, url: 'nats://a', monitor: ['https://a:8222', 'http://[::1]:8222']}")
        #expect(two.definition?.broker.nats?.monitors.map(\.name) == ["a:8222", "[::1]:8222"], "\(two.problems)")
    }

    @Test func filesThatSayWhoWeAre() throws {
        #expect(
            fleet("{engine: nats, url: 'nats://a', credentials: c.creds}").definition?.broker.nats?.credentials
                == "/srv/f/c.creds")
        #expect(fleet("{engine: nats, url: 'nats://a', nkey: ../k.nk}").definition?.broker.nats?.nkey == "/srv/k.nk")
    }

    @Test(arguments: [
        ("nats", "it is not said where nats is", 9), ("{engine: nats}", "the broker has no \"url\"", 9),
        ("{engine: nats, url: http://a}", "is no URL of a NATS server", 29),
        ("http://a", "is no URL of a NATS server", 9),
        ("{engine: nats, url: 'nats://'}", "names no host", 29),
        ("{engine: nats, url: 'nats://a:0'}", "has no port", 29),
        ("{engine: nats, url: 'nats://a/b'}", "has more than a server", 29),
        ("{engine: nats, url: []}", "is an empty list", 29),
        ("{engine: nats, url: 'nats://a', replicas: 0}", "is no number of replicas", 51),
        ("{engine: nats, url: 'nats://a', replicas: 6}", "is no number of replicas", 51),
        ("{engine: nats, url: 'nats://a', tls: {cert: a}}", "is nothing without \"key\"", 47),
        ("{engine: nats, url: 'nats://a', tls: {cafile: a}}", "unknown key \"cafile\"", 47),
        ("{engine: nats, url: 'nats://t@a', nkey: a}", "more than one way", 43),
        ("{engine: nats, url: 'nats://a', nkey: a, credentials: b}", "more than one way", 41),
        ("{engine: nats, url: 'nats://a', stream: x}", "unknown key \"stream\"", 41),
        ("{engine: nats, url: 'nats://a', monitor: 'nats://a:8222'}", "is no URL of http or https", 50),
        ("{engine: nats, url: 'nats://a', monitor: 'http://a:8222/varz'}", "has more than a server", 50),
        ("{engine: nats, url: 'nats://a', monitor: 'http://u:p@a:8222'}", "has a user or a password", 50),
        ("{engine: nats, url: 'nats://a', monitor: 'http://a:0'}", "has no port", 50),
        ("{engine: nats, url: 'nats://a', monitor: []}", "is a list of 0", 50),
        ("{engine: nats, url: 'nats://a', monitor: ['http://a:1', 'http://a:1/']}", "is given twice", 65),
        ("{monitor: 'http://a:8222'}", "the embedded broker has no \"monitor\"", 10),
        ("{replicas: 3}", "the embedded broker has no \"replicas\"", 10),
    ]) func whatIsWrongIsTold(broker: String, message: String, column: Int) throws {
        let result = fleet(broker)
        #expect(result.definition == nil)
        let problem = try #require(result.problems.first { $0.message.contains(message) }, "\(result.problems)")
        #expect(problem.location.line == 2)
        #expect(problem.location.column == column, "\(problem)")
    }

    @Test func noMessageShowsASecret() {
        for broker in [
            "{engine: nats, url: 'nats://u:s3cret@a/b'}", "{engine: nats, url: 'nats://u:s3cret@a:x'}",
            "{engine: nats, url: 'nats://${WORD}@a/b'}",
        ] {
            let result = fleet(broker, ["WORD": "s3cret"])
            #expect(!result.problems.isEmpty)
            #expect(!"\(result.problems)".contains("s3cret"), "\(result.problems)")
        }
    }
}
