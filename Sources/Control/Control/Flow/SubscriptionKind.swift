import FleetCore
import FleetFile

/// What reads a stream.
enum SubscriptionKind {
    case view, push
    /// A program of a service's own.
    case consumer

    /// What to do where a stream is not the one that was read.
    func remedyForAnotherStream(_ subscription: SubscriptionName) -> String {
        switch self {
        case .view: "build the view from what it holds: `flotilla views rebuild \(subscription)`"
        case .push:
            "begin with what it holds: take `push` out of the fleet file, `flotilla apply`, put it back, and"
                + " `flotilla apply` again"
        case .consumer: "give the consumer another name, under which it begins with what it holds"
        }
    }

    /// What there is besides taking again what is left of a stream, as the end of a sentence.
    func alternativeToReplay(_ subscription: SubscriptionName) -> String {
        switch self {
        case .view: "; or `flotilla views rebuild \(subscription)`, from what there is"
        case .push, .consumer: ""
        }
    }
}

extension FleetDefinition {
    func kind(of subscription: SubscriptionName) -> SubscriptionKind {
        if consumers.contains(subscription.description) { return .consumer }
        return subscription.name == SubscriptionName.pushName
            && services.contains { service in
                service.name == subscription.service && !service.push.isEmpty
            } ? .push : .view
    }
}
