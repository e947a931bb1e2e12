using Lifeboat.Engine.Lineages;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Repository.Clusters;

namespace Lifeboat.Engine.Wal;

/// <summary>
/// What a primary filled and could not archive any more before it died. A standby that is promoted has it by streaming, and
/// PostgreSQL archives there only what the new timeline begins: without these segments nothing behind them can be reached.
/// They are pushed before the history of the new timeline, which PostgreSQL asks for first.
/// </summary>
/// <remarks>
/// A segment that ends before the switch point is the same on every server of the parent timeline, so that no claim is
/// asked for; other content under its name is refused as ever.
/// </remarks>
internal static class WalLeftBehind
{
    /// <param name="history">The history file that is being pushed.</param>
    /// <exception cref="LifeboatException">Errors of the store and of files, upon which the push is asked for again.</exception>
    internal static async ValueTask PushAsync(
        WalPushRequest request, ServerLineage server, WalFile history, CancellationToken cancellationToken)
    {
        if (TimelineHistory.Parse(history.Timeline, history.Content) is not { Entries: [.., var parent] } parsed
            || await LineageCatalog.TryReadAsync(request.Cluster, server.Lineage, cancellationToken) is not { } record
            || !WalSegmentSize.IsValid(record.SegmentSize))
        {
            return;
        }

        var size = new WalSegmentSize(record.SegmentSize);
        var begun = size.SegmentOf(parsed.SwitchedTo(parent.Timeline) ?? Lsn.Zero);
        var left = new Stack<string>();
        for (var number = size.SegmentOf(parent.SwitchPoint); number > begun;)
        {
            var name = new WalSegmentName(parent.Timeline, --number, size);
            var path = PosixPath.Combine(PosixPath.Parent(request.Path), name.ToString());
            var stored = await WalAncestry.FindAsync(
                request.Cluster, server.Lineage, server.Marker?.Parent, name.ToString(), cancellationToken);
            if (stored.Count > 0 || !IsWhole(request.Files, path, name))
            {
                break;
            }

            left.Push(path);
        }

        foreach (var path in left)
        {
            await WalPush.RunAsync(request with { Path = path, IsLeftBehind = true }, cancellationToken);
        }
    }

    /// <summary>Whether the server holds the segment to its end.</summary>
    private static bool IsWhole(IFileSystem files, string path, WalSegmentName name)
    {
        if (files.Stat(path) is not { Kind: FileKind.Regular })
        {
            return false;
        }

        try
        {
            var facts = WalSegmentFacts.Collect(name, WalFile.Read(files, path).Content);
            return facts.Ending is WalSegmentEnding.Complete or WalSegmentEnding.ContinuesInNext;
        }
        catch (LifeboatException unfit) when (unfit.Code is ErrorCode.Damaged or ErrorCode.Mismatch)
        {
            return false;
        }
    }
}
