namespace Lifeboat.Postgres.Format.Manifest;

/// <summary>How a file's checksum in a manifest was made (enum pg_checksum_type, checksum_helper.h).</summary>
public enum ManifestChecksumAlgorithm
{
    /// <summary>The file has no checksum in the manifest: only its size is known.</summary>
    None,
    Crc32C,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}
