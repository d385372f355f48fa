import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Where a running program serves its signals.
struct SignalAddress: Sendable {
    let base: String

    init(base: String) { self.base = base }

    /// As the program has said it.
    init(of program: Program) async throws {
        base = try await eventually("signals are served") { () -> String? in
            if let ended = program.ended { throw Trouble("flotilla run ended (\(ended)): \(program.errors)") }
            let said = program.errors.firstMatch(of: #/served at (http:\/\/[^ ]+)\/metrics/#)
            return said.map { String($0.1) }
        }
    }

    struct Answer: Sendable {
        var status: Int
        var contentType: String
        var body: String
    }

    func get(_ path: String, accept: String? = nil) async throws -> Answer {
        guard let url = URL(string: base + path) else { throw Trouble("\(base)\(path) is no URL") }
        var request = URLRequest(url: url, timeoutInterval: 180)
        if let accept { request.setValue(accept, forHTTPHeaderField: "Accept") }
        let (data, response) = try await URLSession.shared.data(for: request)
        guard let response = response as? HTTPURLResponse else { throw Trouble("\(url) answers with no HTTP") }
        return Answer(
            status: response.statusCode, contentType: response.value(forHTTPHeaderField: "Content-Type") ?? "",
            body: String(decoding: data, as: UTF8.self))
    }

    /// The value of one series, written as Prometheus writes it; `nil` where there is none.
    func value(_ series: String) async throws -> Double? {
        try await get("/metrics").value(series)
    }
}

extension SignalAddress.Answer {
    func value(_ series: String) -> Double? {
        body.split(separator: "\n").first { $0.hasPrefix(series + " ") }
            .flatMap { Double($0.dropFirst(series.count + 1)) }
    }
}
