#if NATS
    import Brokers
    import CMalloc
    import FleetCore
    import Foundation
    import NATSBroker

    /// Reads all that the stream has in a process of its own, which is this program, so that its memory is its own.
    enum NATSConsumption {
        /// The first argument of that process.
        static let command = "consume-nats"

        /// Prints how many events it read, and its memory at the peak in kilobytes.
        static func run() async throws {
            // As `flotilla` does.
            mallopt(M_ARENA_MAX, 2)
            let broker = try await NATSBench.broker()
            var (position, count): (LogPosition, Int) = (.start, 0)
            while true {
                let batch = try await broker.read(
                    NATSBench.stream, for: NATSBench.reader, after: position, limit: .standard)
                guard let last = batch.last else { break }
                count += batch.count
                position = last.position
                try await broker.acknowledge(upTo: position, by: NATSBench.reader, in: NATSBench.stream)
            }
            await broker.close()
            print(count, ProcessFigures(getpid())?.peakKilobytes ?? 0)
        }
    }
#endif
