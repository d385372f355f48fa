// Dispatch says nothing about the sendability of its sources; a source may be used from any thread.
@preconcurrency import Dispatch
import Flotilla
import Foundation

/// The orders service: takes orders, one after the other, until it is told to end (SIGINT, SIGTERM).
@main
struct ShopOrders {
    static func main() async {
        do {
            let settings = try Settings(CommandLine.arguments, ProcessInfo.processInfo.environment)
            let endings = endings()
            try await withThrowingTaskGroup { group in
                group.addTask { try await takeOrders(settings) }
                group.addTask { for await _ in endings {} }
                try await group.next()
                group.cancelAll()
            }
        } catch {
            FileHandle.standardError.write(Data("orders: \(error)\n".utf8))
            exit(1)
        }
    }

    private static func takeOrders(_ settings: Settings) async throws {
        let book = try await OrderBook.open(in: settings.place, seed: settings.seed)
        let pause = Duration.seconds(1) / settings.rate
        var due = ContinuousClock.now
        while (try? await Task.sleep(until: due)) != nil {
            try await book.placeNext()
            // What was missed for longer than a second is let go.
            due = max(due, .now - .seconds(1)) + pause
        }
        await book.close()
    }

    /// Finishes when the process is told to end.
    private static func endings() -> AsyncStream<Never> {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        let sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { continuation.finish() }
            source.resume()
            return source
        }
        continuation.onTermination = { _ in for source in sources { source.cancel() } }
        return stream
    }
}

/// What the command line and the environment say.
struct Settings {
    /// Where the store is, as `OrderBook` says.
    var place = "data"
    var seed: UInt64 = 1
    /// Orders a second.
    var rate = 20.0

    init(_ arguments: [String], _ environment: [String: String]) throws {
        if arguments.count > 1 { place = arguments[1] }
        if let text = environment["SHOP_SEED"] {
            guard let value = UInt64(text) else { throw BadSetting(text: "SHOP_SEED is a whole number, not \(text)") }
            seed = value
        }
        if let text = environment["SHOP_RATE"] {
            guard let value = Double(text), value > 0, value <= 10_000 else {
                throw BadSetting(text: "SHOP_RATE is a number of orders a second above 0, not \(text)")
            }
            rate = value
        }
    }
}

struct BadSetting: Error, CustomStringConvertible {
    var text: String
    var description: String { text }
}
