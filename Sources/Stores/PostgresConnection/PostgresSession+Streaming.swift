#if Postgres
    import CLibPQ
    import FleetCore

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #endif

    /// What streaming replication and COPY need.
    extension PostgresSession {
        /// Lends the next message that the server has sent already; `false` where there is none.
        /// https://www.postgresql.org/docs/current/libpq-copy.html
        public func withCopyData(_ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Bool {
            var start: UnsafeMutablePointer<CChar>?
            switch PQgetCopyData(handle, &start, 1) {
            case let count where count > 0:
                defer { PQfreemem(start) }
                try body(UnsafeRawBufferPointer(start: start, count: Int(count)))
                return true
            case 0:
                return false
            case -1:
                // The end of the stream: the server says why.
                var time = WaitingTime(answerTimeout)
                _ = try results(by: &time, sql: nil)
                throw FleetError(.unavailable, "\(name): the server ended the stream", isRetriable: true)
            default:
                throw connectionLost
            }
        }

        /// Waits until the server has sent something, or somebody wakes this thread; takes what is there.
        /// - Parameter pause: how long what the server sends may gather before.
        public func wait(
            reads: Bool, alsoFor wakeUp: WakeUpPipe, upTo duration: Duration, after pause: Duration = .zero
        ) throws {
            if pause > .zero { usleep(UInt32(pause.wholeMicroseconds)) }
            var descriptors = [
                pollfd(fd: wakeUp.readEnd, events: Int16(POLLIN), revents: 0),
                pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0),
            ]
            _ = poll(&descriptors, reads ? 2 : 1, Self.milliseconds(duration))
            if descriptors[0].revents != 0 { wakeUp.clear() }
            guard reads else { return }
            // libpq reads no more than its buffer holds, and makes it larger while nobody takes anything out of it.
            var reads = 0
            while descriptors[1].revents != 0, reads < Self.readLimit {
                guard PQconsumeInput(handle) == 1 else { throw connectionLost }
                reads += 1
                descriptors[1].revents = 0
                _ = poll(&descriptors[1], 1, 0)
            }
        }

        /// How often the socket is read before what was read is taken.
        private static var readLimit: Int { 16 }

        public func putCopyData(_ bytes: [UInt8]) throws {
            let sent = bytes.withUnsafeBytes { bytes in
                PQputCopyData(handle, bytes.assumingMemoryBound(to: CChar.self).baseAddress, Int32(bytes.count))
            }
            guard sent == 1 else { throw connectionLost }
            var time = WaitingTime(.seconds(10))
            try flush(by: &time)
        }

        /// Ends a stream from this side.
        public func endCopy() {
            _ = PQputCopyEnd(handle, nil)
            _ = PQflush(handle)
        }

        /// Ends the connection.
        public func close() { finish() }
    }
#endif
