using System.Globalization;
using Lifeboat.Engine.Wal.Summaries;

namespace Lifeboat.Engine.Wal.Service;

/// <summary>Rolls up, now and then, the catalogs of 256 segments that lack; nothing waits for it.</summary>
public sealed class CatalogDuty(ServiceSession session, TimeProvider time) : IServiceDuty
{
    /// <summary>
    /// A catalog lacks at most each 256 segments: looking more often would list the archive for nothing.
    /// </summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(15);

    /// <summary>Of the first run in an archive that has none: the rest is for the next times.</summary>
    private const int MostAtATime = 16;

    private long _written;

    public string Name => "catalogs";

    public async Task RunAsync(CancellationToken stop)
    {
        while (true)
        {
            await Task.Delay(Interval, time, stop);
            var report = await WalCatalogRoll.RollCatalogsAsync(
                session.Cluster, session.Server.Lineage, stop, most: MostAtATime);
            Interlocked.Add(ref _written, report.Written);
        }
    }

    public IReadOnlyDictionary<string, string> Health() => new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["written"] = Interlocked.Read(ref _written).ToString(CultureInfo.InvariantCulture),
    };
}
