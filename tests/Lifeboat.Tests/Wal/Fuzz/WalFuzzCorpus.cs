using System.Buffers.Binary;
using Lifeboat.Testing.Wal;

namespace Lifeboat.Tests.Wal.Fuzz;

/// <summary>Records of real servers, one of each kind, which <c>eng/fuzz wal --harvest</c> collected.</summary>
internal static class WalFuzzCorpus
{
    internal static IReadOnlyList<int> Majors { get; } = [13, 15, 17, 18];

    private static readonly Dictionary<int, byte[][]> Records = Majors.ToDictionary(major => major, Load);

    internal static byte[][] Of(int major) => Records[major];

    private static byte[][] Load(int major)
    {
        var content = WalFolder.Content(
            Path.Combine(AppContext.BaseDirectory, "fixtures", "wal", $"{major}", "records.gz"));
        var records = new List<byte[]>();
        for (var at = 0; at < content.Length;)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(content.AsSpan(at));
            records.Add(content.AsSpan(at, length).ToArray());
            at += length;
        }

        return [.. records];
    }
}
