using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Repository.WalArchive;
using WalTarget = Lifeboat.Postgres.Format.Wal.RecoveryTarget;

namespace Lifeboat.Engine.Targets;

/// <summary>What is looked for in the WAL, and which segments can hold it as far as their summaries tell.</summary>
internal abstract record WalQuestion(WalTarget Target)
{
    /// <summary>Whether a record that is whole in the segment can end recovery.</summary>
    internal abstract bool CanMatter(WalSegmentName name, WalSegmentSummary? summary);

    /// <summary>Whether the record that goes on into the next segment can: no summary counts it.</summary>
    internal bool EdgeCanMatter(WalSegmentName name, WalSegmentSummary? summary) =>
        summary is null || (summary.Continues && EdgeCanMatter(name, (ResourceManager?)summary.ContinuesWith));

    private protected abstract bool EdgeCanMatter(WalSegmentName name, ResourceManager? rmgr);

    /// <summary>How far does it go?</summary>
    internal sealed record End() : WalQuestion(new WalTarget.Latest())
    {
        internal override bool CanMatter(WalSegmentName name, WalSegmentSummary? summary) => summary is null;

        private protected override bool EdgeCanMatter(WalSegmentName name, ResourceManager? rmgr) => false;
    }

    /// <summary>The first record that begins at or behind a position.</summary>
    internal sealed record Position(Lsn Lsn, bool Inclusive) : WalQuestion(new WalTarget.AtLsn(Lsn, Inclusive))
    {
        internal override bool CanMatter(WalSegmentName name, WalSegmentSummary? summary) => name.End > Lsn;

        private protected override bool EdgeCanMatter(WalSegmentName name, ResourceManager? rmgr) => name.End > Lsn;
    }

    /// <summary>The first commit or abort later than a time.</summary>
    internal sealed record Time(DateTimeOffset At, bool Inclusive)
        : WalQuestion(new WalTarget.AtTime(PgTimestamp.From(At), Inclusive))
    {
        // Rounded as the exact comparison rounds, so that no segment is passed over for a fraction of a microsecond.
        private readonly DateTimeOffset _at = PgTimestamp.From(At).ToDateTimeOffset();

        internal override bool CanMatter(WalSegmentName name, WalSegmentSummary? summary) =>
            summary is null || (Inclusive ? summary.GreatestFinishTime > _at : summary.GreatestFinishTime >= _at);

        private protected override bool EdgeCanMatter(WalSegmentName name, ResourceManager? rmgr) =>
            rmgr is null or ResourceManager.Transaction;
    }

    /// <summary>The end of a transaction.</summary>
    internal sealed record Xid(TransactionId Id, bool Inclusive) : WalQuestion(new WalTarget.AtXid(Id, Inclusive))
    {
        internal override bool CanMatter(WalSegmentName name, WalSegmentSummary? summary) =>
            summary is null
            || (summary is { LeastXid: { } oldest, GreatestXid: { } newest }
                && !Id.Precedes(new TransactionId(oldest)) && !new TransactionId(newest).Precedes(Id));

        private protected override bool EdgeCanMatter(WalSegmentName name, ResourceManager? rmgr) =>
            rmgr is null or ResourceManager.Transaction;
    }

    /// <summary>The first restore point of a name.</summary>
    internal sealed record Name(string Text) : WalQuestion(new WalTarget.AtName(Text))
    {
        internal override bool CanMatter(WalSegmentName name, WalSegmentSummary? summary) =>
            summary is null
            || summary.RestorePoints.Any(point => string.Equals(point.Name, Text, StringComparison.Ordinal));

        private protected override bool EdgeCanMatter(WalSegmentName name, ResourceManager? rmgr) =>
            rmgr is null or ResourceManager.Xlog;
    }
}
