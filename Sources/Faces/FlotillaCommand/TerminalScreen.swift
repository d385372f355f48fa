import FleetCore
import Foundation
import Synchronization

/// A terminal that is drawn on whole, and is as it was when it is closed.
final class TerminalScreen: Sendable {
    private let before: termios
    private let isClosed = Mutex(false)

    /// Takes the terminal: a second screen, no cursor, keys as they are pressed.
    init() throws {
        var settings = termios()
        guard tcgetattr(STDIN_FILENO, &settings) == 0 else {
            throw FleetError(.invalidInput, "standard input is no terminal", remedy: "use --once")
        }
        before = settings
        // Ctrl-C is a key as any other, so that nothing ends this before the terminal is as it was.
        settings.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG)
        withUnsafeMutableBytes(of: &settings.c_cc) { keys in
            keys[Int(VMIN)] = 0
            keys[Int(VTIME)] = 0
        }
        tcsetattr(STDIN_FILENO, TCSANOW, &settings)
        Self.write("\u{1B}[?1049h\u{1B}[?25l")
    }

    func close() {
        let isFirst = isClosed.withLock { isClosed in
            defer { isClosed = true }
            return !isClosed
        }
        guard isFirst else { return }
        Self.write("\u{1B}[?25h\u{1B}[?1049l")
        var settings = before
        tcsetattr(STDIN_FILENO, TCSANOW, &settings)
    }

    deinit { close() }

    /// How large the terminal is; `nil` where standard output is none.
    static var size: (columns: Int, rows: Int)? {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return nil }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Whether `q`, Ctrl-C or Ctrl-D was pressed since the last look.
    var isToldToEnd: Bool {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(STDIN_FILENO, &bytes, bytes.count)
        return count > 0 && bytes[..<count].contains { [UInt8(ascii: "q"), UInt8(ascii: "Q"), 3, 4].contains($0) }
    }

    /// Draws over what stands there, without a moment in which nothing does.
    func draw(_ lines: [String]) {
        Self.write("\u{1B}[H" + lines.map { $0 + "\u{1B}[K" }.joined(separator: "\r\n") + "\u{1B}[J")
    }

    private static func write(_ text: String) { _ = Console.write(Array(text.utf8)) }
}
