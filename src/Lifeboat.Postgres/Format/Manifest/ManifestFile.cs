using System.Buffers.Binary;

namespace Lifeboat.Postgres.Format.Manifest;

/// <summary>A file of a backup, as its manifest describes it.</summary>
/// <param name="Path">Relative to the data directory; tablespaces are under <c>pg_tblspc/oid/</c>.</param>
/// <param name="Size">Bytes.</param>
/// <param name="LastModified">Whole seconds count.</param>
/// <param name="Checksum">Lower-case hexadecimal digits; empty when there is no checksum.</param>
public sealed record ManifestFile(
    string Path,
    long Size,
    DateTimeOffset LastModified,
    ManifestChecksumAlgorithm Algorithm,
    string Checksum)
{
    public static ManifestFile WithCrc32C(string path, long size, DateTimeOffset lastModified, uint crc) =>
        new(path, size, lastModified, ManifestChecksumAlgorithm.Crc32C, Crc32CHex(crc));

    public static ManifestFile WithoutChecksum(string path, long size, DateTimeOffset lastModified) =>
        new(path, size, lastModified, ManifestChecksumAlgorithm.None, "");

    /// <summary>
    /// A CRC-32C as a manifest has it: its bytes in the order of a little-endian machine's memory, so that the digits
    /// are pairwise reversed against the number's.
    /// </summary>
    public static string Crc32CHex(uint crc) => BinaryPrimitives.ReverseEndianness(crc).ToString("x8");
}
