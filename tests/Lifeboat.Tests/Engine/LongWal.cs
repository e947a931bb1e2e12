using Lifeboat.Postgres.Format;
using Lifeboat.Testing.Wal;

namespace Lifeboat.Tests.Engine;

/// <summary>Many segments of one commit each: of transaction 700 + i at second i.</summary>
internal sealed record LongWal(WalBuilder Builder, IReadOnlyList<Lsn> Commits)
{
    internal static LongWal Build(int segments)
    {
        var wal = new WalBuilder();
        var commits = new List<Lsn>();
        for (var i = 0; i < segments; i++)
        {
            commits.Add(wal.Commit(700 + (uint)i, ArchiveScenario.Micros(i)));
            wal.Switch();
        }

        return new LongWal(wal, commits);
    }

    internal string NameOf(int segment) => Builder.Segments[segment].Name.ToString();

    internal Lsn StartOf(int segment) => Builder.Segments[segment].Name.Start;
}
