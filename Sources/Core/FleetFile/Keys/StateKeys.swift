/// Reads `state`: the directory of the embedded state.
struct StateKeys {
    static let standard = ".flotilla"

    let values: ValueReader
    let directory: String

    /// The directory, absolute; `nil` where it is wrong.
    func read(_ field: NamedValue?) -> String? {
        guard let field else { return FilePath.absolute(Self.standard, in: directory) }
        guard let read = values.text(field.value, "\"state\"") else { return nil }
        if StoreURL.scheme(of: read.text) != nil {
            let message = "\(read.shown) is a URL, and this build keeps its state in a directory"
            values.log.error(at: read.mark, message, remedy: "write a path such as \(Self.standard)")
            return nil
        }
        if let (message, remedy) = FilePath.trouble(read.text) {
            values.log.error(at: read.mark, "\"state\" \(message)", remedy: remedy)
            return nil
        }
        return FilePath.absolute(read.text, in: directory)
    }
}
