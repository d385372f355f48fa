// Dispatch says nothing about the sendability of its queues; a queue may be used from any thread.
@preconcurrency import Dispatch

/// Runs what blocks its thread (starting and stopping servers, files) off the cooperative pool.
enum Blocking {
    private static let queue = DispatchQueue(label: "flotilla.drill.blocking", attributes: .concurrent)

    static func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Swift.Result { try body() }) }
        }
    }
}
