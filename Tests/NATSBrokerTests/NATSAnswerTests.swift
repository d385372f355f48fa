#if NATS
    import FleetCore
    import Foundation
    import Synchronization
    import TestKit
    import Testing

    @testable import NATSBroker

    /// Which answer is taken, where several servers answer, or none.
    @Suite struct NATSAnswerTests {
        /// Answers each question that comes with the next of some lists of answers.
        private final class Answering: MessageReceiver {
            private let connection: NATSConnection
            private let answers: Mutex<[[String]]>

            init(_ connection: NATSConnection, _ answers: [[String]]) {
                self.connection = connection
                self.answers = Mutex(answers)
            }

            func receive(_ message: NATSMessage) {
                guard let reply = message.reply else { return }
                let next = answers.withLock { $0.isEmpty ? [] : $0.removeFirst() }
                let connection = connection
                Task {
                    for answer in next { try await connection.publish(Array(answer.utf8), to: reply, doing: "test") }
                }
            }
        }

        private static let leaderless = #"{"error":{"code":503,"err_code":10008,"description":"no leader"}}"#

        /// What is answered to a question, where these are the answers to the times that it is asked.
        private func answer(
            to answers: [[String]], again: Duration? = nil, settling: Duration = .seconds(180),
            timeout: Duration = .seconds(180),
            isFinal: (NATSMessage) -> Bool = JetStreamAPI.isFinal
        ) async throws -> String {
            let server = try await NATSServer.shared()
            let settings = NATSSettings(servers: [server.url], name: "test")
            let connection = try await NATSConnection.open(settings, for: .asking)
            let other = try await NATSConnection.open(settings, for: .asking)
            let subject = "test.\(UUID().uuidString)"
            let subscription = try await other.subscribe(to: subject, Answering(other, answers))
            // The server knows of the subscription once it has answered something that came after it.
            _ = try? await other.request([], to: "test.nobody", timeout: .seconds(180), doing: "test")
            let patience = NATSConnection.Patience(timeout: timeout, again: again, settling: settling)
            let answer = try await connection.request(
                [], to: subject, patience, doing: "test", isFinal: isFinal)
            other.discard(subscription)
            await connection.close()
            await other.close()
            return String(decoding: answer.payload, as: UTF8.self)
        }

        @Test func aServerThatKnowsNoLeaderIsNotBelievedWhereTheLeaderAnswersAsWell() async throws {
            try checkEqual(try await answer(to: [[Self.leaderless, Self.leaderless, "{}"]]), "{}")
        }

        /// A server that leads nothing may have less of a stream than was appended.
        @Test func ofAStreamTheLeaderIsBelievedAlone() async throws {
            let (stale, leaders) = (#"{"cluster":{"name":"c"}}"#, #"{"cluster":{"name":"c","leader":"n1"}}"#)
            let isLeaders = { JetStreamAPI.isLeaders($0, of: 1) }
            try checkEqual(try await answer(to: [[stale, leaders]], isFinal: isLeaders), leaders)
            try checkEqual(try await answer(to: [["{}"]], isFinal: isLeaders), "{}")
        }

        /// A server that has come back without the others, and leads a copy of its own.
        @Test func whoLeadsAloneIsNotBelievedWhereThereAreToBeOthers() async throws {
            let alone = #"{"cluster":{"name":"c","leader":"n1"}}"#
            let leaders =
                #"{"cluster":{"name":"c","leader":"n2","replicas":[{"name":"n1","current":false},{"name":"n3"}]}}"#
            let isLeaders = { JetStreamAPI.isLeaders($0, of: 3) }
            try checkEqual(try await answer(to: [[alone, leaders]], isFinal: isLeaders), leaders)
            // One of two others is enough.
            let two = #"{"cluster":{"name":"c","leader":"n2","replicas":[{"name":"n3"}]}}"#
            try checkEqual(try await answer(to: [[alone, two, leaders]], isFinal: isLeaders), two)
            // Who counts the leader among the others is another, and tells of what it has itself.
            let another = #"{"cluster":{"name":"c","leader":"n2","replicas":[{"name":"n2"},{"name":"n3"}]}}"#
            try checkEqual(try await answer(to: [[another, two]], isFinal: isLeaders), two)
        }

        /// A better answer is waited for, but not for as long as for any at all.
        @Test(.timeLimit(.minutes(5))) func whereNobodyKnowsALeaderThatIsTheAnswer() async throws {
            try checkEqual(
                try await answer(to: [[Self.leaderless]], settling: .milliseconds(100), timeout: .seconds(3600)),
                Self.leaderless)
        }

        @Test func whatNobodyHasHeardIsAskedAgain() async throws {
            try checkEqual(
                try await answer(to: [[], [Self.leaderless], ["{}"]], again: .milliseconds(50)), "{}")
        }
    }
#endif
