using System.Text.Json;
using Lifeboat.Engine.Files;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Engine.Lineages;

/// <summary>
/// The file <c>lifeboat.lineage</c> in the root of a data directory: which lineage this server archives into. A server
/// without it uses the first lineage of its cluster.
/// </summary>
/// <param name="Lineage">The lineage of this copy.</param>
/// <param name="Cluster">The id of the cluster in the repository, so that a marker of another cluster is noticed.</param>
/// <param name="Parent">Where this copy left its source; null when it left none.</param>
public sealed record LineageMarker(Id128 Lineage, Id128 Cluster, LineageOrigin? Parent)
{
    public const string FileName = "lifeboat.lineage";

    private const int Version = 0;
    private const int MostBytes = 64 << 10;

    /// <summary>The file's bytes; the same marker always gives the same ones.</summary>
    public byte[] ToBytes()
    {
        var parent = Parent is null
            ? null
            : new OriginDocument(
                Parent.Lineage.ToString(), Parent.Backup, Parent.Timeline.Value, Parent.From.ToString());
        return
        [
            .. JsonSerializer.SerializeToUtf8Bytes(
                new LineageDocument(Version, Lineage.ToString(), Cluster.ToString(), parent),
                LineageJson.Default.LineageDocument),
            (byte)'\n',
        ];
    }

    /// <param name="path">Where the bytes came from, for the message.</param>
    /// <exception cref="LifeboatException">Damaged; UnknownFormat when a newer version wrote it.</exception>
    public static LineageMarker Parse(ReadOnlySpan<byte> content, string path)
    {
        try
        {
            var document = JsonSerializer.Deserialize(content, LineageJson.Default.LineageDocument);
            return document switch
            {
                null => throw Damaged(path, "it holds no document"),
                { Version: not Version } => throw new LifeboatException(new Failure(
                    ErrorCode.UnknownFormat,
                    "read the lineage of this server",
                    PosixPath.Display(path),
                    $"a newer version of Lifeboat wrote it (format {document.Version})",
                    Hint: "Use the version of Lifeboat that wrote it, or a newer one.")),
                _ => new LineageMarker(
                    Id(document.Lineage, path), Id(document.Cluster, path), Origin(document.Parent, path)),
            };
        }
        catch (JsonException exception)
        {
            throw Damaged(path, "it is no JSON document of a lineage", exception);
        }
    }

    /// <summary>The marker of a data directory; null when it has none.</summary>
    /// <exception cref="LifeboatException">Damaged, or an error of the file system.</exception>
    public static LineageMarker? TryRead(IFileSystem files, string dataDirectory)
    {
        var path = PosixPath.Combine(dataDirectory, FileName);
        return files.StatTarget(path) is null ? null : Parse(WholeFile.Read(files, path, MostBytes), path);
    }

    /// <summary>Writes the marker, replacing one that is there. Durable when it returns.</summary>
    public void Write(IFileSystem files, string dataDirectory) =>
        WholeFile.Replace(files, PosixPath.Combine(dataDirectory, FileName), ToBytes());

    private static LineageOrigin? Origin(OriginDocument? parent, string path)
    {
        if (parent is null)
        {
            return null;
        }

        return parent.Timeline > 0 && Lsn.TryParse(parent.From, out var from)
            ? new LineageOrigin(Id(parent.Lineage, path), parent.Backup, new Timeline(parent.Timeline), from)
            : throw Damaged(path, "the point at which it left its source is none");
    }

    private static Id128 Id(string text, string path) =>
        Id128.TryParse(text, out var id) ? id : throw Damaged(path, $"'{text}' is not an id");

    private static LifeboatException Damaged(string path, string cause, Exception? inner = null) =>
        new(
            new Failure(
                ErrorCode.Damaged,
                "read the lineage of this server",
                PosixPath.Display(path),
                cause,
                Hint: "Without it Lifeboat cannot tell this server from its source, so nothing is archived. Take the file "
                    + "from a backup of this server, or run 'lifeboat adopt --as-new --cluster-dir DIR'."),
            inner);
}
