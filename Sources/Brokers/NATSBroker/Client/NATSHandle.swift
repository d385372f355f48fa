#if NATS
    import CLibNATS
    import Foundation

    /// A connection of libnats, freed with its last owner.
    ///
    /// Safe to share: libnats guards a connection with a lock of its own in each call.
    final class NATSHandle: @unchecked Sendable {
        let pointer: OpaquePointer

        init(_ pointer: OpaquePointer) { self.pointer = pointer }

        /// Ends the connection: whoever waits in a call is woken.
        func close() { natsConnection_Close(pointer) }

        deinit { natsConnection_Destroy(pointer) }

        var isConnected: Bool { natsConnection_Status(pointer) == NATS_CONN_STATUS_CONNECTED }
        var isClosed: Bool { natsConnection_IsClosed(pointer) }
        /// The largest message that the server takes, headers and payload, in bytes.
        var maximumMessage: Int { Int(natsConnection_GetMaxPayload(pointer)) }
    }

    /// A message of libnats, freed with its last owner.
    ///
    /// Safe to pass on: whoever holds it is the only one to look into it; headers are read by a call that changes it.
    final class NATSMessage: @unchecked Sendable {
        private let pointer: OpaquePointer

        init(_ pointer: OpaquePointer) { self.pointer = pointer }

        deinit { natsMsg_Destroy(pointer) }

        var subject: String { natsMsg_GetSubject(pointer).map { String(cString: $0) } ?? "" }
        var reply: String? { natsMsg_GetReply(pointer).map { String(cString: $0) } }
        var size: Int { Int(natsMsg_GetDataLength(pointer)) }

        var payload: [UInt8] {
            guard let data = natsMsg_GetData(pointer) else { return [] }
            return Array(UnsafeRawBufferPointer(start: data, count: size))
        }

        func header(_ name: String) -> String? {
            var value: UnsafePointer<CChar>?
            guard natsMsgHeader_Get(pointer, name, &value) == NATS_OK, let value else { return nil }
            return String(validatingCString: value)
        }

        /// The number and text of a message that the server itself says (`404 No Messages`); `nil` for all others.
        var status: (code: Int, text: String)? {
            guard size == 0, let code = header("Status").flatMap({ Int($0) }) else { return nil }
            return (code, header("Description") ?? "")
        }

        /// The stream's place that the broker's acknowledgement subject tells; `nil` for a message of no consumer.
        ///
        /// `$JS.ACK.<stream>.<consumer>.<delivered>.<sequence>.<…>.<time>.<pending>`, and two more words in front of the
        /// stream, and perhaps one at the end, in servers that tell domain and account.
        var delivery: Delivery? {
            guard let reply = natsMsg_GetReply(pointer) else { return nil }
            let bytes = UnsafeBufferPointer(start: reply, count: strlen(reply))
            guard bytes.count > 8, memcmp(reply, "$JS.ACK.", 8) == 0 else { return nil }
            var starts: [Int] = [0]
            for index in bytes.indices where bytes[index] == CChar(bitPattern: UInt8(ascii: ".")) {
                starts.append(index + 1)
            }
            guard starts.count == 9 || starts.count >= 11 else { return nil }
            let place = starts.count == 9 ? 5 : 7
            guard let sequence = Self.number(bytes, at: starts[place]),
                let nanoseconds = Self.number(bytes, at: starts[place + 2])
            else { return nil }
            return Delivery(sequence: sequence, nanoseconds: nanoseconds)
        }

        private static func number(_ bytes: UnsafeBufferPointer<CChar>, at start: Int) -> UInt64? {
            var value: UInt64 = 0
            var index = start
            while index < bytes.count, case let digit = UInt8(bitPattern: bytes[index]), digit != UInt8(ascii: ".") {
                guard (48...57).contains(digit), value < UInt64.max / 10 - 1 else { return nil }
                value = value * 10 + UInt64(digit - 48)
                index += 1
            }
            return index > start ? value : nil
        }
    }

    /// What a consumer says of a message that it delivers.
    struct Delivery: Sendable {
        /// In the stream.
        var sequence: UInt64
        /// When the stream took it, since 1970.
        var nanoseconds: UInt64
    }
#endif
