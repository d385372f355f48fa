import ArgumentParser
import FleetCore
import FleetFile
import Foundation

/// How errors become words on standard error and an exit code.
enum Failure {
    /// A problem in what was given.
    static let input: Int32 = 1
    /// `plan` found changes.
    static let changes: Int32 = 2
    /// `run --until-idle` ended with parked events.
    static let parked: Int32 = 3
    /// A needed system cannot be reached, or refuses who asks (sysexits(3), EX_UNAVAILABLE).
    static let unavailable: Int32 = 69
    /// A bug (EX_SOFTWARE).
    static let bug: Int32 = 70

    static func exit(with error: any Error) -> Never {
        if let error = error as? FleetError {
            Console.standardError("flotilla: \(error.description)")
            if error.code == .bug {
                Console.standardError("this is a bug of Flotilla's (\(error.file):\(error.line)); please report it")
            }
            Foundation.exit(code(of: error))
        }
        if let error = error as? WrongWords {
            Console.standardError("flotilla: \(error.message)")
            Console.standardError("see `flotilla \(error.command.isEmpty ? "" : "\(error.command) ")--help`")
            Foundation.exit(input)
        }
        if error is FleetFileProblems { Foundation.exit(input) }
        let code = FlotillaCommand.exitCode(for: error)
        if code == .validationFailure {
            Console.standardError(FlotillaCommand.fullMessage(for: error))
            Foundation.exit(input)
        }
        FlotillaCommand.exit(withError: error)
    }

    static func code(of error: FleetError) -> Int32 {
        switch error.code {
        case .unavailable, .denied, .missing, .corrupt, .full, .readOnly, .gap: unavailable
        case .bug: bug
        default: input
        }
    }
}

/// A command was given words that it cannot do anything with.
struct WrongWords: Error {
    var command: String
    var message: String
}

/// The fleet file has errors, which were told already.
struct FleetFileProblems: Error {}
