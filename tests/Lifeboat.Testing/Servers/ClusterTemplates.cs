using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Lifeboat.Platform.Checksums;

namespace Lifeboat.Testing.Servers;

/// <summary>
/// One initdb per process for each kind of cluster; every server gets a copy of it with a system identifier of its own,
/// as two clusters never share one unless one was copied from the other.
/// </summary>
internal static class ClusterTemplates
{
    private static readonly Lazy<TemporaryFolder> s_folder = new(CreateFolder);
    private static readonly ConcurrentDictionary<(int Major, bool Checksums, int Segment), Lazy<Task<string>>> s_made =
        new();

    public static async Task CopyToAsync(PostgresInstallation installation, PostgresOptions options, string data)
    {
        var key = (installation.Major, options.Checksums, options.WalSegmentMegabytes);
        var template = await s_made.GetOrAdd(key, _ => new(() => InitializeAsync(installation, options))).Value;
        PostgresUser.Coreutils("cp", "-a", "--", template, data);
        GiveIdentity(data, (ulong)Random.Shared.NextInt64(1L << 62, long.MaxValue));
    }

    private static TemporaryFolder CreateFolder()
    {
        var folder = new TemporaryFolder();
        // Not waited for: the runner grants its process only a few seconds to end.
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Process.Start("rm", ["-rf", "--", folder.Root]).Dispose();
        return folder;
    }

    private static async Task<string> InitializeAsync(PostgresInstallation installation, PostgresOptions options)
    {
        var name = $"{installation.Major}-{options.Checksums}-{options.WalSegmentMegabytes}";
        var data = s_folder.Value.CreateForPostgres(name);
        var arguments = new List<string>
        {
            "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
            "--wal-segsize", options.WalSegmentMegabytes.ToString(CultureInfo.InvariantCulture),
        };
        if (options.Checksums)
        {
            arguments.Add("--data-checksums");
        }
        else if (installation.Major >= 18)
        {
            arguments.Add("--no-data-checksums");
        }

        (await installation.RunAsync("initdb", arguments)).Expect();
        return data;
    }

    /// <summary>
    /// The system identifier is the first eight bytes of pg_control and of what the long header at the start of a WAL
    /// segment adds to the short one (offset 24). Where the CRC of pg_control lies differs by version: it is the place
    /// at which the CRC of all that is before it stands.
    /// </summary>
    private static void GiveIdentity(string data, ulong identifier)
    {
        var controlPath = Path.Combine(data, "global", "pg_control");
        var control = File.ReadAllBytes(controlPath);
        var end = 200;
        while (BinaryPrimitives.ReadUInt32LittleEndian(control.AsSpan(end)) != Crc32C.Compute(control.AsSpan(0, end)))
        {
            end += 4;
        }

        BinaryPrimitives.WriteUInt64LittleEndian(control, identifier);
        BinaryPrimitives.WriteUInt32LittleEndian(control.AsSpan(end), Crc32C.Compute(control.AsSpan(0, end)));
        File.WriteAllBytes(controlPath, control);

        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, identifier);
        foreach (var segment in Directory.GetFiles(Path.Combine(data, "pg_wal"), "0000*"))
        {
            using var file = File.OpenHandle(segment, FileMode.Open, FileAccess.Write);
            RandomAccess.Write(file, bytes, 24);
        }
    }
}
