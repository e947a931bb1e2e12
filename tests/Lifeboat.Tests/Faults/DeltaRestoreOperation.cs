using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Xunit;

namespace Lifeboat.Tests.Faults;

/// <summary>
/// <c>lifeboat restore --delta</c> over the directory of a stopped server that is damaged, changed and has WAL of its own.
/// </summary>
internal sealed class DeltaRestoreOperation(FaultWorld world) : RestoreOperation(world)
{
    private const string Foreign = "base/5/99999";
    private const string Segment = "00000001000000000000000A";

    private static readonly IFileSystem s_files = PosixFileSystem.Instance;

    internal override async Task PrepareAsync()
    {
        await base.PrepareAsync();
        await RestoreAsync(World, FaultedWays.Clean, "data", "space", backup: null, default);
        Change();
    }

    internal override async Task RunAsync(FaultedWays ways, CancellationToken cancellationToken)
    {
        await RestoreAsync(World, ways, "data", "space", backup: null, cancellationToken, delta: true);
        IsPromised = true;
    }

    internal override Task JudgeAsync(bool succeeded, string message)
    {
        Assert.True(!succeeded || IsPromised, message);
        Assert.True(HasSegment(), $"{message}: WAL that was there is lost");
        var isUntouched = s_files.Stat($"{Directory}/{Foreign}") is not null
            && s_files.Stat($"{Directory}/pg_wal/{Segment}") is not null;
        if (IsPromised || (!isUntouched && CanStart()))
        {
            Image.Judge(Directory, Tablespace, message, mayBeMarked: !IsPromised);
        }

        return Task.CompletedTask;
    }

    /// <summary>Over what is there already it can always be run again.</summary>
    internal override bool MayRefuseAgain(LifeboatException failure) => false;

    private bool HasSegment()
    {
        var wal = $"{Directory}/pg_wal";
        return s_files.Stat($"{wal}/{Segment}") is not null
            || s_files.List(wal).Any(entry => entry.Name.StartsWith("lifeboat.kept-", StringComparison.Ordinal)
                && s_files.Stat($"{wal}/{entry.Name}/{Segment}") is not null);
    }

    /// <summary>Flipped bytes, a file too many, one too few, one too short, one too long, a link in the place of a file.</summary>
    private void Change()
    {
        using (var heap = s_files.OpenWrite($"{Directory}/base/5/16384"))
        {
            heap.Write("damage"u8, 4000);
        }

        using (var large = s_files.OpenWrite($"{Directory}/pg_logical/large"))
        {
            large.Write("damage"u8, 300_000);
            large.Write("damage"u8, 500_000);
            large.SetLength(900_000);
        }

        using (var longer = s_files.OpenWrite($"{Directory}/base/5/16385"))
        {
            longer.SetLength(longer.Status().Size + 8192);
        }

        s_files.Delete($"{Directory}/pg_xact/0000");
        s_files.Delete($"{Directory}/PG_VERSION");
        s_files.CreateSymbolicLink("/etc/hostname", $"{Directory}/PG_VERSION");
        s_files.CreateDirectory($"{Directory}/base/77");
        foreach (var name in new[] { Foreign, "base/77/1", $"pg_wal/{Segment}", "pg_wal/archive_status/x.ready", "pg_notify/0000" })
        {
            using var file = s_files.Create($"{Directory}/{name}");
            file.Write("foreign"u8, 0);
            file.Sync();
        }

        // The server that worked here has synced all that.
        foreach (var folder in new[] { "", "/base/5", "/base", "/base/77", "/pg_wal", "/pg_wal/archive_status", "/pg_notify" })
        {
            s_files.SyncDirectory(Directory + folder);
        }
    }
}
