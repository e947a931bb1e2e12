using Lifeboat.Platform.Checksums;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format.Manifest;
using Xunit;

namespace Lifeboat.Tests.Faults;

/// <summary>
/// What a data directory held when it was backed up, as far as a restored copy must hold it byte for byte.
/// </summary>
internal sealed class DirectoryImage
{
    private static readonly IFileSystem s_files = PosixFileSystem.Instance;

    /// <summary>Not copied, or made anew by a restore.</summary>
    private static readonly string[] s_apart = ["postmaster.pid", "postgresql.auto.conf", "lifeboat.lineage"];

    private static readonly string[] s_made =
        ["backup_label", "backup_manifest", "recovery.signal", "lifeboat.lineage", "postgresql.auto.conf"];

    private static readonly string[] s_emptied = ["pg_wal", "pg_stat_tmp", "pg_notify"];

    private readonly Dictionary<string, (byte[]? Content, int Mode)> _entries = new(StringComparer.Ordinal);

    internal static DirectoryImage OfSource(FaultWorld world)
    {
        var image = new DirectoryImage();
        image.Read(world.Data, "", isSource: true);
        image._entries["pg_wal/archive_status"] = (null, 0x1C0);
        image._entries["pg_wal/summaries"] = (null, 0x1C0);
        return image;
    }

    /// <summary>
    /// Whether the directory is this one, restored: entries, bytes, modes, links, and its own backup_manifest.
    /// </summary>
    /// <param name="mayBeMarked">Nobody was told that it is whole: a restore may still begin anew there.</param>
    internal void Judge(string directory, string tablespace, string message, bool mayBeMarked = false)
    {
        var found = new DirectoryImage();
        found.Read(directory, "", isSource: false);
        foreach (var made in s_made)
        {
            Assert.True(found._entries.Remove(made), $"{message}: {made} is missing");
        }

        if (mayBeMarked)
        {
            found._entries.Remove("lifeboat.restoring");
            found._entries.Remove("lifeboat.restoring-in-place");
        }

        foreach (var kept in found._entries.Keys.Where(path => path.StartsWith("pg_wal/lifeboat.kept-", StringComparison.Ordinal)).ToList())
        {
            found._entries.Remove(kept);
        }

        // Removed last, and nothing depends on that.
        found._entries.Remove($"pg_tblspc/{SourceDirectory.TablespaceOid}/lifeboat.restoring");
        Assert.Equal(
            _entries.Keys.Order(StringComparer.Ordinal), found._entries.Keys.Order(StringComparer.Ordinal));
        foreach (var (path, (content, mode)) in _entries)
        {
            var (there, thereMode) = found._entries[path];
            Assert.True(
                content is null ? there is null : there is not null && content.AsSpan().SequenceEqual(there),
                $"{message}: {path} differs");
            Assert.True(mode == thereMode, $"{message}: {path} has the mode {thereMode:x}");
        }

        Assert.Equal(
            tablespace, s_files.ReadSymbolicLink($"{directory}/pg_tblspc/{SourceDirectory.TablespaceOid}"));
        JudgeManifest(directory, message);
    }

    private static void JudgeManifest(string directory, string message)
    {
        foreach (var listed in BackupManifest.Parse(Content($"{directory}/backup_manifest")).Files
            .Where(listed => listed.Path != "postgresql.auto.conf"))
        {
            var content = Content($"{directory}/{listed.Path}");
            Assert.True(
                listed.Size == content.Length && listed.Checksum == ManifestFile.Crc32CHex(Crc32C.Compute(content)),
                $"{message}: backup_manifest and {listed.Path} disagree");
        }
    }

    private static byte[] Content(string path)
    {
        using var file = s_files.OpenRead(path);
        var content = new byte[file.Status().Size];
        file.Read(content, 0);
        return content;
    }

    private void Read(string root, string folder, bool isSource)
    {
        foreach (var entry in s_files.List(PosixPath.Combine(root, folder)))
        {
            var path = PosixPath.Combine(folder, entry.Name);
            if (isSource && (s_apart.Contains(path) || s_emptied.Contains(folder)))
            {
                continue;
            }

            var full = PosixPath.Combine(root, path);
            var status = s_files.StatTarget(full)!.Value;
            _entries[path] = (status.Kind == FileKind.Regular ? Content(full) : null, status.Mode);
            if (status.Kind == FileKind.Directory)
            {
                Read(root, path, isSource);
            }
        }
    }
}
