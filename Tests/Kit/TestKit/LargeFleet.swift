/// A fleet of many services, each of which keeps a copy of what the next one publishes.
public enum LargeFleet {
    /// Its file.
    /// - Parameters:
    ///   - metrics: where its metrics are served: `127.0.0.1:0`.
    ///   - page: where its page is.
    public static func yaml(services count: Int, metrics: String, page: String) -> String {
        var text = "fleet: large\nmetrics: \"\(metrics)\"\npage: \"\(page)\"\nservices:\n"
        for number in 1...count {
            text += """
                  service\(number):
                    store: sqlite:service\(number).db
                    publishes: [Happened]
                    views:
                      copy:
                        schema: "CREATE TABLE copies (id TEXT PRIMARY KEY);"
                        when: {service\(number % count + 1).Happened: "INSERT INTO copies VALUES (:id)"}

                """
        }
        return text
    }
}
