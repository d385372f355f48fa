import FleetCore
import Foundation
import NIOCore
import NIOPosix
import NIOSSL

/// What went wrong with a request, for people. It names the endpoint, and quotes a bounded piece of what that said.
enum HTTPFailure {
    /// What is kept of an answer's body.
    static let quoteLimit = ByteCount(256)

    /// An answer that is no success.
    static func error(_ answer: HTTPAnswer, at name: String) -> FleetError {
        let quote = quoted(String(decoding: answer.body, as: UTF8.self))
        let reason = oneLine(answer.reason, 64)
        let message = "\(name) answered \(answer.status)" + (reason.isEmpty ? "" : " \(reason)")
        switch answer.status {
        case 300...399:
            return FleetError(
                .badEvent, message, remedy: "redirects are not followed: name the place itself as `to`",
                underlying: quote)
        case 408, 429, 500...:
            return FleetError(.unavailable, message, isRetriable: true, underlying: quote)
        case 401, 403:
            return FleetError(
                .badEvent, message, remedy: "see that both have the same secret, and then `flotilla parked retry`",
                underlying: quote)
        default:
            return FleetError(
                .badEvent, message, remedy: "mend the receiver and `flotilla parked retry`, or discard the event",
                underlying: quote)
        }
    }

    /// No answer at all.
    static func error(_ error: any Error, at name: String, within timeout: Duration) -> FleetError {
        switch error {
        case HTTPCallFailure.Reason.cancelled:
            return FleetError(.cancelled, "the work was cancelled")
        case HTTPCallFailure.Reason.timedOut, ChannelError.connectTimeout:
            return FleetError(
                .unavailable,
                "\(name) did not answer within \(Double(timeout.wholeMicroseconds) / 1_000_000) s",
                remedy: "see why it hangs, or raise `timeout`", isRetriable: true)
        case HTTPCallFailure.Reason.closed:
            return FleetError(
                .unavailable, "\(name) closed the connection without an answer", isRetriable: true)
        case HTTPCallFailure.Reason.shutDown:
            return FleetError(.unavailable, "\(name) is not asked any more: the work is ending", isRetriable: true)
        case HTTPCallFailure.Reason.privateAddress:
            return FleetError(
                .denied, "\(name) is at a private address, and `private: forbid` is set",
                remedy: "name a public endpoint, or write `private: allow`")
        case let error as AnswerReader.Garbage:
            return FleetError(
                .unavailable, "\(name) does not speak HTTP",
                remedy: "see that `to` names the receiver's port, and http or https as it wants", isRetriable: true,
                underlying: error.what)
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
            return certificate(error, name)
        case let error as IOError where [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ENETDOWN].contains(error.errnoCode):
            return unreachable(name, String(cString: strerror(error.errnoCode)))
        case let error as IOError:
            return FleetError(
                .unavailable, "the connection to \(name) broke", isRetriable: true,
                underlying: String(cString: strerror(error.errnoCode)))
        case let error as NIOConnectionError:
            return connection(error, name)
        default:
            return FleetError(
                .unavailable, "\(name) cannot be reached", isRetriable: true, underlying: oneLine("\(error)", 120))
        }
    }

    /// No answer to a call: it matters whether anything of it was sent.
    static func error(ofCall failure: HTTPCallFailure, to name: String, within timeout: Duration) -> FleetError {
        let told = error(failure.cause, at: name, within: timeout)
        guard failure.mayHaveArrived, told.code != .cancelled else { return told }
        return FleetError(
            .unknownOutcome, told.message, remedy: told.remedy, isRetriable: told.isRetriable,
            underlying: told.underlying)
    }

    private static func certificate(_ error: any Error, _ name: String) -> FleetError {
        FleetError(
            .unavailable, "no secure connection to \(name)",
            remedy:
                "see that its certificate is for this name and not expired, and that the system trusts its authority,"
                + " or name that in `tls: {ca: FILE}`", isRetriable: true, underlying: oneLine("\(error)", 200))
    }

    private static func connection(_ error: NIOConnectionError, _ name: String) -> FleetError {
        let reasons = error.connectionErrors.map { single in
            (single.error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? oneLine("\(single.error)", 80)
        }
        let said = Set(reasons).sorted().joined(separator: ", ")
        if !error.connectionErrors.isEmpty { return unreachable(name, said) }
        return FleetError(
            .unavailable, "nobody knows the name of the host in \(name)", remedy: "see that `to` names it",
            isRetriable: true)
    }

    private static func unreachable(_ name: String, _ said: String) -> FleetError {
        FleetError(
            .unavailable, "\(name) cannot be reached", remedy: "see that it runs, and that `to` names it",
            isRetriable: true, underlying: said)
    }

    private static func quoted(_ body: String) -> String? {
        let line = oneLine(body, 200).trimmingCharacters(in: .whitespaces)
        return line.isEmpty ? nil : line
    }

    private static func oneLine(_ text: String, _ limit: Int) -> String {
        var line = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(limit) {
            line.append(scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? " " : scalar)
        }
        return String(line)
    }
}
