#if NATS
    import FleetCore
    import Foundation

    /// A message that was asked for by its place in a stream.
    struct StoredMessage: Decodable, Sendable {
        struct Answer: Decodable {
            var message: StoredMessage
        }

        var sequence: UInt64
        /// The block of headers as it is on the wire.
        var headerBlock: Data?
        var data: Data?
        var time: String

        enum CodingKeys: String, CodingKey {
            case sequence = "seq"
            case headerBlock = "hdrs"
            case data, time
        }

        var stored: Timestamp? { Timestamp(time) }
        var payload: [UInt8] { data.map(Array.init) ?? [] }

        /// `NATS/1.0`, and a `Name: value` a line; the first of a name.
        var headers: [String: String] {
            guard let text = headerBlock.flatMap({ String(data: $0, encoding: .utf8) }) else { return [:] }
            var headers: [String: String] = [:]
            for line in text.split(separator: "\r\n").dropFirst() {
                guard let colon = line.firstIndex(of: ":") else { continue }
                let name = String(line[..<colon])
                if headers[name] == nil {
                    headers[name] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
                }
            }
            return headers
        }
    }
#endif
