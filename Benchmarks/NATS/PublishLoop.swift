#if NATS
    import CLibNATS
    import FleetCore
    import Foundation

    /// What a plain client of libnats reaches: asynchronous publishing with the headers that Flotilla's messages have, as many
    /// unacknowledged as Flotilla has, and nothing else.
    enum PublishLoop {
        /// - Returns: how long it took until the last was acknowledged, in seconds.
        static func run(url: String, messages: Int) throws -> Double {
            var (connection, context): (OpaquePointer?, OpaquePointer?)
            try need(natsConnection_ConnectTo(&connection, url))
            var options = jsOptions()
            jsOptions_Init(&options)
            options.PublishAsync.MaxPending = 4096
            try need(natsConnection_JetStream(&context, connection, &options))
            defer {
                jsCtx_Destroy(context)
                natsConnection_Destroy(connection)
            }
            var configuration = jsStreamConfig()
            jsStreamConfig_Init(&configuration)
            let (name, subject) = (strdup("plain"), strdup("plain.>"))
            defer {
                free(name)
                free(subject)
            }
            configuration.Name = UnsafePointer(name)
            var subjects = [UnsafePointer(subject)]
            try subjects.withUnsafeMutableBufferPointer { buffer in
                configuration.Subjects = buffer.baseAddress
                configuration.SubjectsLen = 1
                try need(js_AddStream(nil, context, &configuration, nil, nil))
            }
            let payload = [UInt8](repeating: UInt8(ascii: "x"), count: 290)
            let headers = [
                ("ce-specversion", "1.0"), ("ce-source", "/bench/orders"), ("ce-type", "OrderPlaced"),
                ("ce-time", "2026-11-21T10:00:00.123456Z"), ("ce-subject", "1234567"), ("ce-partitionkey", "1234567"),
                ("ce-datacontenttype", "application/json"), ("ce-aggregatetype", "Order"),
            ]
            let start = ContinuousClock.now
            for _ in 0..<messages {
                var message: OpaquePointer?
                try payload.withUnsafeBytes { bytes in
                    try need(
                        natsMsg_Create(
                            &message, "plain.orders.OrderPlaced", nil,
                            bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count)))
                }
                for (name, value) in headers { try need(natsMsgHeader_Set(message, name, value)) }
                let id = EventID.make().description
                try need(natsMsgHeader_Set(message, "ce-id", id))
                try need(natsMsgHeader_Set(message, "Nats-Msg-Id", id))
                try need(js_PublishMsgAsync(context, &message, nil))
            }
            try need(js_PublishAsyncComplete(context, nil))
            let time = (ContinuousClock.now - start).inSeconds
            try need(js_DeleteStream(context, "plain", nil, nil))
            return time
        }

        private static func need(_ status: natsStatus) throws {
            guard status == NATS_OK else {
                let text = natsStatus_GetText(status).map { String(cString: $0) } ?? ""
                throw FleetError(.unavailable, "libnats: \(text)")
            }
        }
    }
#endif
