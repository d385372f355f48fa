public import FleetFile

/// What somebody wants to be seen among what happened to a fleet.
public enum FleetNote {
    /// Characters that are kept.
    private static let longest = 200

    /// - Throws: `missing` where no history is kept on this machine.
    public static func add(_ text: String, to fleet: FleetDefinition) async throws {
        try await HistoryFile.note(String(text.prefix(longest)), of: fleet)
    }
}
