/// What the operators' page is made of. Nothing of it is fetched from elsewhere.
public enum PageAssets {
    public static var style: [UInt8] { PackageResources.page_css }
    /// One script, of parts that begin with what the others use.
    public static var script: [UInt8] {
        [
            PackageResources.elements_js, PackageResources.numbers_js, PackageResources.grid_js,
            PackageResources.drawings_js, PackageResources.asking_js, PackageResources.overview_js,
            PackageResources.objectives_js, PackageResources.parts_js, PackageResources.map_js,
            PackageResources.parked_js, PackageResources.coordination_js, PackageResources.traces_js,
            PackageResources.places_js, PackageResources.keys_js,
        ].flatMap(\.self)
    }
    public static var icon: [UInt8] { PackageResources.icon_svg }

    /// The page itself.
    /// - Parameters:
    ///   - pageToken: what it sends with all that acts.
    ///   - isSignedIn: whether somebody has signed in, and may sign out.
    public static func front(fleet: String, pageToken: String, isSignedIn: Bool) -> [UInt8] {
        filled(
            PackageResources.page_html,
            ["FLEET": fleet, "PAGE_TOKEN": pageToken, "SIGNED_IN": isSignedIn ? "yes" : "no"])
    }

    /// The form that asks for the token.
    public static func signIn(isWrong: Bool) -> [UInt8] {
        filled(
            PackageResources.sign_in_html,
            ["TROUBLE": isWrong ? "That is not the token." : ""])
    }

    /// Puts values where the page names them in double braces.
    private static func filled(_ page: [UInt8], _ values: [String: String]) -> [UInt8] {
        var text = String(decoding: page, as: UTF8.self)[...]
        var result = ""
        while let begin = text.firstRange(of: "{{"), let end = text[begin.upperBound...].firstRange(of: "}}") {
            result += text[..<begin.lowerBound]
            result += escaped(values[String(text[begin.upperBound..<end.lowerBound])] ?? "")
            text = text[end.upperBound...]
        }
        return Array((result + text).utf8)
    }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.append(character)
            }
        }
    }
}
