using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Testing.Servers;
using Lifeboat.Testing.Wal;
using Xunit;

namespace Lifeboat.Tests.Postgres.Wal;

/// <summary>Every kind of record that is parsed, and every kind of index, in WAL of real servers.</summary>
public sealed class WaldumpKindsJudgeTests
{
    [Theory]
    [ClassData(typeof(EveryMajor))]
    public async Task Every_kind_of_record_and_body_is_read_as_pg_waldump_reads_it(int major)
    {
        await using var workload = await WalWorkload.StartAsync(major);
        var compressions = await CompressionsAsync(workload.Server);
        await workload.RunAsync($"create tablespace aside location '{workload.Folder.CreateForPostgres("aside")}'");
        await workload.RunAsync(WalKinds.Rows);
        await workload.RunAsync(WalKinds.Copy(workload.Folder.CreateForPostgres("copied") + "/rows"));
        await SpeculateAsync(workload);
        await workload.RunAsync(WalKinds.Indexes);
        await workload.RunAsync(WalKinds.Objects);
        await workload.RunAsync(WalKinds.Databases(major));
        await workload.RunAsync(WalKinds.Images(compressions));
        await workload.RunAsync("alter system set wal_level = logical");
        await workload.RunAsync("alter system set track_commit_timestamp = on");
        await workload.Server.RestartAsync();
        await workload.RunAsync(WalKinds.Logical);
        await workload.FinishAsync();

        var comparison = await WaldumpRun.CompareAsync(workload, Timeline.First);
        await WalHarvest.WriteIfAskedAsync(workload);

        Assert.Empty(comparison.Differences);
        Assert.Empty(ExpectedKinds(major).Except(comparison.Bodies.Keys));
        Assert.Empty(ExpectedManagers().Except(comparison.Managers));
        Assert.Empty(compressions.Select(FormOf).Except(comparison.ImageForms));
        AssertTopLevels(workload);
    }

    /// <summary>
    /// pg_waldump tells neither origins nor top-level transactions of records: here the commits are the judges.
    /// </summary>
    private static void AssertTopLevels(WalWorkload workload)
    {
        var told = new Dictionary<TransactionId, TransactionId>();
        var (compared, origins) = (0, 0);
        WaldumpRun.ForEach(workload, (in WalRecord record) =>
        {
            origins += record.Origin != 0 ? 1 : 0;
            if (record.TopLevelXid.IsValid)
            {
                told[record.Xid] = record.TopLevelXid;
            }

            if (TransactionEnd.TryParse(record, out var end))
            {
                for (var i = 0; i < end.SubxactCount; i++)
                {
                    if (told.TryGetValue(end.Subxact(i), out var top))
                    {
                        Assert.Equal(end.Xid, top);
                        compared++;
                    }
                }
            }
        });
        Assert.True(origins > 0);
        Assert.Equal(workload.Server.Major >= 14, compared >= 2);
    }

    /// <summary>Clients that insert the same keys: now and then a speculative insertion has to be taken back.</summary>
    private static async Task SpeculateAsync(WalWorkload workload)
    {
        await workload.RunAsync("create table raced(k int primary key)");
        var script = workload.Folder.CreateForPostgres("scripts") + "/race.sql";
        await File.WriteAllTextAsync(script, """
            \set k random(1, 3)
            insert into raced values (:k) on conflict do nothing;
            delete from raced where k = :k;

            """);
        (await workload.Server.RunAsync(
            "pgbench", "-n", "-c", "8", "-j", "2", "-t", "300", "-f", script, "postgres")).Expect();
    }

    private static async Task<IReadOnlyList<string>> CompressionsAsync(PostgresServer server)
    {
        // Up to 14 it is a switch, and pglz is what it switches on.
        var values = server.Major < 15
            ? "on"
            : await server.ScalarAsync<string>(
                "select array_to_string(enumvals, ',') from pg_settings where name = 'wal_compression'");
        return [.. values.Split(',').Where(v => v is "on" or "pglz" or "lz4" or "zstd")
            .Select(v => server.Major < 15 ? v : v == "on" ? "pglz" : v).Distinct()];
    }

    private static WalImageForm FormOf(string compression) => compression switch
    {
        "lz4" => WalImageForm.CompressedLz4,
        "zstd" => WalImageForm.CompressedZstd,
        _ => WalImageForm.CompressedPglz,
    };

    private static List<string> ExpectedKinds(int major)
    {
        List<string> kinds =
        [
            "COMMIT", "ABORT", "COMMIT_PREPARED", "ABORT_PREPARED", "CHECKPOINT_ONLINE", "CHECKPOINT_SHUTDOWN",
            "Storage CREATE", "Storage TRUNCATE", "Database DROP", "Heap TRUNCATE", "Heap INSERT", "Heap INSERT+INIT",
            "Heap DELETE", "Heap UPDATE", "Heap UPDATE+INIT", "Heap HOT_UPDATE", "Heap HEAP_CONFIRM",
            "Heap2 MULTI_INSERT", "Heap2 MULTI_INSERT+INIT", "Transaction PREPARE", "Transaction ASSIGNMENT",
            "RelMap UPDATE", "Sequence LOG", "LogicalMessage MESSAGE", "Standby LOCK", "XLOG PARAMETER_CHANGE",
        ];
        if (major >= WalKinds.DatabaseByWalSince)
        {
            kinds.AddRange(["Database CREATE_FILE_COPY", "Database CREATE_WAL_LOG"]);
        }
        else
        {
            kinds.Add("Database CREATE");
        }

        if (major >= 17)
        {
            kinds.Add("XLOG CHECKPOINT_REDO");
        }

        return kinds;
    }

    /// <summary>All that are built in but those that only commit timestamps of a replica or a truncated log write.</summary>
    private static IEnumerable<ResourceManager> ExpectedManagers() =>
        Enum.GetValues<ResourceManager>().Except(
            [ResourceManager.Clog, ResourceManager.CommitTs]);
}
