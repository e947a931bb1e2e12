namespace Lifeboat.Postgres.Format.Manifest;

/// <summary>The names and lengths of the algorithms, as the manifest has them.</summary>
internal static class ManifestChecksumAlgorithms
{
    public static string NameOf(ManifestChecksumAlgorithm algorithm) => algorithm switch
    {
        ManifestChecksumAlgorithm.Crc32C => "CRC32C",
        ManifestChecksumAlgorithm.Sha224 => "SHA224",
        ManifestChecksumAlgorithm.Sha256 => "SHA256",
        ManifestChecksumAlgorithm.Sha384 => "SHA384",
        ManifestChecksumAlgorithm.Sha512 => "SHA512",
        _ => "NONE",
    };

    /// <summary>Length of the checksum in bytes.</summary>
    public static int LengthOf(ManifestChecksumAlgorithm algorithm) => algorithm switch
    {
        ManifestChecksumAlgorithm.Crc32C => 4,
        ManifestChecksumAlgorithm.Sha224 => 28,
        ManifestChecksumAlgorithm.Sha256 => 32,
        ManifestChecksumAlgorithm.Sha384 => 48,
        ManifestChecksumAlgorithm.Sha512 => 64,
        _ => 0,
    };

    /// <summary>Names are compared without regard to case, as pg_checksum_parse_type does.</summary>
    public static bool TryParse(string name, out ManifestChecksumAlgorithm algorithm)
    {
        for (algorithm = ManifestChecksumAlgorithm.None; algorithm <= ManifestChecksumAlgorithm.Sha512; algorithm++)
        {
            if (name.Equals(NameOf(algorithm), StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}
