import FleetCore
import FleetFile
import Testing

/// `metrics`: where signals are served.
@Suite struct MetricsKeyTests {
    @Test(arguments: [
        ("127.0.0.1:9464", "127.0.0.1", 9464), ("[::1]:80", "::1", 80), ("localhost:0", "localhost", 0),
        ("127.8.9.10:65535", "127.8.9.10", 65535),
    ])
    func addressesOfTheLoopbackInterface(_ text: String, _ host: String, _ port: Int) {
        let result = read("fleet: f\nmetrics: {listen: \"\(text)\"}\nservices: {a: {store: sqlite:a.db}}")
        #expect(result.problems.isEmpty)
        #expect(result.definition?.metrics == ServingDefinition(host: host, port: port))
    }

    @Test func withoutItNothingIsServed() {
        #expect(read("fleet: f\nservices: {a: {store: sqlite:a.db}}").definition?.metrics == nil)
    }

    @Test(arguments: [
        "9464", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", ":9464", "::1:9464", "[x]:1",
        "http://a:1",
    ])
    func whatIsNoAddress(_ text: String) {
        Marked(
            "fleet: f\nmetrics: {listen: ‸\"\(text)\"}\nservices: {a: {store: sqlite:a.db}}",
            "is no address to listen at; write \"127.0.0.1:9464\""
        ).check()
    }

    @Test(arguments: [
        "0.0.0.0:9464", "10.0.0.1:9464", "[::]:9464", "example.com:9464", "127.0.0.1.example.com:1", "127.1:9464",
    ])
    func whatOthersReach(_ text: String) {
        Marked(
            "fleet: f\nmetrics: {listen: ‸\"\(text)\"}\nservices: {a: {store: sqlite:a.db}}",
            "is not on the loopback interface, and without TLS and a token nothing is served elsewhere"
        ).check()
    }

    @Test(arguments: [
        Marked(
            "fleet: f\nmetrics: ‸{}\nservices: {a: {store: sqlite:a.db}}", "\"metrics\" has no \"listen\"; add listen:"),
        Marked(
            "fleet: f\nmetrics: ‸on\nservices: {a: {store: sqlite:a.db}}",
            "\"on\" is no address to listen at; write \"127.0.0.1:9464\""),
        Marked(
            "fleet: f\nmetrics: {‸lisen: \"127.0.0.1:1\"}\nservices: {a: {store: sqlite:a.db}}",
            "did you mean \"listen\"?"),
    ])
    func otherMistakes(file: Marked) { file.check() }
}
