using Lifeboat.Engine.Activity;
using Lifeboat.Engine.Files;
using Lifeboat.Engine.Wal;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Server;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>
/// Sees to it that the WAL between a backup's start and stop is in the repository before the backup is listed. Where the
/// server archives, the archiver is waited for; where it does not, the segments are taken from pg_wal. What a standby follows
/// is archived by its primary, and waited for in any case.
/// </summary>
internal sealed class BackupWal(PhysicalBackupRequest request, BackupOrigin source, IActivity activity)
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan BetweenNotices = TimeSpan.FromSeconds(10);

    private readonly IServerWal _wal = source.Wal(request);

    private string Archiver => source.Server.InRecovery ? "primary's archiver" : "archiver";

    /// <exception cref="LifeboatException">WalMissing: the archiver did not deliver in time.</exception>
    internal async Task EnsureAsync(Timeline timeline, Lsn start, Lsn stop, CancellationToken cancellationToken)
    {
        var missing = new List<string>();
        var last = WalSegmentName.OfEnd(timeline, stop, source.Server.WalSegmentSize);
        for (var segment = WalSegmentName.Of(timeline, start, last.Size); segment.Number <= last.Number; segment = segment.Next)
        {
            missing.Add(segment.ToString());
        }

        if (timeline > Timeline.First)
        {
            missing.Add($"{timeline.ToHex()}.history");
        }

        await RemoveArchivedAsync(missing, cancellationToken);
        await _wal.PushHistoriesAsync(missing, cancellationToken);
        if (missing.Count > 0 && !source.Archives)
        {
            activity.Warn(
                "archive_mode is off: the backup keeps the WAL that it needs and can be restored to its own end, but to no "
                + "later point; set archive_mode = on and archive_command = 'lifeboat wal push %p' for that");
            await _wal.PushAsync(missing, cancellationToken);
            return;
        }

        await WaitAsync(missing, cancellationToken);
        await RequireOwnAsync(last, stop, cancellationToken);
    }

    /// <summary>What is archived must be this server's: a copy writes other content under the same names.</summary>
    private async Task RequireOwnAsync(WalSegmentName last, Lsn stop, CancellationToken cancellationToken)
    {
        var archived = await WalStore.FindAsync(
            request.Cluster, source.Lineage.Id, last.ToString(), cancellationToken);
        if (archived.Count != 1 || !await _wal.IsOwnAsync(last, stop, archived[0], cancellationToken))
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Conflict,
                "compare the WAL of the backup",
                last.ToString(),
                "what is archived under this name is not what this server wrote",
                Hint: "Another server archives into this lineage. A copy gets one of its own by "
                    + "'lifeboat adopt --as-new --cluster-dir DIR'."));
        }
    }

    private async Task WaitAsync(List<string> missing, CancellationToken cancellationToken)
    {
        var began = request.Time.GetTimestamp();
        var notice = TimeSpan.Zero;
        var wait = FirstWait;
        while (missing.Count > 0)
        {
            var waited = request.Time.GetElapsedTime(began);
            if (waited >= request.ArchiveTimeout)
            {
                throw await TimedOutAsync(missing, cancellationToken);
            }

            if (waited >= notice)
            {
                activity.Say($"waiting for the {Archiver} to deliver {missing[0]}"
                    + (missing.Count > 1 ? $" and {missing.Count - 1} more" : "")
                    + (source.Server.InRecovery ? ": the last one when the primary has filled it, or switches (pg_switch_wal)" : ""));
                notice = waited + BetweenNotices;
            }

            await Task.Delay(wait, request.Time, cancellationToken);
            wait = wait * 2 < LongestWait ? wait * 2 : LongestWait;
            await RemoveArchivedAsync(missing, cancellationToken);
        }
    }

    private async Task RemoveArchivedAsync(List<string> missing, CancellationToken cancellationToken)
    {
        for (var at = missing.Count - 1; at >= 0; at--)
        {
            var found = await WalStore.FindAsync(request.Cluster, source.Lineage.Id, missing[at], cancellationToken);
            switch (found.Count)
            {
                case 1:
                    missing.RemoveAt(at);
                    break;
                case > 1:
                    throw WalStore.Conflict(missing[at], found);
            }
        }
    }

    private async Task<LifeboatException> TimedOutAsync(List<string> missing, CancellationToken cancellationToken)
    {
        if (source.Server.InRecovery)
        {
            return TimedOut(
                missing[^1],
                "",
                "Check that the primary archives into this repository and cluster. A primary with little to do ends its "
                + "segment late: 'SELECT pg_switch_wal()' there delivers it, archive_timeout does so by itself, and a larger "
                + "--archive-timeout waits for it.");
        }

        var archiver = "";
        try
        {
            await using var session = await ServerSession.OpenAsync(request.Connection, cancellationToken);
            archiver = $"; the server's archiver: {await ArchiverStatus.ReadAsync(session, cancellationToken)}";
        }
        catch (LifeboatException)
        {
            // The state of the archiver only embellishes the message.
        }

        return TimedOut(
            missing[^1],
            archiver,
            "Check archive_command (it should run 'lifeboat wal push %p' with this repository and cluster) and the "
            + "server's log, then run the backup again: what was copied is kept and not stored twice.");
    }

    private LifeboatException TimedOut(string segment, string archiver, string hint) => new(new Failure(
        ErrorCode.WalMissing,
        "wait for the WAL of the backup",
        segment,
        $"the {Archiver} did not deliver it within {request.ArchiveTimeout.TotalSeconds:0} s{archiver}",
        Transient: true,
        hint));
}
