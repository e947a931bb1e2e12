using System.Collections.Concurrent;
using Lifeboat.Engine.Wal.Pieces;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Windows;

/// <summary>
/// The facts of archived segments, each read once. Reading ahead hides the store's answering time when many are wanted in
/// order. Used by one caller at a time.
/// </summary>
internal sealed class WalFactsCache(Cluster cluster, WalSegmentSize size)
{
    private const int Ahead = 16;

    private readonly ConcurrentDictionary<WalObject, Task<WalFacts>> _facts = new();
    private readonly WalFactsReader _reader = new(cluster);

    internal Cluster Cluster => cluster;

    /// <exception cref="LifeboatException">Damaged, or an error of the store.</exception>
    internal Task<WalFacts> ReadAsync(WalObject item, CancellationToken cancellationToken) =>
        _facts.GetOrAdd(item, wanted => (ArchivedSegment.IsOfPieces(wanted)
            ? ArchivedSegment.ReadFactsAsync(cluster, wanted, size, cancellationToken)
            : _reader.ReadAsync(wanted, cancellationToken)).AsTask());

    /// <summary>Begins to read what will be wanted next; errors show when it is wanted.</summary>
    internal void Expect(IEnumerable<WalObject> items, CancellationToken cancellationToken, int most = Ahead)
    {
        foreach (var item in items.Take(most))
        {
            _ = ReadAsync(item, cancellationToken).ContinueWith(
                static task => _ = task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        }
    }
}
