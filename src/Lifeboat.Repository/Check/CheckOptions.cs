using Lifeboat.Repository.Backups;

namespace Lifeboat.Repository.Check;

/// <summary>Judges one page of a relation as PostgreSQL would; null when nothing is wrong with it.</summary>
/// <param name="page">A whole block of the server's block size.</param>
/// <param name="path">Of its file, relative to the data directory.</param>
/// <param name="blockInFile">From 0.</param>
/// <param name="server">Whose page it is.</param>
/// <returns>What is wrong, as a sentence fragment.</returns>
public delegate string? PageJudge(ReadOnlySpan<byte> page, string path, long blockInFile, ServerIdentity server);

/// <summary>How far a check goes.</summary>
public sealed record CheckOptions
{
    /// <summary>Decode every frame and every WAL file and compare contents; without, the structure only.</summary>
    public bool ReadData { get; init; }

    /// <summary>Only this cluster; null for all.</summary>
    public string? Cluster { get; init; }

    /// <summary>Packs or WAL files that are decoded at the same time.</summary>
    public int Jobs { get; init; } = 1;

    /// <summary>Of pages of servers with data checksums; null for <see cref="RelationPages.Judge"/>.</summary>
    public PageJudge? PageJudge { get; init; }
}

/// <summary>How far a check has come.</summary>
/// <param name="Stage">What is being done: "list objects", "read packs".</param>
/// <param name="Done">Objects that are done in this stage.</param>
/// <param name="Total">Objects of this stage; 0 when not known.</param>
/// <param name="Bytes">Plaintext bytes that were decoded in this stage.</param>
public sealed record CheckProgress(string Stage, long Done, long Total, long Bytes);
