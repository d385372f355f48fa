import Foundation
import Synchronization

/// Standard output and error: plain lines, and on a terminal a block of lines that is drawn anew in its place.
final class Console: Sendable {
    private struct State {
        /// How many lines of the block stand on the screen.
        var drawn = 0
        var block: [String] = []
    }

    static let shared = Console()

    /// Whether standard output is a terminal that can be drawn on.
    let isTerminal = isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
    private let state = Mutex(State())

    /// Writes a line to standard error; the block stays below it.
    static func standardError(_ line: String) {
        shared.state.withLock { state in
            shared.erase(&state)
            write(line + "\n", to: STDERR_FILENO)
            shared.draw(&state)
        }
    }

    /// Writes a line to standard output.
    static func line(_ text: String = "") {
        shared.state.withLock { state in
            shared.erase(&state)
            write(text + "\n", to: STDOUT_FILENO)
            shared.draw(&state)
        }
    }

    /// Writes bytes to standard output, whole.
    /// - Returns: whether somebody reads them.
    static func write(_ bytes: [UInt8]) -> Bool {
        shared.state.withLock { state in
            shared.erase(&state)
            defer { shared.draw(&state) }
            return write(bytes[...], to: STDOUT_FILENO)
        }
    }

    /// Replaces the block. Only on a terminal.
    func show(_ block: [String]) {
        state.withLock { state in
            erase(&state)
            state.block = block
            draw(&state)
        }
    }

    private func erase(_ state: inout State) {
        if state.drawn > 0 { Console.write("\u{1B}[\(state.drawn)A\u{1B}[J", to: STDOUT_FILENO) }
        state.drawn = 0
    }

    private func draw(_ state: inout State) {
        guard !state.block.isEmpty else { return }
        Console.write(state.block.map { $0 + "\n" }.joined(), to: STDOUT_FILENO)
        state.drawn = state.block.count
    }

    private static func write(_ text: String, to descriptor: Int32) {
        _ = write(ArraySlice(text.utf8), to: descriptor)
    }

    private static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Bool {
        var bytes = bytes
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            // Nobody reads any more: there is nobody to tell.
            if count <= 0 && errno != EINTR { return false }
            bytes = bytes.dropFirst(max(0, count))
        }
        return true
    }
}

/// Colours, where a terminal shows them (https://no-color.org).
struct Style {
    let isOn: Bool

    init(descriptor: Int32 = STDOUT_FILENO) {
        isOn = isatty(descriptor) == 1 && ProcessInfo.processInfo.environment["NO_COLOR"] == nil
    }

    func bold(_ text: String) -> String { wrap(text, "1") }
    func dim(_ text: String) -> String { wrap(text, "2") }
    func red(_ text: String) -> String { wrap(text, "31") }
    func green(_ text: String) -> String { wrap(text, "32") }
    func yellow(_ text: String) -> String { wrap(text, "33") }

    private func wrap(_ text: String, _ code: String) -> String { isOn ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text }
}

/// Rows of cells, in columns as wide as their widest cell.
struct Table {
    var rows: [[String]] = []
    /// Columns whose cells are numbers, and stand to the right.
    var numeric: Set<Int> = []

    /// What cells hold that cannot be seen is shown as such.
    func lines() -> [String] {
        let rows = rows.map { $0.map(VisibleText.of) }
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            row.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - row[column].count)
                if numeric.contains(column) { return padding + row[column] }
                return column == row.count - 1 ? row[column] : row[column] + padding
            }.joined(separator: "  ")
        }
    }
}
