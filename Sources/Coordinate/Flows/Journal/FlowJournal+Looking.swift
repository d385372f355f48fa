public import FleetCore
import FlowModel
public import Stores

/// What an operator asks of a flow's runs.
public struct FlowFilter: Sendable, Hashable {
    /// `nil` for every status.
    public var status: FlowStatus?
    /// Only those that are out of order.
    public var isOutOfOrder: Bool
    /// Only those of which a limit was passed.
    public var isLate: Bool

    public init(status: FlowStatus? = nil, isOutOfOrder: Bool = false, isLate: Bool = false) {
        self.status = status
        self.isOutOfOrder = isOutOfOrder
        self.isLate = isLate
    }
}

/// How many runs of a flow stand where.
public struct FlowCounts: Sendable, Hashable {
    public var byStatus: [FlowStatus: Int64] = [:]
    public var outOfOrder: Int64 = 0
    public var late: Int64 = 0

    public init() {}
}

/// Where the runs of a flow stand, for those who measure.
public struct FlowStanding: Sendable, Hashable {
    /// So many stuck runs are looked at for ``stuckFirst``, those that changed longest ago.
    static let stuckLimit = 32

    public var counts = FlowCounts()
    /// When the first of the stuck runs was found to be.
    public var stuckFirst: Timestamp?
}

extension FlowJournal {
    public func standing(in transaction: any StoreTransaction) throws -> FlowStanding {
        var standing = FlowStanding(counts: try counts(in: transaction))
        guard standing.counts.byStatus[.stuck, default: 0] > 0 else { return standing }
        let states = try transaction.rows(
            """
            SELECT flow_key, state FROM flotilla_flows WHERE flow = $1 AND status = 'stuck'
            ORDER BY changed_at LIMIT \(FlowStanding.stuckLimit)
            """, [.text(flow.text)]
        ).map { try state(of: $0[0].text ?? "", from: $0[1].text ?? "") }
        standing.stuckFirst = states.compactMap(\.stuckSince).min()
        return standing
    }

    /// Runs, those first that changed last.
    public func list(
        _ filter: FlowFilter = FlowFilter(), limit: Int, in transaction: any StoreTransaction
    ) throws -> [FlowState] {
        var conditions = ["flow = $1"]
        var values: [SQLValue] = [.text(flow.text)]
        if let status = filter.status {
            conditions.append("status = $2")
            values.append(.text(status.rawValue))
        }
        if filter.isOutOfOrder { conditions.append("is_out_of_order = 1") }
        if filter.isLate { conditions.append("is_late = 1") }
        values.append(.integer(Int64(limit)))
        return try transaction.rows(
            """
            SELECT flow_key, state FROM flotilla_flows WHERE \(conditions.joined(separator: " AND "))
            ORDER BY changed_at DESC, flow_key LIMIT $\(values.count)
            """, values
        ).map { try state(of: $0[0].text ?? "", from: $0[1].text ?? "") }
    }

    public func counts(in transaction: any StoreTransaction) throws -> FlowCounts {
        var counts = FlowCounts()
        let rows = try transaction.rows(
            """
            SELECT status, is_out_of_order, is_late, count(*) FROM flotilla_flows WHERE flow = $1
            GROUP BY status, is_out_of_order, is_late
            """, [.text(flow.text)])
        for row in rows {
            let count = row[3].integer ?? 0
            if let status = row[0].text.flatMap(FlowStatus.init(rawValue:)) {
                counts.byStatus[status, default: 0] += count
            }
            if row[1].integer == 1 { counts.outOfOrder += count }
            if row[2].integer == 1 { counts.late += count }
        }
        return counts
    }

    /// Keys that begin alike, for those who mistyped one.
    public func keys(limit: Int, in transaction: any StoreTransaction) throws -> [String] {
        try transaction.rows(
            "SELECT flow_key FROM flotilla_flows WHERE flow = $1 ORDER BY changed_at DESC LIMIT $2",
            [.text(flow.text), .integer(Int64(limit))]
        ).compactMap { $0[0].text }
    }
}
