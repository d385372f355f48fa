#if NATS
    import FleetCore

    /// Makes consumers, and puts those of cursors where they are needed, whatever has become of the servers they were on.
    ///
    /// A consumer is on one server, which JetStream picks without asking whether it is there. Where that is gone, or has no
    /// JetStream any more, the consumer answers nothing, for as long as that lasts. Nothing is in it that the store does not know
    /// better: it is removed, and made anew, until one answers.
    struct ConsumerPlacing: Sendable {
        let api: JetStreamAPI
        let stream: String
        /// Is told what was mended.
        var notice: @Sendable (String) -> Void = { _ in }

        /// How long one answer is waited for.
        private static let answerTime = Duration.milliseconds(1_500)
        /// How long the consumer's own server is waited for, to say that it is gone.
        private static let farewellTime = Duration.milliseconds(500)
        /// How long is tried before whoever asks is told that it cannot be done now.
        private static let patience = Duration.seconds(10)
        private static let pause = Duration.milliseconds(200)

        /// A consumer that nobody has used, on a server that answers.
        /// - Parameter leader: the server that it must be on, as that has everything for certain. JetStream picks by chance: it is
        ///   made until it is there.
        func make(_ configuration: ConsumerConfiguration, on leader: String? = nil) async throws -> ConsumerInfo {
            let deadline = ContinuousClock.now + Self.patience
            while true {
                do {
                    let made = try await api.createConsumer(configuration, of: stream, timeout: Self.answerTime)
                    guard let leader, let host = made.cluster?.leader, host != leader else { return made }
                    try await remove(made.name)
                    guard ContinuousClock.now < deadline else {
                        throw NATSFailure.unavailable(
                            "read stream \(stream)", at: api.connection.name,
                            said: "no consumer comes to be on \(leader)")
                    }
                    try Task.checkCancellation()
                } catch let error as FleetError where error.code == .unavailable && ContinuousClock.now < deadline {
                    try await Task.sleep(for: Self.pause)
                    // It may be there, on a server that is not.
                    if let name = configuration.name { try await remove(name) }
                }
            }
        }

        /// Removes a consumer, also where it does not answer.
        func remove(_ consumer: String) async throws {
            let deadline = ContinuousClock.now + Self.patience
            while true {
                do {
                    // Whoever has the consumer answers; whoever leads JetStream does it, and says nothing.
                    return try await api.deleteConsumer(consumer, of: stream, timeout: Self.farewellTime)
                } catch let error as FleetError where error.code == .unavailable {
                    do {
                        if try await api.consumer(consumer, of: stream, timeout: Self.answerTime) == nil { return }
                    } catch let error as FleetError where error.code == .unavailable {}
                    guard ContinuousClock.now < deadline else { throw error }
                    try await Task.sleep(for: Self.pause)
                }
            }
        }

        /// The consumer of a cursor; `nil` where there is none, or where it did not answer and was removed.
        func answering(_ consumer: String) async throws -> ConsumerInfo? {
            let silence: FleetError
            do {
                return try await api.consumer(consumer, of: stream, timeout: Self.answerTime)
            } catch let error as FleetError where error.code == .unavailable {
                try api.connection.requireConnection("look at consumer \(consumer) of stream \(stream)")
                silence = error
            }
            try await remove(consumer)
            notice("consumer \(consumer) of stream \(stream) did not answer and is made anew: \(silence.message)")
            return nil
        }
    }
#endif
