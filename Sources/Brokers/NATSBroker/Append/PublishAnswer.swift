#if NATS
    import FleetCore
    import Foundation

    /// What a stream answers to a message that it was sent.
    struct PublishAnswer {
        private struct Answer: Decodable {
            var seq: UInt64?
            var duplicate: Bool?
            var error: JetStreamFault?
        }

        let input: AppendChain.Input

        /// - Throws: what the stream refuses for another reason than the place.
        init(_ payload: [UInt8], _ doing: String, stream: String, at name: String) throws {
            guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(payload)) else {
                input = .unknown
                return
            }
            if let fault = answer.error {
                guard fault.number.map(JetStreamFault.isOutOfPlace) ?? false else {
                    throw fault.error(doing, stream: stream, at: name)
                }
                input = .outOfPlace
            } else if let sequence = answer.seq {
                input = answer.duplicate == true ? .duplicate(sequence) : .acknowledged(sequence)
            } else {
                input = .unknown
            }
        }
    }
#endif
