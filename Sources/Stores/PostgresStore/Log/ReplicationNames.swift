#if Postgres
    import FleetCore

    /// What the server calls what one service's outbox needs there.
    struct ReplicationNames: Sendable {
        /// Of the replication slot and of the publication: lower-case letters, digits and `_`, at most 63 characters.
        let slot: String

        init(stream: StreamName) {
            let text = "flotilla_\(stream)".map { $0.isLetter || $0.isNumber ? $0 : "_" }
            let plain = String(text)
            // What is cut is told apart by a hash (FNV-1a) of the whole.
            let hash = "\(stream)".utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
            let isAmbiguous = plain.utf8.count > 63 || "\(stream)".utf8.filter { $0 == UInt8(ascii: "-") }.count > 1
            slot = isAmbiguous ? "\(plain.prefix(46))_\(String(hash, radix: 16))" : plain
        }
    }
#endif
